#pragma once
// Sigma-delta neurons in Lava's fixed point (its plain model, not the "corrected" one). Law: docs/numerics.md 11.3.
#include "neuro/spiking/constants.hpp"

namespace tephra::spiking {

inline constexpr int most_sigma_delta_shift = 23;

/// Formats of a layer. Inside, activations stand for multiples of 2^-(spike_exponent + state_exponent); a message has
/// state_exponent bits fewer.
struct SigmaDeltaScale {
    int spike_exponent = 0, state_exponent = 0;
    [[nodiscard]] int shift() const { return spike_exponent + state_exponent; }
};

struct SigmaDeltaParameters {
    SigmaDeltaScale scale;
    NeuronConstant threshold;  ///< not negative; shifted left by the scale
    NeuronConstant bias;       ///< shifted left by the scale
    bool relu = true;          ///< the activation is never negative
};

/// Adds up what arrives, and sends how far its activation is from what it has sent, where that reaches the threshold.
/// Port: input. States: sigma, activation, residue. Errors: bad_input for a constant that 24 bits do not hold.
Result<NeuronModelPtr> make_sigma_delta(SigmaDeltaParameters parameters);
Result<NeuronModelPtr> read_sigma_delta(ParameterReader& in);

struct DeltaParameters {
    SigmaDeltaScale scale;
    NeuronConstant threshold;  ///< not negative; shifted left by the scale
};

/// Sends changes of its input, which the scale shifts left. Port: input. States: activation, residue.
Result<NeuronModelPtr> make_delta(DeltaParameters parameters);
Result<NeuronModelPtr> read_delta(ParameterReader& in);

/// Adds up what arrives and sends the sum, 24 bits, every step. Port: input. State: sigma.
NeuronModelPtr make_sigma();
Result<NeuronModelPtr> read_sigma(ParameterReader& in);

}  // namespace tephra::spiking
