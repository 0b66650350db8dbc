#pragma once
// Synapses of which only the number is known: each source reaches so many targets, spread evenly over a window. They
// follow from a formula, so that a connectome of 50 million takes no memory.
#include "neuro/spiking/weights.hpp"

namespace tephra::spiking {

struct ScatteredParameters {
    int sources = 0, targets = 0;
    int fan_out = 0;  ///< targets of a source: one in each of so many equal parts of its window
    int window = 0;   ///< neighbouring targets that a source may reach; all of them: no neighbourhood
    int bits = most_weight_bits;
    std::uint64_t seed = 1;
};

/// All weights are one, without delays. The middle of a source's window lies where the source lies among the sources;
/// the first target is the neighbour of the last. A core stores a weight and its target's number, as of sparse
/// synapses. Errors: bad_input for sizes out of their ranges; needed: fan_out <= window <= targets.
Result<SynapseFormatPtr> make_scattered(const ScatteredParameters& parameters);

}  // namespace tephra::spiking
