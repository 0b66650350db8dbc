#pragma once
// Norm statistics of a warp, the greedy choice, and the embedding row. Sums and maxima of integers do not depend on
// order.
#include "backends/cuda/arithmetic/fixed.cuh"
#include "neuro/lm/float_type.hpp"

namespace tephra::cuda {

inline constexpr unsigned full_warp = 0xFFFFFFFFU;

/// Sum over the warp modulo 2^64, in three parts whose 32-fold fits a word.
__device__ inline std::uint64_t reduce_warp(std::uint64_t v) {
    constexpr std::uint32_t mask = (1U << 22) - 1;
    const std::uint32_t low = __reduce_add_sync(full_warp, static_cast<std::uint32_t>(v) & mask);
    const std::uint32_t middle = __reduce_add_sync(full_warp, static_cast<std::uint32_t>(v >> 22) & mask);
    const std::uint32_t high = __reduce_add_sync(full_warp, static_cast<std::uint32_t>(v >> 44));
    return low + (std::uint64_t{middle} << 22) + (std::uint64_t{high} << 44);
}

__device__ inline std::int32_t gain_at(int2 raw, int j) {
    const int word = j < 2 ? raw.x : raw.y;
    return static_cast<std::int16_t>(j % 2 == 0 ? word : word >> 16);
}

__device__ inline std::int32_t state_at(int4 v, int j) {
    return j == 0 ? v.x : (j == 1 ? v.y : (j == 2 ? v.z : v.w));
}

/// Four columns after the gain of an output.
__device__ inline Gained gained(int4 v, int2 gain) {
    Gained all;
#pragma unroll
    for (int j = 0; j < 4; ++j) all.p[j] = gained(state_at(v, j), static_cast<std::int16_t>(gain_at(gain, j)));
    return all;
}

/// Adds four states to a norm's sum of squares.
__device__ inline void add_squares(int4 v, int2 rms, std::int64_t& sum) {
#pragma unroll
    for (int j = 0; j < 4; ++j) {
        const std::int32_t a = normalized(state_at(v, j), static_cast<std::int16_t>(gain_at(rms, j)));
        sum = multiply_wide(a, a, sum);
    }
}

__device__ inline std::uint32_t larger(std::uint32_t peak, const Gained& gained) {
#pragma unroll
    for (int j = 0; j < 4; ++j) peak = max(peak, static_cast<std::uint32_t>(abs(gained.p[j])));
    return peak;
}

/// A logit and its token as one number, whose largest is the greedy choice by the rule of neuro/lm/sampling.hpp: the
/// lowest token of equal logits. 24 bits of logit, 24 bits of token (most_vocabulary), 16 bits left for a tag.
__device__ inline std::uint64_t candidate(std::int32_t logit, int token) {
    return std::uint64_t{static_cast<std::uint32_t>(logit - state_min)} << 40 |
           std::uint64_t{0xFFFFFFU - static_cast<std::uint32_t>(token)} << 16;
}
__device__ inline int candidate_token(std::uint64_t best) {
    return static_cast<int>(0xFFFFFFU - static_cast<std::uint32_t>(best >> 16 & 0xFFFFFFU));
}

/// Column c of row `id` as a state; the same steps as EmbeddingTable::fixed_row.
__device__ inline std::int32_t embedded(const EmbeddingView& table, std::int32_t id, int c) {
    const std::size_t index = static_cast<std::size_t>(id) * table.cols + c;
    FloatParts parts;
    if (table.type == FloatType::f32)
        parts = float_parts(reinterpret_cast<const std::uint32_t*>(table.data)[index], 8, 23);
    else if (table.type == FloatType::bf16)
        parts = float_parts(reinterpret_cast<const std::uint16_t*>(table.data)[index], 8, 7);
    else
        parts = float_parts(reinterpret_cast<const std::uint16_t*>(table.data)[index], 5, 10);
    const std::int64_t signed_magnitude =
        parts.negative ? -std::int64_t{parts.magnitude} : std::int64_t{parts.magnitude};
    const int shift = parts.exponent + table.fraction_bits;
    if (signed_magnitude == 0 || shift < -62) return 0;
    if (!parts.finite || shift > 24) return parts.negative ? state_min : state_max;
    return saturate24(shift >= 0 ? signed_magnitude << shift : round_shift(signed_magnitude, -shift));
}

}  // namespace tephra::cuda
