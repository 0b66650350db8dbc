#pragma once
// What every product does with its accumulators, and how it unpacks weights.
#include "backends/cuda/batch.hpp"
#include "backends/cuda/numerics.cuh"

namespace tephra::cuda {

/// Tile rows of a stage taken in pairs give the 16 rows of a fragment. With three matrices (f, i, g) a pair is two
/// packs of one matrix; with two (gate) it is both halves of one pack, so that z1 and z2 of a channel meet in one
/// thread.
__device__ inline int tile_row_of(const StageView& weights, int index, int matrix) {
    return weights.matrices == 3 ? 3 * index + matrix : index;
}

/// Finishes one token's accumulators of the upper and lower half of row pair `pair`; g: row within the half. The
/// accumulators are of codes (weight + 1), so the sum of the activations is taken off here.
template <Finish finish>
__device__ inline void finish_pair(const ProductArguments& a, int matrix, int pair, int g, int n, std::int32_t upper,
                                   std::int32_t lower) {
    if (n >= a.tokens) return;
    const int at = matrix * a.activations.tokens + n;
    const Scale scale = a.activations.dequantize[at];
    const std::int32_t sum = a.activations.sums[at];
    std::int32_t* const out = a.out + matrix * a.matrix_stride + static_cast<std::size_t>(n) * a.stride;
    if constexpr (finish == Finish::unit) {
        const int row = 8 * pair + g;
        if (row < a.weights.rows)
            out[row] = gated(device_apply_scale(upper - sum, scale), device_apply_scale(lower - sum, scale), a.z_bits,
                             a.y_bits);
    } else if (finish == Finish::states && a.weights.matrices == 2) {
        const int row = 8 * pair + g;
        if (row >= a.weights.rows) return;
        out[row] = device_apply_scale(upper - sum, scale);
        out[a.weights.rows + row] = device_apply_scale(lower - sum, scale);
    } else {
        const int first = 16 * pair + g;
        const std::int32_t accumulators[2] = {upper - sum, lower - sum};
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const int row = first + 8 * half;
            if (row >= a.weights.rows) continue;
            if constexpr (finish == Finish::residual)
                out[row] =
                    residual(a.x[static_cast<std::size_t>(n) * a.stride + row], a.shift, accumulators[half], scale);
            else
                out[row] = device_apply_scale(accumulators[half], scale);
        }
    }
}

/// What every row of a token shares.
struct TokenScale {
    Scale scale;
    std::int32_t sum;
};

/// Finishes a block's sums from shared memory, neighbouring threads neighbouring rows. sums(n, r): the sum of token n
/// and row r of the block; rows `first_row` .. first_row + rows - 1 of what the product sees, tokens from first_token
/// on. scales: shared memory, [tokens], filled.
template <Finish finish, int rows, int tokens, typename Sums>
__device__ inline void finish_block(const ProductArguments& a, int matrix, int first_row, int first_token, int thread,
                                    int threads, const TokenScale* scales, const Sums& sums) {
    const bool pairs = finish == Finish::unit || (finish == Finish::states && a.weights.matrices == 2);
    const int columns = pairs ? rows / 2 : rows;
    const int shift = pairs ? 1 : 0;
    const int limit = min(tokens, a.tokens - first_token);
#pragma unroll 4
    for (int e = thread; e < columns * limit; e += threads) {
        const int n = pairs ? e / (rows / 2) : e / rows;
        const int c = pairs ? e % (rows / 2) : e % rows;
        const int row = (first_row >> shift) + c;
        if (row >= a.weights.rows) continue;
        const TokenScale token = scales[n];
        const std::size_t line = static_cast<std::size_t>(first_token + n) * a.stride;
        std::int32_t* const out = a.out + matrix * a.matrix_stride + line;
        if constexpr (finish == Finish::residual) {
            out[row] = residual(__ldg(a.x + line + row), a.shift, sums(n, c) - token.sum, token.scale);
        } else if (pairs) {
            const int upper = c / 8 * 16 + c % 8;
            const std::int32_t z1 = device_apply_scale(sums(n, upper) - token.sum, token.scale);
            const std::int32_t z2 = device_apply_scale(sums(n, upper + 8) - token.sum, token.scale);
            if constexpr (finish == Finish::unit) {
                out[row] = gated(z1, z2, a.z_bits, a.y_bits);
            } else {
                out[row] = z1;
                out[a.weights.rows + row] = z2;
            }
        } else {
            out[row] = device_apply_scale(sums(n, c) - token.sum, token.scale);
        }
    }
}

/// The A fragment of 16 rows x 32 columns, k-step 4 half + plane of a chunk, from the lane's words of two tiles.
__device__ inline void unpack(const uint4& upper, const uint4& lower, int half, int plane, std::uint32_t (&a)[4]) {
    constexpr std::uint32_t mask = 0x03030303;
    a[0] = (half == 0 ? upper.x : upper.z) >> (2 * plane) & mask;
    a[1] = (half == 0 ? lower.x : lower.z) >> (2 * plane) & mask;
    a[2] = (half == 0 ? upper.y : upper.w) >> (2 * plane) & mask;
    a[3] = (half == 0 ? lower.y : lower.w) >> (2 * plane) & mask;
}

/// Tile rows of one matrix as a product sees it, and how many of them there are.
__host__ __device__ inline int tile_rows_seen(const StageView& weights) {
    return weights.matrices == 3 ? weights.padded_packs : weights.matrices * weights.padded_packs;
}

}  // namespace tephra::cuda
