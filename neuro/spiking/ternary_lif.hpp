#pragma once
// LIF neurons with two thresholds, which send 1 above the upper and -1 below the lower. Law: docs/numerics.md 11.2.
#include "neuro/spiking/cuba.hpp"

namespace tephra::spiking {

struct TernaryLifParameters {
    Cuba cuba;
    NeuronConstant lower = -1;  ///< in (-2^17, 2^17), not above the upper, in units of 2^6 of the voltage
    NeuronConstant upper = 1;
};

/// Ports: current, bias (adds to the mantissa of the step). States: u, v. Errors: bad_input for a constant out of its
/// range.
Result<NeuronModelPtr> make_ternary_lif(TernaryLifParameters parameters);
Result<NeuronModelPtr> read_ternary_lif(ParameterReader& in);

}  // namespace tephra::spiking
