#pragma once
// SliceObserver: sees every firing of a run, for probes and for holding other engines against the simulator.
#include <cstdint>
#include <span>

#include "simulator/schedule.hpp"

namespace tephra {

class StateFields;

/// Called by the threads of the simulator: for one slice in the order of rounds, for different slices at any time, also
/// side by side.
class SliceObserver {
public:
    SliceObserver() = default;
    SliceObserver(const SliceObserver&) = delete;
    SliceObserver& operator=(const SliceObserver&) = delete;
    virtual ~SliceObserver() = default;

    /// A slice with a neuron model has fired. `messages`: [n], empty when the population sends none. `state`: of the
    /// round's stream, [word][n].
    virtual void fired(const ScheduledSlice& slice, std::uint32_t round, std::span<const std::int32_t> messages,
                       std::span<const std::int32_t> state) = 0;
    /// What a checkpoint keeps of `rounds` rounds, of which the last may have fired in part
    /// (simulator/state/state_fields.hpp).
    virtual void state(StateFields& fields, std::int64_t rounds) = 0;
};

}  // namespace tephra
