#pragma once
// Input of a network: arrays of frames, one frame, or events, as a frame for each step.
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/hash.hpp"
#include "core/npy.hpp"
#include "neuro/spiking/network.hpp"

namespace tephra::spiking {

inline constexpr int most_steps = 1 << 30;

/// Values that are offered to one layer.
class NetworkInput {
public:
    /// No input: every frame is empty.
    NetworkInput() = default;
    /// `array` has the shape of the layer (the same frame in every step), with a last axis of length 1 or without, or
    /// steps before it: row k is offered in step k + 1. Errors: bad_input when the shape is another, or a value is no
    /// integer of 32 bits, or, for a layer that passes spikes on, neither 0 nor 1 (a -1 would count as 1).
    static Result<NetworkInput> frames(const NumberArray& array, const Layer& layer, const std::string& place);
    /// `array`: rows (time, neuron, value); time k is step k + 1. The frame of a step without events is zero. Errors:
    /// bad_input with the row, for another shape, a number out of range and two events of one neuron in one step.
    static Result<NetworkInput> events(const NumberArray& array, const Layer& layer, const std::string& place);

    /// Steps that the input is for; 0: any number.
    [[nodiscard]] int steps() const { return steps_; }
    /// Whether each step has the same frame.
    [[nodiscard]] bool constant() const { return steps_ == 0 && !from_events_; }
    /// Steps that the last event needs; 0: there are no events.
    [[nodiscard]] int least_steps() const { return events_.empty() ? 0 : events_.back().time + 1; }
    /// Steps to run: those asked for (0: none), or those of the input. `place`: for errors, which are usage where
    /// neither says how many, and bad_input where they differ or an event comes later.
    [[nodiscard]] Result<int> steps_to_run(int asked, const std::string& place) const;
    /// Of all that it offers.
    [[nodiscard]] Hash128 hash() const;
    /// The values of step `step`, counted from 0; valid until the next call. Past the last event all are zero. Steps
    /// are asked for in order, and may begin at any.
    [[nodiscard]] std::span<const std::int32_t> frame(int step);

private:
    struct Event {
        std::int32_t time = 0, neuron = 0, value = 0;
    };
    std::vector<std::int32_t> values_;  ///< frames; of events: the one of the current step
    std::vector<Event> events_;         ///< by time
    std::size_t next_ = 0;              ///< event that was not offered yet
    std::size_t neurons_ = 0;
    int steps_ = 0;
    bool from_events_ = false;
};

}  // namespace tephra::spiking
