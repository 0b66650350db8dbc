#pragma once
// Neurons with a given activity, whatever reaches them: for networks of which only shape and activity were published.
#include "neuro/spiking/constants.hpp"

namespace tephra::spiking {

struct ScriptedParameters {
    double share = 0;  ///< of the neurons that send a 1 in a step, on average: in [0, 1]
    std::uint64_t seed = 1;
    NeuronProgram program = NeuronProgram::fixed_function;  ///< that a core would run
    int state_bits = 48;                                    ///< of a neuron
};

/// Which neuron sends in which step depends on the seed alone. Port: input, which is not looked at. No state.
/// Errors: bad_input for a share out of its range.
Result<NeuronModelPtr> make_scripted(const ScriptedParameters& parameters);

}  // namespace tephra::spiking
