#pragma once
// Ratios whose whole may be zero.
#include <cmath>
#include <optional>

namespace tephra {

/// part / whole; nothing where the whole is zero or the quotient is no finite number. Every share and ratio of a report
/// is made here. An undefined one is "-" in text and pages, null in JSON and an empty field in CSV.
inline std::optional<double> ratio(double part, double whole) {
    if (whole == 0) return std::nullopt;
    const double quotient = part / whole;
    return std::isfinite(quotient) ? std::optional(quotient) : std::nullopt;
}

}  // namespace tephra
