#pragma once
// Single synapses, each with a weight and a delay of its own.
#include "neuro/spiking/weights.hpp"

namespace tephra::spiking {

inline constexpr int longest_synaptic_delay = 62;  ///< steps more than the one of the connection

struct Synapse {
    std::int32_t source = 0, target = 0;
    std::int32_t weight = 0;
    std::int32_t delay = 0;
};

/// Two synapses of one pair and one delay are refused; a weight of zero is left out. `bits`: of a stored weight. The
/// sums of each round and delay are multiplied by 2^exponent, rounded down, before they wait.
/// Errors: bad_input with the number of the synapse.
Result<SynapseFormatPtr> make_sparse(int sources, int targets, std::vector<Synapse> synapses, int bits, int exponent);
Result<SynapseFormatPtr> read_sparse(ParameterReader& in);

}  // namespace tephra::spiking
