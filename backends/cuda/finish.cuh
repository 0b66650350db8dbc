#pragma once
// What every product does with its accumulators, and how it unpacks weights.
#include "backends/cuda/batch.hpp"
#include "backends/cuda/quick_states.cuh"

namespace tephra::cuda {

/// What a product makes of its states, for all formats.
struct PlainFinish {
    const ProductArguments& a;

    __device__ std::int32_t sum(std::int32_t x, std::int32_t state) const { return residual(x, a.shift, state); }
    __device__ std::int32_t gate(std::int32_t z1, std::int32_t z2) const { return gated(z1, z2, a.z_bits, a.y_bits); }
};

/// The same without branches, for formats that `fits` names, which models have.
struct QuickFinish {
    QuickShift shift;
    SigmoidFormat format;
    QuickProduct product;
    const SigmoidEntry* sigmoids;

    __host__ __device__ static bool fits(Finish finish, const ProductArguments& a) {
        return finish != Finish::unit || QuickProduct::fits(2 * a.z_bits - a.y_bits);
    }
    /// entries: the sigmoid's, in shared memory; for the gate only.
    __device__ QuickFinish(const ProductArguments& a, const SigmoidEntry* entries)
        : shift(a.shift), format(sigmoid_format(a.z_bits)), product(2 * a.z_bits - a.y_bits), sigmoids(entries) {}
    __device__ std::int32_t sum(std::int32_t x, std::int32_t state) const { return clamp24(shift(x) + state); }
    __device__ std::int32_t gate(std::int32_t z1, std::int32_t z2) const {
        return product(quick_silu(z1, format, sigmoids), z2);
    }
};

/// Whether tile rows come in pairs that meet in one output: z1 above z2.
template <Finish finish>
__device__ inline bool in_pairs(const ProductArguments& a) {
    return finish == Finish::unit || (finish == Finish::states && a.weights.matrices == 2);
}

/// Finishes accumulators that a warp holds as mma fragments: sums[4 i .. 4 i + 3] of tokens 8 i + 2 (lane % 4) + {0,
/// 1}, for rows lane / 4 of the upper and then of the lower half of row pair `pair`. tokens: shared memory, of the
/// first.
template <Finish finish, int count, typename How>
__device__ inline void finish_registers(const How& how, const ProductArguments& a, int matrix, int pair, int lane,
                                        int first_token, const ReadyState* tokens, const std::int32_t (&sums)[count]) {
    constexpr int group = count < 16 ? count : 16;
    const bool pairs = in_pairs<finish>(a);
    const int n0 = 2 * (lane % 4), row = (pairs ? 8 : 16) * pair + lane / 4, rows = a.weights.rows;
    const bool upper = row < rows, lower = pairs ? upper : row + 8 < rows;
    const std::size_t corner = static_cast<std::size_t>(first_token + n0) * a.stride + row;
    std::int32_t* const out = a.out + matrix * a.matrix_stride + corner;
#pragma unroll
    for (int r = 0; r < count; r += group) {
        std::int32_t x[group] = {};
        if constexpr (finish == Finish::residual) {  // all loads before the first use
#pragma unroll
            for (int i = 0; i < group; ++i) {
                const int n = (r + i) / 4 * 8 + i % 2;
                if ((i % 4 < 2 ? upper : lower) && first_token + n0 + n < a.tokens)
                    x[i] = __ldg(a.x + corner + n * a.stride + i % 4 / 2 * 8);
            }
        }
#pragma unroll
        for (int i = 0; i < group; i += 4) {
#pragma unroll
            for (int k = 0; k < 2; ++k) {
                const int n = (r + i) / 4 * 8 + k;
                if (first_token + n0 + n >= a.tokens) continue;
                const ReadyState token = tokens[n0 + n];
                std::int32_t* const to = out + n * a.stride;
                const std::int32_t above = state_of(sums[r + i + k], token);
                const std::int32_t below = state_of(sums[r + i + k + 2], token);
                if constexpr (finish == Finish::unit) {
                    if (upper) to[0] = how.gate(above, below);
                } else if constexpr (finish == Finish::residual) {
                    if (upper) to[0] = how.sum(x[i + k], above);
                    if (lower) to[8] = how.sum(x[i + k + 2], below);
                } else {
                    if (upper) to[0] = above;
                    if (lower) to[pairs ? rows : 8] = below;
                }
            }
        }
    }
}

/// Leaves accumulators that a warp holds as finish_registers says in shared memory: kept[n pitch + r] of token n, from
/// `first_token` on, and row r, 16 from first_row on.
template <int pitch, int count>
__device__ inline void keep_registers(std::int32_t* kept, int first_token, int first_row, int lane,
                                      const std::int32_t (&sums)[count]) {
    std::int32_t* const corner = kept + (first_token + 2 * (lane % 4)) * pitch + first_row + lane / 4;
#pragma unroll
    for (int r = 0; r < count; ++r) corner[(r / 4 * 8 + r % 2) * pitch + r % 4 / 2 * 8] = sums[r];
}

/// Finishes a block's sums from shared memory, neighbouring threads neighbouring rows. sums(n, r): the sum of token n
/// and row r of the block; rows `first_row` .. first_row + rows - 1 of what the product sees, tokens from first_token
/// on, whose shared properties are `of_tokens`.
template <Finish finish, int rows, int tokens, typename How, typename Sums>
__device__ inline void finish_block(const How& how, const ProductArguments& a, int matrix, int first_row,
                                    int first_token, int thread, int threads, const ReadyState* of_tokens,
                                    const Sums& sums) {
    const bool pairs = in_pairs<finish>(a);
    const int columns = pairs ? rows / 2 : rows;
    const int shift = pairs ? 1 : 0;
    const int limit = min(tokens, a.tokens - first_token);
#pragma unroll 4
    for (int e = thread; e < columns * limit; e += threads) {
        const int n = pairs ? e / (rows / 2) : e / rows;
        const int c = pairs ? e % (rows / 2) : e % rows;
        const int row = (first_row >> shift) + c;
        if (row >= a.weights.rows) continue;
        const ReadyState token = of_tokens[n];
        const std::size_t line = static_cast<std::size_t>(first_token + n) * a.stride;
        std::int32_t* const out = a.out + matrix * a.matrix_stride + line;
        if constexpr (finish == Finish::residual) {
            out[row] = how.sum(__ldg(a.x + line + row), state_of(sums(n, c), token));
        } else if (pairs) {
            const int upper = c / 8 * 16 + c % 8;
            const std::int32_t z1 = state_of(sums(n, upper), token), z2 = state_of(sums(n, upper + 8), token);
            if constexpr (finish == Finish::unit) {
                out[row] = how.gate(z1, z2);
            } else {
                out[row] = z1;
                out[a.weights.rows + row] = z2;
            }
        } else {
            out[row] = state_of(sums(n, c), token);
        }
    }
}

/// How far up the codes of a fragment are in their bytes if they are `high`.
inline constexpr int high_codes = 6;

/// The A fragment of 16 rows x 32 columns, k-step 4 half + plane of a chunk, from the lane's words of two tiles. high:
/// codes 2^high_codes times: left shifts are multiplications to the compiler, which then go beside the masks instead of
/// in line with them.
template <bool high = false>
__device__ inline void unpack(const uint4& upper, const uint4& lower, int half, int plane, std::uint32_t (&a)[4]) {
    const auto codes = [plane](std::uint32_t word) {
        return high ? word << (high_codes - 2 * plane) & 0xC0C0C0C0 : word >> (2 * plane) & 0x03030303;
    };
    a[0] = codes(half == 0 ? upper.x : upper.z);
    a[1] = codes(half == 0 ? lower.x : lower.z);
    a[2] = codes(half == 0 ? upper.y : upper.w);
    a[3] = codes(half == 0 ? lower.y : lower.w);
}

}  // namespace tephra::cuda
