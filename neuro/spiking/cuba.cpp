#include "neuro/spiking/cuba.hpp"

namespace tephra::spiking {

Result<void> Cuba::check() const {
    for (const auto& checked :
         {check_constant(current_decay, "the current decay", 0, largest_decay),
          check_constant(voltage_decay, "the voltage decay", 0, largest_decay),
          check_constant(drive, "the drive", least_drive, largest_drive),
          check_constant(bias, "the bias", least_bias, largest_bias),
          check_constant(bias_exponent, "the bias exponent", least_bias_exponent, most_bias_exponent)})
        if (!checked) return checked;
    return {};
}

}  // namespace tephra::spiking
