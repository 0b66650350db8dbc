#pragma once
// Current and voltage of a leaky neuron with a synaptic current (CUBA), in Loihi's fixed point: what LIF, ternary LIF
// and leaky readouts share. Law: docs/numerics.md 11.2.
#include "neuro/spiking/constants.hpp"
#include "neuro/spiking/fixed_point.hpp"

namespace tephra::spiking {

inline constexpr std::int32_t largest_decay = decay_one - 1;
inline constexpr std::int32_t least_drive = -(1 << 15), largest_drive = (1 << 15) - 1;
inline constexpr std::int32_t least_bias = -(1 << 12), largest_bias = (1 << 12) - 1;
inline constexpr int least_bias_exponent = -8, most_bias_exponent = 7;

struct Cuba {
    NeuronConstant current_decay = largest_decay;  ///< du in [0, 4095]: the current keeps 1 - (du + 1) / 4096 of itself
    NeuronConstant voltage_decay;                  ///< dv in [0, 4095]: the voltage keeps 1 - dv / 4096 of itself
    NeuronConstant drive;   ///< in [-32768, 32767], added to the sum of every step; Lava's neurons have none
    NeuronConstant bias;    ///< mantissa in [-4096, 4095]; the bias is added to the voltage every step
    int bias_exponent = 0;  ///< the bias is its mantissa 2^exponent, rounded down; in [-8, 7]

    static constexpr int state_bits = 24 + 24;
    [[nodiscard]] int parameter_bits() const {
        return bits_of(current_decay, decay_bits) + bits_of(voltage_decay, decay_bits) + bits_of(drive, 16) +
               bits_of(bias, 13);
    }
    /// Errors: bad_input for a constant out of its range.
    [[nodiscard]] Result<void> check() const;

    /// Adds the constants to the parameters of a model.
    void store(StoredParameters& out) const;
    [[nodiscard]] static Cuba read(ParameterReader& in);

    /// The current after a step in which `sum` arrived.
    [[nodiscard]] std::int32_t current(std::size_t neuron, std::int32_t u, std::int32_t sum, bool& overflow) const {
        return wrap_current(
            decay(u, largest_decay - current_decay[neuron]) + ((std::int64_t{sum} + drive[neuron]) << state_alignment),
            overflow);
    }
    /// The voltage after a step with current `u`, before a spike is looked for; `more` adds to the bias' mantissa.
    [[nodiscard]] std::int32_t voltage(std::size_t neuron, std::int32_t v, std::int32_t u, std::int32_t more,
                                       bool& overflow) const {
        const std::int64_t mantissa = std::int64_t{bias[neuron]} + more;
        if (mantissa < least_bias || mantissa > largest_bias) overflow = true;
        return clip_voltage(decay(v, decay_one - voltage_decay[neuron]) + u + shift_down(mantissa, bias_exponent));
    }
};

}  // namespace tephra::spiking
