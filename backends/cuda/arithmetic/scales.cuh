#pragma once
// The scales of core/fixed.hpp and the norm's scalars of neuro/lm/neuron_math.hpp: the same results by few
// instructions, without branches, in words of 32 bits. `decode` waits for them between two dependent steps of one warp.
#include "backends/cuda/arithmetic/states.cuh"

namespace tephra::cuda {

/// A Scale in whole words. The value zero has mantissa 0 and any exponent.
struct WideScale {
    std::uint32_t mantissa;
    std::int32_t exponent;
};

__device__ inline WideScale wide(Scale scale) {
    return {scale.mantissa, scale.exponent};
}

/// A mantissa of up to 2^16: 2^16 is 2^15 of the next exponent.
__device__ inline WideScale carried(std::uint32_t mantissa, std::int32_t exponent) {
    const bool carry = mantissa == 65536;
    return {carry ? 32768 : mantissa, exponent + (carry ? 1 : 0)};
}

/// to_scale.
__device__ inline WideScale wide_scale(std::uint32_t v) {
    const int lead = __clz(static_cast<int>(v));
    const std::uint32_t top = v << (lead & 31);
    return carried((top >> 16) + (top >> 15 & 1), 16 - lead);
}
__device__ inline WideScale wide_scale(std::uint64_t v) {
    const auto high = static_cast<std::uint32_t>(v >> 32), low = static_cast<std::uint32_t>(v);
    const int lead = __clz(static_cast<int>(high));
    const std::uint32_t top = high == 0 ? low : __funnelshift_l(low, high, static_cast<std::uint32_t>(lead));
    const WideScale scale = wide_scale(top);
    return {scale.mantissa, scale.exponent + (high == 0 ? 0 : 32 - lead)};
}

/// multiply of core/fixed.hpp.
__device__ inline WideScale multiply(WideScale a, WideScale b) {
    const std::uint32_t product = a.mantissa * b.mantissa;
    const int shift = 15 + static_cast<int>(product >> 31);
    return carried((product >> shift) + (product >> (shift - 1) & 1), a.exponent + b.exponent + shift);
}

/// Clamps a Newton step's result, numerics.md section 2.
__device__ inline WideScale newton(std::uint32_t seed, std::uint32_t rest, std::int32_t exponent) {
    const std::uint64_t product = std::uint64_t{seed} * rest + (std::uint64_t{1} << 30);
    const std::uint32_t y =
        __funnelshift_l(static_cast<std::uint32_t>(product), static_cast<std::uint32_t>(product >> 32), 1);
    const bool carry = y >= 65536;
    return {carry ? 32768 : max(y, 32768U), exponent + (carry ? 1 : 0)};
}

/// reciprocal of a scale that is not zero. m seed is 2^31 within 2^-9, so 2^32 - m seed fits a word.
__device__ inline WideScale reciprocal(WideScale a, const std::uint32_t* seeds) {
    const std::uint32_t seed = seeds[(a.mantissa >> 7) - 256];
    return newton(seed, 0U - a.mantissa * seed, -31 - a.exponent);
}

/// inverse_sqrt of a scale that is not zero.
__device__ inline WideScale inverse_sqrt(WideScale a, const std::uint32_t* seeds) {
    const std::int32_t odd = a.exponent & 1;
    const std::uint32_t u = a.mantissa << (1 - odd);
    const std::uint32_t seed = seeds[(u >> 8) - 128];
    const std::uint64_t t = std::uint64_t{u} * (seed * seed);
    const std::uint32_t scaled_t =
        __funnelshift_r(static_cast<std::uint32_t>(t), static_cast<std::uint32_t>(t >> 32), 17);
    return newton(seed, (3U << 30) - scaled_t, -15 - ((a.exponent + 16 + odd) >> 1));
}

/// 127 / peak. A peak of 2^w has a shift near w + 8, at most 39; where it is short of 25, p has the
/// bits to spare that the factor lacks.
__device__ inline ActivationScale activation_scale(std::uint32_t peak, const std::uint32_t* reciprocals) {
    const WideScale scale = multiply({127 << 9, -9}, reciprocal(wide_scale(max(peak, 1U)), reciprocals));
    const int shift = -scale.exponent, up = max(25 - shift, 0);
    return {up, peak == 0 ? 0 : static_cast<std::int32_t>(scale.mantissa) << (40 - shift - up)};
}

/// 1 / sqrt(sum + epsilon + second_epsilon x second).
__device__ inline WideScale inverse_rms(std::uint64_t epsilon, WideScale second_epsilon, std::uint64_t sum,
                                        std::uint64_t second, const std::uint32_t* inverse_roots) {
    sum += epsilon;
    if (second != 0) {  // the output norm alone
        const WideScale extra = multiply(wide_scale(second), second_epsilon);
        const int down = min(max(-extra.exponent, 0), 31);  // from 17 on nothing is left
        const std::uint32_t rounded = (extra.mantissa + ((1U << down) >> 1)) >> down;
        sum += std::uint64_t{rounded} << min(max(extra.exponent, 0), 46);
    }
    return inverse_sqrt(wide_scale(sum > 1 ? sum : 1), inverse_roots);
}

/// state_rule of fixed.cuh; products of single bits count the weights themselves, so that no sum is subtracted.
__device__ inline StateRule state_rule(WideScale scale, std::int32_t sum = 0) {
    return state_rule(scale.mantissa, scale.exponent, sum);
}

}  // namespace tephra::cuda
