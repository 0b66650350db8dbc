#pragma once
// Every source reaches every target with a weight of its own.
#include "neuro/spiking/weights.hpp"

namespace tephra::spiking {

/// weights: [target][source]. Errors: bad_input when there are not sources x targets of them.
Result<SynapseFormatPtr> make_dense(int sources, int targets, const StoredWeights& weights);
Result<SynapseFormatPtr> read_dense(ParameterReader& in);

}  // namespace tephra::spiking
