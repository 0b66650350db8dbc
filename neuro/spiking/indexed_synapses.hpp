#pragma once
// Synapses that stand in a core's memory one by one, each with its target's number: what formats of them have in
// common. `reached(source)` is the number of a source's synapses in the range of targets that is asked for.
#include <bit>
#include <cstdint>
#include <vector>

#include "neuro/synapse_format.hpp"

namespace tephra::spiking {

/// SynapseFormat::sources_of().
template <typename Reached>
std::vector<NeuronRange> sources_that_reach(int sources, const Reached& reached) {
    std::vector<NeuronRange> ranges;
    for (int source = 0; source < sources; ++source) {
        if (reached(source) == 0) continue;
        if (!ranges.empty() && ranges.back().end == source)
            ++ranges.back().end;
        else
            ranges.push_back({source, source + 1});
    }
    return ranges;
}

/// SynapseFormat::memory(): beside a weight of so many bits stands the number of one of `targets`, and a delay where
/// there are any.
template <typename Reached>
SynapseMemory indexed_memory(int sources, int targets, int weight_bits, int max_delay, const Reached& reached) {
    const auto width = [](int value) { return static_cast<int>(std::bit_width(static_cast<std::uint32_t>(value))); };
    SynapseMemory memory;
    for (int source = 0; source < sources; ++source) {
        const std::int64_t synapses = reached(source);
        memory.weights += synapses;
        memory.axons += synapses > 0 ? 1 : 0;
    }
    memory.bits = memory.weights * (weight_bits + width(targets - 1) + width(max_delay));
    return memory;
}

}  // namespace tephra::spiking
