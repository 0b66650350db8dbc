#pragma once
// Leaky integrate-and-fire neurons with a synaptic current (CUBA), in Loihi's fixed point. Law: docs/numerics.md 11.2.
// Without leaks (current decay 4095, voltage decay 0) they integrate and fire (IF).
#include "neuro/spiking/cuba.hpp"
#include "neuro/spiking/reset_schedule.hpp"

namespace tephra::spiking {

enum class ThresholdRule : std::uint8_t {
    above,    ///< spikes at v > threshold: Loihi, Lava
    reached,  ///< spikes at v >= threshold: SLAYER
};

enum class ResetRule : std::uint8_t { to_zero, by_subtraction };

inline constexpr std::int32_t largest_threshold = (1 << 17) - 1;
inline constexpr int most_refractory_steps = 63;

struct LifParameters {
    Cuba cuba;
    NeuronConstant threshold = 1;  ///< in [0, 2^17 - 1], in units of 2^6 of the voltage
    ThresholdRule threshold_rule = ThresholdRule::above;
    ResetRule reset_rule = ResetRule::to_zero;
    int refractory = 0;  ///< steps after a spike in which the voltage stays as it is
    ResetSchedule clear;
};

/// Ports: current, bias (adds to the mantissa of the step). States: u, v, and the refractory steps that are left where
/// there are any. Sends 1 when it spikes. Errors: bad_input for a constant out of its range.
Result<NeuronModelPtr> make_lif(LifParameters parameters);
Result<NeuronModelPtr> read_lif(ParameterReader& in);

}  // namespace tephra::spiking
