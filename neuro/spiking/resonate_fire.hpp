#pragma once
// Resonate-and-fire neurons: a damped rotation of a complex state, in Lava's fixed point. Law: docs/numerics.md 11.2.
#include "neuro/spiking/constants.hpp"

namespace tephra::spiking {

enum class ResonatorKind : std::uint8_t {
    crossing,  ///< RF: spikes where im passes zero upwards and re has reached the threshold; nothing is reset
    reset,     ///< RF_IZ (Izhikevich): spikes where im reaches the threshold; then re = 0 and im is one below it
};

inline constexpr int most_resonator_bits = 16;
inline constexpr int most_resonator_shift = 16;

struct ResonatorParameters {
    ResonatorKind kind = ResonatorKind::crossing;
    NeuronConstant cosine, sine;  ///< of the rotation of a step times what it keeps, in units of 2^-bits
    int bits = 12;                ///< in [0, 16]; cosine and sine lie within +-2^bits
    NeuronConstant threshold;     ///< in [0, 2^23 - 1], of the state
    int input_shift = 6;          ///< sums enter the state times 2^input_shift, in [0, 16]
};

/// Cosine and sine as Lava makes them: (1 - decay) cos and sin of 2 pi / period, times 2^bits, rounded towards zero.
std::pair<std::int32_t, std::int32_t> resonator_rotation(double period, double decay, int bits);

/// Ports: real, imaginary. States: real, imaginary. Sends 1 when it spikes. Errors: bad_input for a constant out of its
/// range.
Result<NeuronModelPtr> make_resonator(ResonatorParameters parameters);
Result<NeuronModelPtr> read_resonator(ParameterReader& in);

}  // namespace tephra::spiking
