#pragma once
// Operations that the spiking neuron models share. Law: docs/numerics.md, section 11.
#include <cstdint>

#include "core/fixed.hpp"

namespace tephra::spiking {

inline constexpr int decay_bits = 12;  ///< a decay is a fraction of 2^12
inline constexpr std::int32_t decay_one = 1 << decay_bits;
inline constexpr int state_alignment = 6;         ///< sums and thresholds stand for multiples of 2^6 of a state
inline constexpr std::int32_t wrap_at = 1 << 23;  ///< largest current
inline constexpr std::int32_t largest_voltage = state_max;

/// x / 2^shift rounded towards zero.
constexpr std::int64_t shift_towards_zero(std::int64_t x, int shift) {
    return x < 0 ? -(-x >> shift) : x >> shift;
}

/// x times keep / 2^12, rounded towards zero; keep in [0, 4096].
constexpr std::int64_t decay(std::int32_t x, std::int32_t keep) {
    return shift_towards_zero(std::int64_t{x} * keep, decay_bits);
}

/// x 2^exponent, rounded down; exponent in [-31, 31].
constexpr std::int64_t shift_down(std::int64_t x, int exponent) {
    return exponent >= 0 ? x << exponent : x >> -exponent;
}

/// A current as it is stored: one turn around 24 bits. (-2^23, 2^23] is kept; overflow: one turn was not enough.
constexpr std::int32_t wrap_current(std::int64_t current, bool& overflow) {
    if (current > wrap_at)
        current -= 2 * std::int64_t{wrap_at};
    else if (current <= -wrap_at)
        current += 2 * std::int64_t{wrap_at};
    if (current > wrap_at || current <= -wrap_at) overflow = true;
    return static_cast<std::int32_t>(current);
}

/// A voltage as it is stored: saturates at +-(2^23 - 1).
constexpr std::int32_t clip_voltage(std::int64_t voltage) {
    if (voltage > largest_voltage) return largest_voltage;
    return voltage < -largest_voltage ? -largest_voltage : static_cast<std::int32_t>(voltage);
}

/// A value that must fit the 24-bit state of a graded model.
constexpr std::int32_t fit_state(std::int64_t value, bool& overflow) {
    if (value > state_max || value < state_min) overflow = true;
    return static_cast<std::int32_t>(value);
}

}  // namespace tephra::spiking
