#pragma once
// Neurons of a NIR node in fixed point. The rule: docs/numerics.md 11.6.
#include <vector>

#include "neuro/spiking/constants.hpp"
#include "neuro/spiking/fixed_point.hpp"
#include "neuro/spiking/nir_float.hpp"
#include "neuro/spiking/nir_import.hpp"

namespace tephra::spiking {

inline constexpr double nir_state_units = 1 << state_alignment;  ///< of a state, for one of a weight or threshold

double nir_rounded(double value, NirRule rule);
double nir_largest(const std::vector<double>& values);  ///< magnitude; 0 of none

/// Values of a node's elements in the order of its layer's neurons.
std::vector<double> nir_in_order(const NirNode& node, const std::vector<double>& elements);

/// The neurons of a node. constants: what enters each in every step; empty: nothing. gain: what sums are multiplied by
/// before they are weights; both [neurons]. error.scale is read; the errors of thresholds, decays and biases are set.
/// Errors: bad_input without a place for a threshold or a decay that fixed point has not.
Result<NeuronModelPtr> make_nir_neurons(const NirNode& what, const NirDynamics& d, std::vector<double> constants,
                                        const std::vector<double>& gain, NirRule rule, NirLayerError& error);

}  // namespace tephra::spiking
