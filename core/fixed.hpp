#pragma once
// Fixed-point arithmetic of the integer model: every operation here is specified in docs/numerics.md and gives the same
// bits in C++, CUDA and RTL. All functions are constexpr and branch only on integers.
#include <array>
#include <bit>
#include <cstdint>

#include "core/sigmoid_table.hpp"

namespace tephra {

inline constexpr std::int32_t state_max = (1 << 23) - 1;  ///< largest 24-bit state
inline constexpr std::int32_t state_min = -(1 << 23);     ///< smallest 24-bit state

inline constexpr int max_fraction_bits = 23;  ///< of a state

/// Half of 2^shift, what a rounding shift adds before it shifts; 0 for shift 0. shift in [0, 62].
constexpr std::int64_t half_of(int shift) {
    return shift == 0 ? 0 : std::int64_t{1} << (shift - 1);
}

/// a / 2^shift rounded to nearest, halves up; shift in [0, 62]. docs/numerics.md, "rounding shift".
constexpr std::int64_t round_shift(std::int64_t a, int shift) {
    return (a + half_of(shift)) >> shift;
}

/// Saturates to the 24-bit signed state.
constexpr std::int32_t saturate24(std::int64_t a) {
    return static_cast<std::int32_t>(a > state_max ? state_max : (a < state_min ? state_min : a));
}

/// Changes the number of fraction bits of a 24-bit state by -shift: right shifts round, left shifts saturate.
/// shift in [-24, 62].
constexpr std::int32_t shift_state(std::int32_t a, int shift) {
    return saturate24(shift >= 0 ? round_shift(a, shift) : static_cast<std::int64_t>(a) << -shift);
}

/// Positive scale factor mantissa x 2^exponent; mantissa in [2^15, 2^16), or 0 for the value zero.
struct Scale {
    std::uint16_t mantissa = 0;
    std::int16_t exponent = 0;
    friend constexpr bool operator==(Scale, Scale) = default;
};

/// Normal form of an unsigned integer, rounded to 16 bits of mantissa, halves up.
constexpr Scale to_scale(std::uint64_t v) {
    if (v == 0) return {};
    const int width = 64 - std::countl_zero(v);
    if (width <= 16) return {static_cast<std::uint16_t>(v << (16 - width)), static_cast<std::int16_t>(width - 16)};
    const int shift = width - 16;
    const std::uint64_t m = (v >> shift) + ((v >> (shift - 1)) & 1);
    if (m == 65536) return {32768, static_cast<std::int16_t>(shift + 1)};
    return {static_cast<std::uint16_t>(m), static_cast<std::int16_t>(shift)};
}

/// Product of two scales, rounded to 16 bits of mantissa, halves up.
constexpr Scale multiply(Scale a, Scale b) {
    if (a.mantissa == 0 || b.mantissa == 0) return {};
    const std::uint32_t product = std::uint32_t{a.mantissa} * b.mantissa;
    const int shift = product >> 31 != 0 ? 16 : 15;
    const std::uint32_t m = (product >> shift) + ((product >> (shift - 1)) & 1);
    const int exponent = a.exponent + b.exponent + shift;
    if (m == 65536) return {32768, static_cast<std::int16_t>(exponent + 1)};
    return {static_cast<std::uint16_t>(m), static_cast<std::int16_t>(exponent)};
}

namespace detail {

constexpr std::uint64_t integer_sqrt(std::uint64_t v) {
    std::uint64_t root = 0;
    for (std::uint64_t bit = std::uint64_t{1} << 31; bit != 0; bit >>= 1)
        if ((root + bit) * (root + bit) <= v) root += bit;
    return root;
}

/// Seed of 2^31 / m for m in [2^15, 2^16), by the top nine bits of m: round(2^24 / (i + 1/2)), i = m >> 7.
constexpr auto reciprocal_seeds() {
    std::array<std::uint32_t, 256> seeds{};
    for (std::uint32_t k = 0; k < 256; ++k) {
        const std::uint32_t odd = 2 * (k + 256) + 1;
        seeds[k] = ((1U << 25) + odd / 2) / odd;
    }
    return seeds;
}

/// Seed of 2^15 / sqrt(u) for u = U / 2^17 in [1/4, 1), by i = U >> 8: round(2^15 sqrt(512 / (i + 1/2))).
constexpr auto inverse_sqrt_seeds() {
    std::array<std::uint32_t, 384> seeds{};
    for (std::uint64_t k = 0; k < 384; ++k) {
        const std::uint64_t odd = 2 * (k + 128) + 1;
        seeds[k] = static_cast<std::uint32_t>((integer_sqrt((std::uint64_t{1} << 42) / odd) + 1) / 2);
    }
    return seeds;
}

inline constexpr auto reciprocal_table = reciprocal_seeds();
inline constexpr auto inverse_sqrt_table = inverse_sqrt_seeds();

/// Scale of a 17-bit mantissa in [2^15, 2^16] times 2^exponent.
constexpr Scale carry(std::uint32_t mantissa, int exponent) {
    if (mantissa >= 65536) return {32768, static_cast<std::int16_t>(exponent + 1)};
    if (mantissa < 32768) mantissa = 32768;
    return {static_cast<std::uint16_t>(mantissa), static_cast<std::int16_t>(exponent)};
}

}  // namespace detail

/// 1 / a: table seed and one Newton step; relative error below 2^-15. The value zero gives zero.
constexpr Scale reciprocal(Scale a) {
    if (a.mantissa == 0) return {};
    const std::uint64_t seed = detail::reciprocal_table[(a.mantissa >> 7) - 256];
    const std::uint64_t rest = (std::uint64_t{1} << 32) - a.mantissa * seed;  // 2^31 (2 - m y / 2^31)
    const auto y = static_cast<std::uint32_t>((seed * rest + (std::uint64_t{1} << 30)) >> 31);
    return detail::carry(y, -31 - a.exponent);
}

/// 1 / sqrt(a): table seed and one Newton step; relative error below 2^-15. The value zero gives zero.
constexpr Scale inverse_sqrt(Scale a) {
    if (a.mantissa == 0) return {};
    const int exponent = a.exponent + 16;  // a = (m / 2^16) 2^exponent
    const bool odd = (exponent & 1) != 0;
    const std::uint64_t u = odd ? a.mantissa : std::uint64_t{a.mantissa} << 1;  // u / 2^17 in [1/4, 1)
    const int half = (exponent + (odd ? 1 : 0)) / 2;
    const std::uint64_t seed = detail::inverse_sqrt_table[(u >> 8) - 128];
    const std::uint64_t t = (u * (seed * seed)) >> 17;  // 2^30 u y^2
    const std::uint64_t rest = 3 * (std::uint64_t{1} << 30) - t;
    const auto y = static_cast<std::uint32_t>((seed * rest + (std::uint64_t{1} << 30)) >> 31);
    return detail::carry(y, -15 - half);
}

/// accumulator x scale, rounded and saturated to a 24-bit state. |acc| < 2^31.
constexpr std::int32_t apply_scale(std::int32_t acc, Scale scale) {
    const std::int64_t product = std::int64_t{acc} * scale.mantissa;
    if (scale.exponent <= -62) return 0;
    if (scale.exponent < 0) return saturate24(round_shift(product, -scale.exponent));
    return saturate24(product << (scale.exponent > 15 ? 15 : scale.exponent));
}

/// Activation: round(p x scale) clamped to [-127, 127]. |p| <= 2^30.
constexpr std::int8_t quantize_activation(std::int32_t p, Scale scale) {
    const std::int32_t q = apply_scale(p, scale);
    return static_cast<std::int8_t>(q > 127 ? 127 : (q < -127 ? -127 : q));
}

inline constexpr int probability_bits = 23;                             ///< fraction bits of a gate value
inline constexpr std::int32_t probability_one = 1 << probability_bits;  ///< the gate value 1

/// sigmoid of a 24-bit state with `fraction_bits` in [0, 23], as a fraction of 2^23 in [1, 2^23 - 1].
/// |z| is taken to 16 fraction bits and saturated below 16; a 257-entry table of sigmoid(-k/16) is interpolated
/// linearly, so that the small side keeps its relative precision.
constexpr std::int32_t sigmoid(std::int32_t z, int fraction_bits) {
    const std::int64_t magnitude = z < 0 ? -static_cast<std::int64_t>(z) : z;
    std::int64_t a =
        fraction_bits > 16 ? round_shift(magnitude, fraction_bits - 16) : magnitude << (16 - fraction_bits);
    if (a > (1 << 20) - 1) a = (1 << 20) - 1;
    const auto index = static_cast<std::size_t>(a >> 12);
    const std::int32_t fraction = static_cast<std::int32_t>(a & 4095);
    const std::int32_t step = sigmoid_table[index] - sigmoid_table[index + 1];
    const std::int32_t tail =
        sigmoid_table[index] - static_cast<std::int32_t>(round_shift(std::int64_t{step} * fraction, 12));
    return z < 0 ? tail : probability_one - tail;
}

/// z sigmoid(z), same format as z.
constexpr std::int32_t silu(std::int32_t z, int fraction_bits) {
    return static_cast<std::int32_t>(round_shift(std::int64_t{z} * sigmoid(z, fraction_bits), probability_bits));
}

}  // namespace tephra
