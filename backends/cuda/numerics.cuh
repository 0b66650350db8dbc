#pragma once
// The arithmetic of core/fixed.hpp and the norm of neuro/stages.hpp on the device. Only what reads a table or a vector
// is written again here; everything else is core/fixed.hpp itself.
#include <cstdint>

#include "backends/cuda/views.hpp"
#include "core/fixed.hpp"

namespace tephra::cuda {

__device__ constexpr auto device_reciprocals = detail::reciprocal_table;
__device__ constexpr auto device_inverse_roots = detail::inverse_sqrt_table;
__device__ constexpr auto device_sigmoids = sigmoid_table;

/// to_scale: the standard library's count of leading zeros does not work in device code.
__device__ inline Scale device_to_scale(std::uint64_t v) {
    if (v == 0) return {};
    const int width = 64 - __clzll(static_cast<long long>(v));
    if (width <= 16) return {static_cast<std::uint16_t>(v << (16 - width)), static_cast<std::int16_t>(width - 16)};
    const int shift = width - 16;
    const auto m = static_cast<std::uint32_t>((v >> shift) + ((v >> (shift - 1)) & 1));
    return detail::carry(m, shift);
}

__device__ inline Scale device_reciprocal(Scale a) {
    if (a.mantissa == 0) return {};
    const std::uint64_t seed = device_reciprocals[(a.mantissa >> 7) - 256];
    const std::uint64_t rest = (std::uint64_t{1} << 32) - a.mantissa * seed;
    const auto y = static_cast<std::uint32_t>((seed * rest + (std::uint64_t{1} << 30)) >> 31);
    return detail::carry(y, -31 - a.exponent);
}

__device__ inline Scale device_inverse_sqrt(Scale a) {
    if (a.mantissa == 0) return {};
    const int exponent = a.exponent + 16;
    const bool odd = (exponent & 1) != 0;
    const std::uint64_t u = odd ? a.mantissa : std::uint64_t{a.mantissa} << 1;
    const int half = (exponent + (odd ? 1 : 0)) / 2;
    const std::uint64_t seed = device_inverse_roots[(u >> 8) - 128];
    const std::uint64_t t = (u * (seed * seed)) >> 17;
    const std::uint64_t rest = 3 * (std::uint64_t{1} << 30) - t;
    const auto y = static_cast<std::uint32_t>((seed * rest + (std::uint64_t{1} << 30)) >> 31);
    return detail::carry(y, -15 - half);
}

// The functions below equal those of core/fixed.hpp on the ranges that the model can reach, in 32 bits where 32 bits
// hold the result; what could leave that range takes the plain function.

/// Low 32 bits of v >> shift, shift in [0, 63].
__device__ inline std::int32_t shift_right(std::int64_t v, int shift) {
    const auto low = static_cast<std::uint32_t>(v);
    const auto high = static_cast<std::int32_t>(v >> 32);
    return shift >= 32 ? high >> (shift - 32)
                       : static_cast<std::int32_t>(__funnelshift_r(low, static_cast<std::uint32_t>(high), shift));
}

__device__ inline std::int32_t clamp24(std::int32_t v) {
    return max(state_min, min(state_max, v));
}

__device__ inline std::int64_t half_of(int shift) {
    return (std::int64_t{1} << shift) >> 1;
}

static __device__ __noinline__ std::int32_t plain_apply_scale(std::int32_t acc, Scale scale) {
    return apply_scale(acc, scale);
}
static __device__ __noinline__ std::int32_t plain_product(std::int64_t product, int shift) {
    return saturate24(round_shift(product, shift));
}

/// apply_scale for |acc| <= 2^23: after a shift by 9 or more the product fits 32 bits.
__device__ inline std::int32_t device_apply_scale(std::int32_t acc, Scale scale) {
    const int shift = -scale.exponent;
    if (shift < 9 || shift > 61) return plain_apply_scale(acc, scale);
    return clamp24(shift_right(std::int64_t{acc} * scale.mantissa + half_of(shift), shift));
}

/// saturate24(round_shift(a b, shift)) of two 24-bit states: after a shift by 16 or more it fits 32 bits.
__device__ inline std::int32_t scaled_product(std::int32_t a, std::int32_t b, int shift) {
    const std::int64_t product = std::int64_t{a} * b;
    if (shift < 16) return plain_product(product, shift);
    return clamp24(shift_right(product + half_of(shift), shift));
}

/// shift_state: a 24-bit state shifted right by more than 25 is zero, so 32 bits do.
__device__ inline std::int32_t device_shift_state(std::int32_t a, int shift) {
    if (shift >= 0) {
        const int by = min(shift, 30);
        return (a + ((1 << by) >> 1)) >> by;
    }
    const int by = -shift;
    if (a > (state_max >> by)) return state_max;
    if (a < (state_min >> by)) return state_min;
    return a << by;
}

__device__ inline std::int32_t device_sigmoid(std::int32_t z, int fraction_bits) {
    constexpr std::int32_t limit = 1 << 20;
    std::int32_t a = abs(z);
    if (fraction_bits > 16) {
        const int by = fraction_bits - 16;
        a = (a + ((1 << by) >> 1)) >> by;
    } else {
        const int by = 16 - fraction_bits;
        a = min(a, limit >> by) << by;
    }
    a = min(a, limit - 1);
    const std::int32_t index = a >> 12, fraction = a & 4095;
    const std::int32_t high = device_sigmoids[static_cast<unsigned>(index)];
    const std::int32_t step = high - device_sigmoids[static_cast<unsigned>(index + 1)];
    const std::int32_t tail = high - ((step * fraction + 2048) >> 12);  // step < 2^17
    return z < 0 ? tail : probability_one - tail;
}

__device__ inline std::int32_t device_silu(std::int32_t z, int fraction_bits) {
    return shift_right(std::int64_t{z} * device_sigmoid(z, fraction_bits) + half_of(probability_bits),
                       probability_bits);
}

/// p = round_shift(x gain, 8): what is quantized, and whose largest magnitude is the peak.
__device__ inline std::int32_t gained(std::int32_t x, std::int16_t gain) {
    return shift_right(std::int64_t{x} * gain + 128, 8);
}

/// a^2 with a = round_shift(x rms_gain, 15).
__device__ inline std::uint64_t energy(std::int32_t x, std::int16_t rms_gain) {
    const std::int32_t a = shift_right(std::int64_t{x} * rms_gain + (1 << 14), 15);  // 24 bits
    return static_cast<std::uint64_t>(std::int64_t{a} * a);
}

/// 127 / peak.
__device__ inline Scale quantize_scale(std::uint32_t peak) {
    return multiply(Scale{127 << 9, -9}, device_reciprocal(device_to_scale(peak)));
}

/// The activation p x scale for a scale that quantize_scale made of a peak >= |p|: the product fits 32 bits after the
/// shift, which is in [9, 62], so no saturation is needed before the clamp.
__device__ inline std::int32_t quantized(std::int32_t p, Scale scale) {
    if (scale.mantissa == 0) return 0;
    const int shift = -scale.exponent;
    return min(127, max(-127, shift_right(std::int64_t{p} * scale.mantissa + half_of(shift), shift)));
}

/// 1 / sqrt(sum + epsilon + second_epsilon x second).
__device__ inline Scale inverse_rms(const NormConstants& norm, std::uint64_t sum, std::uint64_t second) {
    sum += norm.epsilon;
    const Scale extra = multiply(device_to_scale(second), norm.second_epsilon);
    if (extra.mantissa != 0) {
        if (extra.exponent >= 0)
            sum += std::uint64_t{extra.mantissa} << (extra.exponent < 46 ? extra.exponent : 46);
        else if (extra.exponent >= -17)
            sum += static_cast<std::uint64_t>(round_shift(extra.mantissa, -extra.exponent));
    }
    return device_inverse_sqrt(device_to_scale(sum > 1 ? sum : 1));
}

__device__ inline Scale dequantize_scale(Scale factor, std::uint32_t peak, Scale inverse) {
    return multiply(multiply(factor, device_to_scale(peak)), inverse);
}

/// Pre-computed step of the recurrence: h' = (h keep + add) >> 23, equal to h + round_shift(forget (candidate - h), 23)
/// because h 2^23 is a whole number of steps; h' lies between h and candidate, so it cannot leave 24 bits.
struct RecurrenceStep {
    std::int32_t keep;
    std::int64_t add;
};

__device__ inline RecurrenceStep recurrence_step(const RecurrenceFormats& formats, std::int32_t f, std::int32_t i,
                                                 std::int32_t one_minus_lower) {
    const std::int32_t forget = shift_right(
        std::int64_t{one_minus_lower} * device_sigmoid(-f, formats.f) + half_of(probability_bits), probability_bits);
    const std::int32_t candidate = device_shift_state(device_silu(i, formats.i), formats.i - formats.h);
    return {probability_one - forget, std::int64_t{forget} * candidate + half_of(probability_bits)};
}

__device__ inline std::int32_t advance(std::int32_t h, const RecurrenceStep& step) {
    return shift_right(std::int64_t{h} * step.keep + step.add, probability_bits);
}

__device__ inline std::int32_t mixed(const RecurrenceFormats& formats, std::int32_t g, std::int32_t h) {
    return scaled_product(g, device_silu(h, formats.h), formats.g + formats.h - formats.t);
}

__device__ inline std::int32_t gated(std::int32_t z1, std::int32_t z2, int z_bits, int y_bits) {
    return scaled_product(device_silu(z1, z_bits), z2, 2 * z_bits - y_bits);
}

__device__ inline std::int32_t residual(std::int32_t x, int shift, std::int32_t acc, Scale scale) {
    return clamp24(device_shift_state(x, shift) + device_apply_scale(acc, scale));
}

}  // namespace tephra::cuda
