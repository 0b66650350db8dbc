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

void Cuba::store(StoredParameters& out) const {
    out.push_back({"current_decay", stored_values(current_decay)});
    out.push_back({"voltage_decay", stored_values(voltage_decay)});
    out.push_back({"drive", stored_values(drive)});
    out.push_back({"bias", stored_values(bias)});
    out.push_back({"bias_exponent", {bias_exponent}});
}

Cuba Cuba::read(ParameterReader& in) {
    return {.current_decay = read_constant(in, "current_decay"),
            .voltage_decay = read_constant(in, "voltage_decay"),
            .drive = read_constant(in, "drive"),
            .bias = read_constant(in, "bias"),
            .bias_exponent = in.integer("bias_exponent")};
}

}  // namespace tephra::spiking
