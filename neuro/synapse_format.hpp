#pragma once
// SynapseFormat: the synapses of one projection: who reaches whom, what they take on a core, what serving a message
// costs, and how messages become sums. An open set: a format is a class in a file of its own, and nobody asks which one
// it is. Engines and neurocores make one virtual call a firing, never one a packet.
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "neuro/neuron_model.hpp"

namespace tephra {

/// A message of one source neuron, not zero.
struct Spike {
    std::int32_t source = 0;
    std::int32_t payload = 1;
    friend constexpr bool operator==(Spike, Spike) = default;
};

/// Neurons in all of some ranges.
constexpr std::int64_t total_size(std::span<const NeuronRange> ranges) {
    std::int64_t sum = 0;
    for (const NeuronRange range : ranges) sum += range.size();
    return sum;
}

/// What the synapses of some target neurons take on one core.
struct SynapseMemory {
    std::int64_t weights = 0;      ///< stored, each shared one counted once
    std::int64_t weight_bits = 0;  ///< all of them, with the indices and delays that stand beside each
    std::int64_t axons = 0;        ///< source neurons that the core must tell apart
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
    /// Sums of one round's messages for n targets, [max_delay() + 1][n], overwritten: row d has what arrives d rounds
    /// later. The order of the messages changes nothing.
    virtual void accumulate(std::span<const Spike> spikes, NeuronRange targets, std::span<std::int32_t> sums) const = 0;
};

}  // namespace tephra
