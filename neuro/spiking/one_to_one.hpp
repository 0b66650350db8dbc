#pragma once
// Neuron j reaches neuron j.
#include "neuro/spiking/weights.hpp"

namespace tephra::spiking {

/// weights: one for each neuron, or one that all share. Errors: bad_input when there is another number of them.
Result<SynapseFormatPtr> make_one_to_one(int neurons, const StoredWeights& weights);
Result<SynapseFormatPtr> read_one_to_one(ParameterReader& in);

}  // namespace tephra::spiking
