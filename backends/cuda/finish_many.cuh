#pragma once
// What the product of many tokens does with its sums: the finishes of finish.cuh in as few instructions as they take,
// because a multiprocessor finishes one tile while it multiplies the next.
#include "backends/cuda/finish.cuh"

namespace tephra::cuda {

/// How the codes' sums of a token become states. With acc = codes - sum limited to [-L, L], beyond which any state
/// saturates,
///     state = ((acc mantissa + half) >> shift) limited to 24 bits;
/// both limits are [0, top] here, which one instruction knows, so acc is counted from -L and the state from -2^23.
struct CountedState {
    int4 limits;  ///< L - sum, 2 L, mantissa, shift
    std::int64_t add;
};

/// Whether it fits: exponents for which 32 bits hold what is shifted.
__device__ inline bool countable(Scale scale) {
    return scale.mantissa == 0 || (scale.exponent <= 0 && scale.exponent >= -31);
}

__device__ inline CountedState counted_state(Scale scale, std::int32_t sum) {
    const int shift = scale.mantissa == 0 ? 16 : -scale.exponent, mantissa = scale.mantissa;
    const std::int32_t limit = 1 << min(8 + shift, 23);  // mantissas are 2^15 and more, sums less than 2^23
    return {{limit - sum, 2 * limit, mantissa, shift},
            half_of(shift) + (std::int64_t{1} << (23 + shift)) - std::int64_t{limit} * mantissa};
}

__device__ inline std::int32_t state_of(std::int32_t codes, const int4& limits, std::int64_t add) {
    const std::int32_t acc = __viaddmin_s32_relu(codes, limits.x, limits.y);
    const std::int64_t product = multiply_wide(acc, limits.z, add);
    const auto counted = static_cast<std::int32_t>(__funnelshift_r(static_cast<std::uint32_t>(product),
                                                                   static_cast<std::uint32_t>(product >> 32),
                                                                   static_cast<std::uint32_t>(limits.w)));
    return __vimin_s32_relu(counted, (1 << 24) - 1) + state_min;
}

/// What all threads of a block share while they finish.
template <int tokens>
struct FinishTables {
    int4 limits[tokens];
    std::int64_t add[tokens];
};

/// Finishes the sums of 8 rows above and 8 below of `count` / 4 times eight tokens, which a warp holds as
/// finish_registers says.
template <Finish finish, int tokens, int count>
__device__ inline void finish_quick(const ProductArguments& a, int matrix, int pair, int lane, int first_token,
                                    const FinishTables<tokens>& tables, const SigmoidEntry* sigmoids,
                                    const std::int32_t (&sums)[count]) {
    constexpr int group = 4;  // eights of tokens whose residuals are loaded together
    const QuickFinish how(a, sigmoids);
    const bool pairs = in_pairs<finish>(a);
    const int n0 = 2 * (lane % 4), row = (pairs ? 8 : 16) * pair + lane / 4, rows = a.weights.rows;
    const bool upper = row < rows, lower = pairs ? upper : row + 8 < rows;
    const int limit = a.tokens - first_token - n0, below_at = pairs ? rows : 8;
    const std::size_t corner = static_cast<std::size_t>(first_token + n0) * a.stride + row;
    std::int32_t* const out = a.out + matrix * a.matrix_stride + corner;
#pragma unroll
    for (int first = 0; first < count / 4; first += group) {
        std::int32_t x[group][2][2] = {};
#pragma unroll
        for (int i = 0; finish == Finish::residual && i < 2 * group; ++i) {
            const int n = 8 * (first + i / 2) + i % 2;
            const std::int32_t* const from = a.x + corner + n * a.stride;
            if (upper && n < limit) x[i / 2][i % 2][0] = __ldg(from);
            if (lower && n < limit) x[i / 2][i % 2][1] = __ldg(from + 8);
        }
#pragma unroll
        for (int i = 0; i < 2 * group; ++i) {  // branches only around stores: the chains of all states are at work
            const int eight = first + i / 2, k = i % 2, n = 8 * eight + k;
            const int4 limits = tables.limits[n0 + n];
            const std::int64_t add = tables.add[n0 + n];
            std::int32_t above = state_of(sums[4 * eight + k], limits, add);
            std::int32_t below = state_of(sums[4 * eight + k + 2], limits, add);
            std::int32_t* const to = out + n * a.stride;
            if constexpr (finish == Finish::unit) {
                above = how.gate(above, below);
                if (upper && n < limit) to[0] = above;
                continue;
            }
            if constexpr (finish == Finish::residual) {
                above = how.sum(x[i / 2][k][0], above);
                below = how.sum(x[i / 2][k][1], below);
            }
            if (upper && n < limit) to[0] = above;
            if (lower && n < limit) to[below_at] = below;
        }
    }
}

}  // namespace tephra::cuda
