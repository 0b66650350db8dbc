#pragma once
// SynapseFormat: the synapses of one projection: who reaches whom, what they take on a core, what serving a message
// costs, and how messages become sums. An open set: a format is a class in a file of its own, and nobody asks which one
// it is. Engines and neurocores make one virtual call a firing, never one a packet.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "neuro/neuron_ranges.hpp"
#include "neuro/stored_parameters.hpp"

namespace tephra {

/// A message of one source neuron, not zero.
struct Spike {
    std::int32_t source = 0;
    std::int32_t payload = 1;
    friend constexpr bool operator==(Spike, Spike) = default;
};

/// How a port keeps the messages of a round until its neurons fire. A closed set, since a core looks at it once a
/// packet.
enum class Inbox : std::uint8_t {
    spikes,  ///< each message with its source
    bytes,   ///< int8 activations of all sources, several of a message one behind the other (Payload::fields)
    words,   ///< for each target the message of its one source
};

/// The messages of a round, as the format's Inbox says; the other spans are empty. Their order changes nothing.
struct Arrived {
    std::span<const Spike> spikes = {};
    std::span<const std::int8_t> bytes = {};   ///< [fields()][field_bytes()], by source; zero: no message
    std::span<const std::int32_t> words = {};  ///< [targets], zero: no message
};

/// What the synapses of some target neurons take on one core.
struct SynapseMemory {
    std::int64_t weights = 0;  ///< stored, each shared one counted once
    std::int64_t bits = 0;     ///< of all of them, with the indices and delays that stand beside each
    std::int64_t axons = 0;    ///< source neurons that the core must tell apart
    friend constexpr bool operator==(SynapseMemory, SynapseMemory) = default;
};

/// Immutable; made by a factory that checks its weights.
class SynapseFormat {
public:
    SynapseFormat() = default;
    SynapseFormat(const SynapseFormat&) = delete;
    SynapseFormat& operator=(const SynapseFormat&) = delete;
    virtual ~SynapseFormat() = default;

    /// Name of the format, for tables and messages.
    [[nodiscard]] virtual std::string_view kind() const = 0;
    /// Neurons of the source and of the target.
    [[nodiscard]] virtual int sources() const = 0;
    [[nodiscard]] virtual int targets() const = 0;
    /// The sources that reach any of some targets, as ranges in ascending order that do not touch. A format may name
    /// sources between them that reach none: their messages arrive and meet no weight.
    [[nodiscard]] virtual std::vector<NeuronRange> sources_of(NeuronRange targets) const = 0;
    /// How its messages are kept. The plain engine of spiking networks offers spikes alone.
    [[nodiscard]] virtual Inbox inbox() const { return Inbox::spikes; }
    /// Inbox::bytes: activations of a message, and the bytes of memory that one of them takes for all sources.
    [[nodiscard]] virtual int fields() const { return 0; }
    [[nodiscard]] virtual std::size_t field_bytes() const { return 0; }
    /// Inbox::words: target t has source t + shift(), where there is such a source.
    [[nodiscard]] virtual int shift() const { return 0; }
    /// Sums of a target.
    [[nodiscard]] virtual int sums() const { return 1; }
    /// Bits that a core keeps for a target, for each round whose messages it takes: an accumulator a sum, unless the
    /// message itself is kept. `message_bits`: its payload.
    [[nodiscard]] virtual int buffer_bits(int message_bits) const {
        static_cast<void>(message_bits);
        return accumulator_bits * sums();
    }
    /// Whether a message to the same core is passed there at once, without a packet.
    [[nodiscard]] virtual bool passes_within_core() const { return false; }
    /// Bits of one weight, without index and delay; 0: there are no weights.
    [[nodiscard]] virtual int weight_bits() const = 0;
    /// What the synapses of some targets take on one core.
    [[nodiscard]] virtual SynapseMemory memory(NeuronRange targets) const = 0;
    /// Whether every source meets the same number of weights in any range of targets.
    [[nodiscard]] virtual bool uniform() const = 0;
    /// Weights that a message of one source meets in a range of targets.
    [[nodiscard]] virtual std::int64_t synops(int source, NeuronRange targets) const = 0;
    /// Largest delay of a single synapse in rounds, beside the delay of the projection.
    [[nodiscard]] virtual int max_delay() const { return 0; }
    /// What a message of magnitude one adds to a sum at most, in magnitude. While this times the magnitudes of a
    /// round's messages together stays below 2^31, no sum overflows.
    [[nodiscard]] virtual std::int64_t largest_product() const = 0;
    /// Sums of one round's messages for n targets, [max_delay() + 1][sums()][n], overwritten: row d has what arrives d
    /// rounds later.
    virtual void accumulate(const Arrived& arrived, NeuronRange targets, std::span<std::int32_t> sums) const = 0;
    /// What the reader of its kind makes an equal format of (neuro/spiking/kinds.hpp); none: it can't be stored.
    [[nodiscard]] virtual std::optional<StoredParameters> store() const { return std::nullopt; }

protected:
    static constexpr int accumulator_bits = 32;
};

/// Weights that the messages of all sources meet together.
std::int64_t total_synops(const SynapseFormat& format);
/// Whether each target listens to every source.
bool reaches_all(const SynapseFormat& format);

}  // namespace tephra
