#pragma once
// Leaky integrators (LI, I): the dynamics of LIF neurons without spikes. Each sends its voltage as a graded message
// every step. Law: docs/numerics.md 11.2.
#include "neuro/spiking/cuba.hpp"

namespace tephra::spiking {

/// Ports: current, bias (adds to the mantissa of the step). States: u, v. Errors: as of Cuba::check().
Result<NeuronModelPtr> make_leaky_readout(Cuba cuba);
Result<NeuronModelPtr> read_leaky_readout(ParameterReader& in);

}  // namespace tephra::spiking
