#pragma once
// SliceEngine: the memory of one slice of a population. It buffers the inputs of the tokens in flight (a slot holds
// those of one token), knows which token is complete, and computes the slice's output (neuro/neuron_model.hpp).
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "neuro/program.hpp"
#include "simulator/path_point.hpp"
#include "simulator/schedule.hpp"

namespace tephra {

/// What a slice sends when it fires.
struct SliceOutput {
    std::vector<std::uint32_t> messages;  ///< [n] payloads; 0: not sent. Empty when message_bits is 0
    std::vector<std::uint32_t> record;    ///< [record_words]
};

class SliceEngine {
public:
    /// Keeps pointers into `program`. `slots`: at most so many tokens are in flight at once.
    SliceEngine(const Program& program, const Schedule& schedule, const ScheduledSlice& plan, int streams,
                std::int64_t slots);
    SliceEngine(const Program&& program, const Schedule& schedule, const ScheduledSlice& plan, int streams,
                std::int64_t slots) = delete;

    /// Stores a message of source neuron `neuron`; false when the slot of its token still holds another one.
    bool deliver(std::uint32_t port, std::uint32_t token, std::uint32_t neuron, std::uint32_t value);
    /// The same for a record or a range of one.
    bool deliver(std::uint32_t port, std::uint32_t token, std::span<const std::uint32_t> words);
    /// One source slice has sent all of a token, at `from` on the critical path; or a credit has come, whatever its
    /// token. Returns ready().
    bool complete(std::uint32_t port, std::uint32_t token, const PathPoint& from);
    /// Whether the next token may fire (self-timed runs): all its inputs are complete, and there are credits for it.
    [[nodiscard]] bool ready() const;
    /// The token that fires next, and the last event that its firing waited for.
    [[nodiscard]] std::uint32_t next_token() const { return next_token_; }
    [[nodiscard]] const PathPoint& trigger() const { return trigger_; }

    /// Fires the next token, which is of `stream`; frees its slots. `fed`: what the host lets into the first port of
    /// the program's source; empty for others.
    void fire(int stream, std::span<const std::int32_t> fed, SliceOutput& output);
    /// The same for the sink, which has no neuron model: the values that have reached it for the next token.
    void collect(std::vector<std::int32_t>& values);
    /// The first neuron whose values left the range of its law, and the token; none in a sound run.
    struct Fault {
        int neuron = 0;
        std::uint32_t token = 0;
    };
    [[nodiscard]] const std::optional<Fault>& fault() const { return fault_; }

private:
    struct Port {
        // Fields that a message needs come first: the slot of the token of the last delivery.
        std::int64_t token = -1;                  ///< -1: to be found by claim()
        std::int8_t* slot_activations = nullptr;  ///< of that slot
        std::int32_t* slot_values = nullptr;
        std::size_t padded = 0;  ///< ternary: activations of one field
        int fields = 0;          ///< ternary; 0: identity
        int begin = 0;           ///< identity: first neuron of the slice

        SynapseKind kind = SynapseKind::identity;
        const Projection* projection = nullptr;
        std::uint32_t sources = 0;
        std::size_t width = 0;                 ///< elements of one slot
        std::vector<std::int8_t> activations;  ///< ternary: [slots][fields][padded]
        std::vector<std::int32_t> values;      ///< identity: [slots][n]
        std::vector<std::uint32_t> words;      ///< records: [slots][words]
        std::vector<std::int32_t> sums;        ///< messages, gathered: [matrices][n], or [n]
        std::vector<std::uint32_t> record;     ///< records, gathered: [words]
        std::vector<std::int64_t> tokens;      ///< [slots] token in the slot, -1: none
        std::vector<std::uint32_t> lasts;      ///< [slots] source slices that have sent all
        std::int64_t credits = 0;              ///< credit: tokens that the other side has fired
        std::uint32_t slots = 1;
    };
    [[nodiscard]] std::size_t slot(const Port& port, std::uint32_t token) const { return token % port.slots; }
    bool claim(Port& port, std::uint32_t token);
    void gather(Port& port);

    const Population* population_;
    int begin_, end_;
    std::vector<Port> ports_;
    std::vector<std::span<const std::int32_t>> sums_;      ///< of the ports of messages, in order
    std::vector<std::span<const std::uint32_t>> records_;  ///< of the ports of records, in order
    std::vector<std::int32_t> state_;                      ///< [streams][word][n]
    std::optional<Fault> fault_;
    std::uint32_t next_token_ = 0;
    PathPoint trigger_;
};

}  // namespace tephra
