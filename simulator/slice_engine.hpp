#pragma once
// SliceEngine: the memory of one slice of a population. It buffers the inputs of the rounds in flight (a slot holds
// those of one round), knows which round is complete, and computes the slice's output (neuro/neuron_model.hpp).
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "neuro/program.hpp"
#include "simulator/path_point.hpp"
#include "simulator/schedule.hpp"

namespace tephra {

class StateFields;

/// What a slice sends when it fires.
struct SliceOutput {
    std::vector<std::uint32_t> messages;  ///< [n] payloads; 0: not sent. Empty when the population sends none
    std::vector<std::uint32_t> record;    ///< [record_words]
};

/// Values of a slice that left the range of their law.
struct SliceFault {
    enum class Kind : std::uint8_t {
        neuron,   ///< state of a neuron, or an input of it
        sum,      ///< sums of messages may need more than 32 bits
        message,  ///< a message does not fit the bits of the population
    };
    Kind kind = Kind::neuron;
    int neuron = 0;  ///< of the population; sum: the first of the slice
};
/// "neuron 7 left the range ...".
std::string describe(const SliceFault& fault);

class SliceEngine {
public:
    /// Of a chip that another process has.
    SliceEngine() = default;
    /// Keeps pointers into `program`. `slots`: at most so many rounds are in flight at once.
    SliceEngine(const Program& program, const Schedule& schedule, const ScheduledSlice& plan, int streams,
                std::int64_t slots);
    SliceEngine(const Program&& program, const Schedule& schedule, const ScheduledSlice& plan, int streams,
                std::int64_t slots) = delete;

    /// Stores what source neuron `neuron` sent in a round; false when the slot of the round that it is for still holds
    /// another one.
    bool deliver(std::uint32_t port, std::uint32_t round, std::uint32_t neuron, std::uint32_t value);
    /// The same for a record or a range of one.
    bool deliver(std::uint32_t port, std::uint32_t round, std::span<const std::uint32_t> words);
    /// One source slice has sent all of a round, at `from` on the critical path; or a credit has come, whatever its
    /// round. Returns ready().
    bool complete(std::uint32_t port, std::uint32_t round, const PathPoint& from);
    /// Whether the next round may fire (self-timed runs): all its inputs are complete, and there are credits for it.
    [[nodiscard]] bool ready() const;
    /// Self-timed runs: what the next round still waits for is taken as lost by `now`, credits as granted.
    void go_on(std::int64_t now);
    /// The round that fires next, and the last event that its firing waited for.
    [[nodiscard]] std::uint32_t next_token() const { return next_token_; }
    [[nodiscard]] const PathPoint& trigger() const { return trigger_; }

    /// Fires the next round, which is of `stream`; frees its slots. `fed`: what the host lets into the first port of
    /// the program's source; empty for others. Returns the first value that left its range; the output then has no
    /// meaning.
    std::optional<SliceFault> fire(int stream, std::span<const std::int32_t> fed, SliceOutput& output);
    /// The same for the sink, which has no neuron model: the values that have reached it for the next round.
    std::optional<SliceFault> collect(std::vector<std::int32_t>& values);
    /// State of a stream, [word][n].
    [[nodiscard]] std::span<const std::int32_t> state(int stream) const;
    /// Loads into an engine that was not used (simulator/state/slice_state.cpp).
    void state(StateFields& fields);

private:
    /// What a projection brings.
    struct Port {
        // Fields that a message needs come first: the slot of the round of the last delivery.
        std::int64_t token = -1;                  ///< round of its source; -1: to be found by claim()
        std::int8_t* slot_activations = nullptr;  ///< of that slot
        std::int32_t* slot_values = nullptr;
        std::vector<Spike>* slot_spikes = nullptr;
        std::size_t padded = 0;  ///< bytes: activations of one field
        std::size_t width = 0;   ///< elements of one slot
        int fields = 0;          ///< bytes
        int begin = 0;           ///< words: source of the slice's first neuron
        Inbox inbox = Inbox::words;
        bool counts_as_one = false;  ///< spikes: without payload

        const Projection* projection = nullptr;
        std::uint32_t sources = 0;
        std::vector<std::int8_t> activations;    ///< bytes: [slots][fields][padded]
        std::vector<std::int32_t> values;        ///< words: [slots][n]
        std::vector<std::int32_t> held;          ///< words that are held: [n]
        std::vector<std::vector<Spike>> spikes;  ///< spikes: [slots]
        std::vector<std::uint32_t> words;        ///< records: [slots][words]
        std::vector<std::int32_t> sums;          ///< messages, gathered: [1 + delays][sums][n]
        std::vector<std::int32_t> later;         ///< sums of later rounds: [delays + 1][sums][n], a ring by round
        std::vector<std::uint32_t> record;       ///< records, gathered: [words]
        std::vector<std::int64_t> tokens;        ///< [slots] round of the source in the slot, -1: none
        std::vector<std::uint32_t> lasts;        ///< [slots] source slices that have sent all
        std::int64_t credits = 0;                ///< credit: rounds that the other side has fired
        std::uint32_t slots = 1;
        [[nodiscard]] Transport transport() const { return projection->transport; }
        [[nodiscard]] bool credit() const { return transport() == Transport::credit; }
    };
    [[nodiscard]] std::size_t slot(const Port& port, std::int64_t token) const {
        return static_cast<std::size_t>(token) % port.slots;
    }
    /// Round of the source whose output the next firing takes; negative: there is none yet.
    [[nodiscard]] std::int64_t awaited(const Port& port) const {
        return std::int64_t{next_token_} - port.projection->delay;
    }
    void port_state(StateFields& fields, Port& port) const;
    void add_port(const Program& program, const SliceInput& input, std::int64_t slots);
    bool claim(Port& port, std::uint32_t token);
    /// Takes the next round's inputs out of a port.
    void gather_record(Port& port);
    [[nodiscard]] std::span<const std::int32_t> gather_sums(Port& port, bool& fits);
    [[nodiscard]] std::span<const std::int32_t> add_later(Port& port, bool arrived, bool& fits);
    void release(Port& port);
    /// Sums of each port of the neuron model; false: they may need more than 32 bits, and mean nothing.
    bool gather_ports(std::span<const std::int32_t> fed);
    [[nodiscard]] std::optional<SliceFault> check_messages(std::span<std::int32_t> messages) const;

    const Population* population_ = nullptr;
    NeuronRange neurons_;
    std::vector<Port> ports_;                              ///< by input projection
    std::vector<std::span<const std::int32_t>> sums_;      ///< by port of the neuron model
    std::vector<std::vector<std::int32_t>> added_;         ///< likewise, where several projections add up
    std::vector<std::span<const std::uint32_t>> records_;  ///< of the ports of records, in order
    std::vector<std::int32_t> state_;                      ///< [streams][word][n]
    std::uint32_t next_token_ = 0;
    PathPoint trigger_;
};

}  // namespace tephra
