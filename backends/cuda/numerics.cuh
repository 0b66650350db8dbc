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

/// a b + c in one instruction: the compiler widens operands shorter than 32 bits to 64 and multiplies those.
__device__ inline std::int64_t multiply_wide(std::int32_t a, std::int32_t b, std::int64_t c = 0) {
#ifdef __CUDA_ARCH__
    std::int64_t v;
    asm("mad.wide.s32 %0, %1, %2, %3;" : "=l"(v) : "r"(a), "r"(b), "l"(c));
    return v;
#else
    return std::int64_t{a} * b + c;
#endif
}

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

static __device__ __noinline__ std::int32_t plain_product(std::int64_t product, int shift) {
    return saturate24(round_shift(product, shift));
}

/// saturate24(round_shift(a b, shift)) of two 24-bit states: after a shift by 16 or more it fits 32 bits.
__device__ inline std::int32_t scaled_product(std::int32_t a, std::int32_t b, int shift) {
    if (shift < 16) return plain_product(std::int64_t{a} * b, shift);
    return clamp24(shift_right(multiply_wide(a, b, half_of(shift)), shift));
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

constexpr std::int32_t sigmoid_limit = 1 << 20;  // |z| from which on the sigmoid is flat, with 16 fraction bits

__device__ inline std::int32_t device_sigmoid(std::int32_t z, int fraction_bits) {
    std::int32_t a = abs(z);
    if (fraction_bits > 16) {
        const int by = fraction_bits - 16;
        a = (a + ((1 << by) >> 1)) >> by;
    } else {
        const int by = 16 - fraction_bits;
        a = min(a, sigmoid_limit >> by) << by;
    }
    a = min(a, sigmoid_limit - 1);
    const std::int32_t index = a >> 12, fraction = a & 4095;
    const std::int32_t high = device_sigmoids[static_cast<unsigned>(index)];
    const std::int32_t step = high - device_sigmoids[static_cast<unsigned>(index + 1)];
    const std::int32_t tail = high - ((step * fraction + 2048) >> 12);  // step < 2^17
    return z < 0 ? tail : probability_one - tail;
}

__device__ inline std::int32_t device_silu(std::int32_t z, int fraction_bits) {
    return shift_right(multiply_wide(z, device_sigmoid(z, fraction_bits), half_of(probability_bits)), probability_bits);
}

/// p = round_shift(x gain, 8): what is quantized, and whose largest magnitude is the peak.
__device__ inline std::int32_t gained(std::int32_t x, std::int16_t gain) {
    return shift_right(multiply_wide(x, gain, 128), 8);
}

/// round_shift(x rms_gain, 15), whose square is summed; 24 bits.
__device__ inline std::int32_t normalized(std::int32_t x, std::int16_t rms_gain) {
    return shift_right(multiply_wide(x, rms_gain, 1 << 14), 15);
}

/// 127 / peak.
__device__ inline Scale quantize_scale(std::uint32_t peak) {
    return multiply(Scale{127 << 9, -9}, device_reciprocal(device_to_scale(peak)));
}

/// A scale made ready for many products: p x scale = (p mantissa + add) >> (low + high), rounded as apply_scale rounds.
struct ReadyScale {
    std::int64_t add = 0;
    std::int32_t mantissa = 0;
    std::int16_t low = 9, high = 0;  ///< parts of the shift: up to 32, and the rest
};

/// For exponents in [-62, 14].
__device__ inline ReadyScale ready(Scale scale) {
    if (scale.mantissa == 0) return {};
    const int shift = max(-scale.exponent, 0), low = min(shift, 32);
    return {half_of(shift), scale.mantissa << max(static_cast<int>(scale.exponent), 0), static_cast<std::int16_t>(low),
            static_cast<std::int16_t>(shift - low)};
}

/// The low 32 bits of v >> (low + high) where no more are needed; low <= 32.
__device__ inline std::int32_t shift_right(std::int64_t v, int low, int high) {
    return static_cast<std::int32_t>(__funnelshift_rc(
               static_cast<std::uint32_t>(v), static_cast<std::uint32_t>(v >> 32), static_cast<std::uint32_t>(low))) >>
           high;
}

__device__ inline std::int32_t scaled(std::int32_t p, const ReadyScale& scale) {
    return shift_right(multiply_wide(p, scale.mantissa, scale.add), scale.low, scale.high);
}

/// How the accumulators of a token's codes (weight + 1) become states.
struct ReadyState {
    ReadyScale scale;
    std::int32_t sum = 0;    ///< of the token's activations, which the codes count once too often
    std::int32_t limit = 0;  ///< accumulators beyond it saturate; within it the products fit 32 bits after their shift
};

/// For every scale: one above 2^14 saturates whatever is not zero, one below 2^-61 leaves nothing of an accumulator.
__device__ inline ReadyState ready_state(Scale scale, std::int32_t sum) {
    if (scale.exponent < -61) scale = {};
    const int exponent = min(static_cast<int>(scale.exponent), 14);
    const int bits = 8 - exponent;  // mantissa 2^exponent is at least 2^(15 + exponent), and less than twice that
    return {ready({scale.mantissa, static_cast<std::int16_t>(exponent)}), sum,
            bits >= 30 ? 1 << 30 : 1 << max(bits, 0)};
}

__device__ inline std::int32_t state_of(std::int32_t codes, const ReadyState& how) {
    return clamp24(scaled(max(-how.limit, min(codes - how.sum, how.limit)), how.scale));
}

/// Four columns of a vector after the gain of an output: what is quantized.
struct Gained {
    std::int32_t p[4];
};

/// Four activations p x scale as one word, for a scale that quantize_scale made of a peak >= |p|: its shift is in
/// [9, 62] and the product fits 32 bits after it. Packing saturates at 127.
__device__ inline std::int32_t quantized_word(const Gained& gained, const ReadyScale& scale) {
    std::int32_t q[4];
#pragma unroll
    for (int j = 0; j < 4; ++j) q[j] = max(-127, scaled(gained.p[j], scale));
    std::int32_t word = 0;
#ifdef __CUDA_ARCH__
    asm("{\n"
        ".reg .b32 upper;\n"
        "cvt.pack.sat.s8.s32.b32 upper, %4, %3, 0;\n"
        "cvt.pack.sat.s8.s32.b32 %0, %2, %1, upper;\n"
        "}\n"
        : "=r"(word)
        : "r"(q[0]), "r"(q[1]), "r"(q[2]), "r"(q[3]));
#else
    for (int j = 0; j < 4; ++j) word |= (min(q[j], 127) & 0xFF) << (8 * j);
#endif
    return word;
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
        multiply_wide(one_minus_lower, device_sigmoid(-f, formats.f), half_of(probability_bits)), probability_bits);
    const std::int32_t candidate = device_shift_state(device_silu(i, formats.i), formats.i - formats.h);
    return {probability_one - forget, multiply_wide(forget, candidate, half_of(probability_bits))};
}

__device__ inline std::int32_t advance(std::int32_t h, const RecurrenceStep& step) {
    return shift_right(multiply_wide(h, step.keep, step.add), probability_bits);
}

__device__ inline std::int32_t mixed(const RecurrenceFormats& formats, std::int32_t g, std::int32_t h) {
    return scaled_product(g, device_silu(h, formats.h), formats.g + formats.h - formats.t);
}

__device__ inline std::int32_t gated(std::int32_t z1, std::int32_t z2, int z_bits, int y_bits) {
    return scaled_product(device_silu(z1, z_bits), z2, 2 * z_bits - y_bits);
}

__device__ inline std::int32_t residual(std::int32_t x, int shift, std::int32_t state) {
    return clamp24(device_shift_state(x, shift) + state);
}

}  // namespace tephra::cuda
