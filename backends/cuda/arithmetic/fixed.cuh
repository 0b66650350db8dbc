#pragma once
// The arithmetic of core/fixed.hpp on states and accumulators, for the ranges that a model reaches (limits.hpp): in 32
// bits where 32 bits hold the result, without branches.
#include <cstdint>

#include "backends/cuda/views.hpp"
#include "core/fixed.hpp"

namespace tephra::cuda {

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

/// Low 32 bits of v >> shift; only the low five bits of `shift` count.
__device__ inline std::int32_t shift_right(std::int64_t v, int shift) {
    return static_cast<std::int32_t>(__funnelshift_r(static_cast<std::uint32_t>(v), static_cast<std::uint32_t>(v >> 32),
                                                     static_cast<std::uint32_t>(shift)));
}

__device__ inline std::int32_t clamp24(std::int32_t v) {
    return max(state_min, min(state_max, v));
}

__device__ inline std::int64_t half_of(int shift) {
    return (std::int64_t{1} << shift) >> 1;
}

/// round_shift(a b, 23).
__device__ inline std::int32_t times_probability(std::int32_t a, std::int32_t b) {
    return shift_right(multiply_wide(a, b, half_of(probability_bits)), probability_bits);
}

/// p = round_shift(x gain, 8): what is quantized, and whose largest magnitude is the peak.
__device__ inline std::int32_t gained(std::int32_t x, std::int32_t gain) {
    return shift_right(multiply_wide(x, gain, 128), 8);
}

/// round_shift(x rms_gain, 15), whose square is summed; 24 bits.
__device__ inline std::int32_t normalized(std::int32_t x, std::int32_t rms_gain) {
    return shift_right(multiply_wide(x, rms_gain, 1 << 14), 15);
}

/// How the accumulators of a token become states: apply_scale of core/fixed.hpp, for every scale. Products count codes
/// (weight + 1), so the sum of the token's activations is subtracted first. With acc limited to [-L, L], beyond which
/// every state saturates,
///     state = ((acc mantissa + half) >> shift) limited to 24 bits.
/// One instruction limits to [0, top]. So acc is offset by L, and the state by 2^23; `add` makes up for both.
struct StateRule {
    std::int32_t offset;    ///< L - sum
    std::int32_t range;     ///< 2 L
    std::int32_t mantissa;  ///< times a power of two, where the scale's exponent is positive
    std::int32_t shifts;    ///< low + 256 high: shift = low + high, low <= 31
    std::int64_t add;
};

/// From mantissa 2^exponent, or mantissa 0, and the sum of the token's activations; |accumulator| < 2^23. A scale of
/// 2^14 mantissas and more saturates whatever is not zero; one below 2^-39 leaves nothing of an accumulator.
__device__ inline StateRule state_rule(std::uint32_t mantissa, int exponent, std::int32_t sum) {
    const int e = max(-39, min(exponent, 14)), shift = max(-e, 0), low = min(shift, 31);
    const std::int32_t limit = 1 << min(max(8 - e, 0), 23);  // mantissas are 2^15 and more
    const auto factor = static_cast<std::int32_t>((exponent < -39 ? 0 : mantissa) << max(e, 0));
    return {limit - sum, 2 * limit, factor, low + 256 * (shift - low),
            half_of(shift) + (std::int64_t{1} << (23 + shift)) - std::int64_t{limit} * factor};
}
__device__ inline StateRule state_rule(Scale scale, std::int32_t sum) {
    return state_rule(scale.mantissa, scale.exponent, sum);
}

__device__ inline std::int32_t state_of(std::int32_t codes, const StateRule& rule) {
    const std::int32_t acc = __viaddmin_s32_relu(codes, rule.offset, rule.range);
    const std::int32_t low = shift_right(multiply_wide(acc, rule.mantissa, rule.add), rule.shifts);
    // Where the rest of the shift is not zero, the word has no sign.
    const auto from_lowest = static_cast<std::int32_t>(static_cast<std::uint32_t>(low) >> (rule.shifts >> 8));
    return __vimin_s32_relu(from_lowest, state_max - state_min) + state_min;
}

/// The rules of some tokens in shared memory, in the form in which threads load them fastest.
template <int count>
struct StateRules {
    int4 words[count];
    std::int64_t add[count];

    __device__ void set(int token, const StateRule& rule) {
        words[token] = {rule.offset, rule.range, rule.mantissa, rule.shifts};
        add[token] = rule.add;
    }
    __device__ StateRule operator[](int token) const {
        const int4 w = words[token];
        return {w.x, w.y, w.z, w.w, add[token]};
    }
};

/// Four columns of a vector after the gain of an output: what is quantized.
struct Gained {
    std::int32_t p[4];
};

/// 127 / peak as a shift and a factor: p quantizes to bits 40 to 47 of (p << up) factor + 2^39.
struct ActivationScale {
    std::int32_t up;
    std::int32_t factor;
};

/// Bits 32 to 63 of a b + 2^39.
__device__ inline std::int32_t multiply_high(std::int32_t a, std::int32_t b) {
    return static_cast<std::int32_t>(multiply_wide(a, b, std::int64_t{1} << 39) >> 32);
}

/// Bits 8 to 15 of the result are the activation of p, |p| <= the peak of the scale. The scale's error is below
/// 2^-13, so that none rounds beyond 127 and nothing needs a clamp.
__device__ inline std::uint32_t quantized(std::int32_t p, const ActivationScale& how) {
    return static_cast<std::uint32_t>(
        multiply_high(static_cast<std::int32_t>(static_cast<std::uint32_t>(p) << how.up), how.factor));
}

/// Four activations as one word.
__device__ inline std::int32_t quantized_word(const Gained& gained, const ActivationScale& how) {
    std::uint32_t q[4];
#pragma unroll
    for (int j = 0; j < 4; ++j) q[j] = quantized(gained.p[j], how);
    return static_cast<std::int32_t>(
        __byte_perm(__byte_perm(q[0], q[1], 0x0051), __byte_perm(q[2], q[3], 0x0051), 0x5410));
}

}  // namespace tephra::cuda
