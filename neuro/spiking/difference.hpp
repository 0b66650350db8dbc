#pragma once
// Difference: sends how its input has changed. What holds its messages (Projection::held) has the input again.
#include "neuro/spiking/constants.hpp"

namespace tephra::spiking {

/// Sends x(t) - x(t - 1), modulo 2^32; x(0) = 0. Port: input. State: last.
NeuronModelPtr make_difference();

}  // namespace tephra::spiking
