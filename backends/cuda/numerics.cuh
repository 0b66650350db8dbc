#pragma once
// The arithmetic of core/fixed.hpp on states and accumulators. What is written again here equals it on the ranges that
// the model can reach, in 32 bits where 32 bits hold the result; what could leave that range takes the plain function.
#include <cstdint>

#include "backends/cuda/scales.cuh"
#include "backends/cuda/views.hpp"
#include "core/fixed.hpp"

namespace tephra::cuda {

__device__ constexpr auto device_sigmoids = sigmoid_table;

/// a b + c in one instruction. The compiler widens operands shorter than 32 bits to 64 and multiplies those, and it
/// splits mad.wide into a product and two additions; a product with carry it joins to one.
__device__ inline std::int64_t multiply_wide(std::int32_t a, std::int32_t b, std::int64_t c = 0) {
#ifdef __CUDA_ARCH__
    std::uint32_t low, high;
    asm("mad.lo.cc.s32 %0, %2, %3, %4;\n"
        "madc.hi.s32 %1, %2, %3, %5;"
        : "=&r"(low), "=r"(high)
        : "r"(a), "r"(b), "r"(static_cast<std::uint32_t>(c)), "r"(static_cast<std::uint32_t>(c >> 32)));
    return static_cast<std::int64_t>(std::uint64_t{high} << 32 | low);
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

/// round_shift(a b, 23).
__device__ inline std::int32_t times_probability(std::int32_t a, std::int32_t b) {
    return shift_right(multiply_wide(a, b, half_of(probability_bits)), probability_bits);
}

__device__ inline std::int32_t device_silu(std::int32_t z, int fraction_bits) {
    return times_probability(z, device_sigmoid(z, fraction_bits));
}

/// p = round_shift(x gain, 8): what is quantized, and whose largest magnitude is the peak.
__device__ inline std::int32_t gained(std::int32_t x, std::int32_t gain) {
    return shift_right(multiply_wide(x, gain, 128), 8);
}

/// round_shift(x rms_gain, 15), whose square is summed; 24 bits.
__device__ inline std::int32_t normalized(std::int32_t x, std::int32_t rms_gain) {
    return shift_right(multiply_wide(x, rms_gain, 1 << 14), 15);
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

/// 127 / peak as a shift and a factor: p quantizes to bits 40 to 47 of (p << up) factor + 2^39.
struct Quantizer {
    std::int32_t up;
    std::int32_t factor;
};

/// The scale of quantize_scale. A peak of 2^w has a shift near w + 8, at most 39; where it is short of 25, p has the
/// bits to spare that the factor lacks.
__device__ inline Quantizer quantizer(Scale scale) {
    const int shift = -scale.exponent, up = max(25 - shift, 0);
    return {up, static_cast<std::int32_t>(scale.mantissa) << (40 - shift - up)};
}

/// Bits 32 to 63 of a b + 2^39.
__device__ inline std::int32_t multiply_high(std::int32_t a, std::int32_t b) {
    return static_cast<std::int32_t>(multiply_wide(a, b, std::int64_t{1} << 39) >> 32);
}

/// Bits 8 to 15 of the result are the activation of p, |p| <= the peak of the quantizer. The scale's error is below
/// 2^-13, so that none rounds beyond 127 and nothing needs a clamp.
__device__ inline std::uint32_t quantized(std::int32_t p, const Quantizer& how) {
    return static_cast<std::uint32_t>(
        multiply_high(static_cast<std::int32_t>(static_cast<std::uint32_t>(p) << how.up), how.factor));
}

/// Four activations as one word.
__device__ inline std::int32_t quantized_word(const Gained& gained, const Quantizer& how) {
    std::uint32_t q[4];
#pragma unroll
    for (int j = 0; j < 4; ++j) q[j] = quantized(gained.p[j], how);
    return static_cast<std::int32_t>(
        __byte_perm(__byte_perm(q[0], q[1], 0x0051), __byte_perm(q[2], q[3], 0x0051), 0x5410));
}

/// Pre-computed step of the recurrence: h' = (h keep + add) >> 23, equal to h + round_shift(forget (candidate - h), 23)
/// because h 2^23 is a whole number of steps; h' lies between h and candidate, so it cannot leave 24 bits.
struct RecurrenceStep {
    std::int32_t keep;
    std::int64_t add;
};

/// From sigmoid(-f) and silu(i); to_h: by how much that is shifted to the format of h.
__device__ inline RecurrenceStep recurrence_step(std::int32_t sigmoid_of_minus_f, std::int32_t silu_of_i, int to_h,
                                                 std::int32_t one_minus_lower) {
    const std::int32_t forget = times_probability(one_minus_lower, sigmoid_of_minus_f);
    const std::int32_t candidate = device_shift_state(silu_of_i, to_h);
    return {probability_one - forget, multiply_wide(forget, candidate, half_of(probability_bits))};
}

__device__ inline RecurrenceStep recurrence_step(const RecurrenceFormats& formats, std::int32_t f, std::int32_t i,
                                                 std::int32_t one_minus_lower) {
    return recurrence_step(device_sigmoid(-f, formats.f), device_silu(i, formats.i), formats.i - formats.h,
                           one_minus_lower);
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
