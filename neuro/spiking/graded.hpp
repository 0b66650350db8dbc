#pragma once
// Neurons without a memory that send graded messages, in Lava's fixed point. Law: docs/numerics.md 11.3.
#include "neuro/spiking/constants.hpp"

namespace tephra::spiking {

inline constexpr int most_product_shift = 31;

/// Sends its sum where |sum| > threshold (Lava's GradedVec). The threshold is in [0, 2^31 - 1]. Port: input.
Result<NeuronModelPtr> make_graded(NeuronConstant threshold);
Result<NeuronModelPtr> read_graded(ParameterReader& in);

/// Sends its sum where sum > threshold (Lava's GradedReluVec). Port: input.
Result<NeuronModelPtr> make_graded_relu(NeuronConstant threshold);
Result<NeuronModelPtr> read_graded_relu(ParameterReader& in);

/// Sends the product of its two sums, divided by 2^shift and rounded down, where that is larger than the threshold in
/// magnitude (Lava's ProdNeuron). shift in [0, 31]; a product, and the magnitude of what is sent, must fit 32 bits.
/// Ports: first, second.
Result<NeuronModelPtr> make_product(NeuronConstant threshold, int shift);
Result<NeuronModelPtr> read_product(ParameterReader& in);

/// Sends 1 where sum > threshold, any integer of 32 bits (NIR's Threshold). Port: input.
Result<NeuronModelPtr> make_threshold(NeuronConstant threshold);
Result<NeuronModelPtr> read_threshold(ParameterReader& in);

}  // namespace tephra::spiking
