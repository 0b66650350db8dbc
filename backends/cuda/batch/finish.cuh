#pragma once
// What every product does with its accumulators, and how it unpacks weights.
#include "backends/cuda/arithmetic/states.cuh"
#include "backends/cuda/batch/batch.hpp"

namespace tephra::cuda {

/// What a product makes of its states.
struct FinishArithmetic {
    StateShift shift;
    SigmoidFormat format;
    StateProduct product;
    const SigmoidEntry* sigmoids;

    /// entries: the sigmoid's, in shared memory or not; for the gate only.
    __device__ FinishArithmetic(const ProductArguments& a, const SigmoidEntry* entries)
        : shift(a.shift), format(sigmoid_format(a.z_bits)), product(2 * a.z_bits - a.y_bits), sigmoids(entries) {}
    __device__ std::int32_t sum(std::int32_t x, std::int32_t state) const { return clamp24(shift(x) + state); }
    __device__ std::int32_t gate(std::int32_t z1, std::int32_t z2) const {
        return product(silu_of(z1, format, sigmoids), z2);
    }
};

/// Whether tile rows come in pairs that give one output: z1 above z2.
template <Finish finish>
__device__ inline bool in_pairs(const ProductArguments& a) {
    return finish == Finish::unit || (finish == Finish::states && a.weights.matrices == 2);
}

/// What a warp holds of a product as mma fragments: sums[4 i .. 4 i + 3] of tokens 8 i + 2 (lane % 4) + {0, 1} from
/// first_token on, for rows lane / 4 of the upper and then of the lower half of row pair `pair`.
struct Fragment {
    int matrix, pair, lane, first_token;
};

/// Finishes the sums of a fragment. rules: of the tokens, from the fragment's first on. Branches stand only around
/// stores, so that the chains of all states run side by side.
template <Finish finish, int tokens, int count>
__device__ inline void finish_registers(const ProductArguments& a, const Fragment& at, const StateRules<tokens>& rules,
                                        const SigmoidEntry* sigmoids, const std::int32_t (&sums)[count]) {
    constexpr int group = count < 16 ? count / 4 : 4;  // eights of tokens whose residuals are loaded together
    const FinishArithmetic how(a, sigmoids);
    const bool pairs = in_pairs<finish>(a);
    const int n0 = 2 * (at.lane % 4), row = (pairs ? 8 : 16) * at.pair + at.lane / 4, rows = a.weights.rows;
    const bool upper = row < rows, lower = pairs ? upper : row + 8 < rows;
    const int limit = a.tokens - at.first_token - n0, below_at = pairs ? rows : 8;
    const std::size_t corner = static_cast<std::size_t>(at.first_token + n0) * a.stride + row;
    std::int32_t* const out = a.out + at.matrix * a.matrix_stride + corner;
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
        for (int i = 0; i < 2 * group; ++i) {
            const int eight = first + i / 2, k = i % 2, n = 8 * eight + k;
            const StateRule rule = rules[n0 + n];
            std::int32_t above = state_of(sums[4 * eight + k], rule);
            std::int32_t below = state_of(sums[4 * eight + k + 2], rule);
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

/// Stores a fragment's sums in shared memory: kept[n pitch + r] of token n, from `first_token` on, and row r, 16 from
/// first_row on.
template <int pitch, int count>
__device__ inline void keep_registers(std::int32_t* kept, int first_token, int first_row, int lane,
                                      const std::int32_t (&sums)[count]) {
    std::int32_t* const corner = kept + (first_token + 2 * (lane % 4)) * pitch + first_row + lane / 4;
#pragma unroll
    for (int r = 0; r < count; ++r) corner[(r / 4 * 8 + r % 2) * pitch + r % 4 / 2 * 8] = sums[r];
}

/// A block's part of a product: rows of what the product sees, and tokens, from these on. thread: of the block.
struct BlockPart {
    int matrix, first_row, first_token, thread;
};

/// Finishes a block's sums, `rows` x `tokens`, by its first `threads` threads: neighbouring threads take neighbouring
/// rows. rules: of the tokens from first_rule on; sums(n, r): the sum of token n and row r of the part.
template <Finish finish, int rows, int tokens, int threads, int count, typename Sums>
__device__ inline void finish_block(const FinishArithmetic& how, const ProductArguments& a, const BlockPart& part,
                                    const StateRules<count>& rules, int first_rule, const Sums& sums) {
    const bool pairs = in_pairs<finish>(a);
    const int columns = pairs ? rows / 2 : rows;
    const int shift = pairs ? 1 : 0;
    const int limit = min(tokens, a.tokens - part.first_token);
#pragma unroll 4
    for (int e = part.thread; e < columns * limit; e += threads) {
        const int n = pairs ? e / (rows / 2) : e / rows;
        const int c = pairs ? e % (rows / 2) : e % rows;
        const int row = (part.first_row >> shift) + c;
        if (row >= a.weights.rows) continue;
        const StateRule rule = rules[first_rule + n];
        const std::size_t line = static_cast<std::size_t>(part.first_token + n) * a.stride;
        std::int32_t* const out = a.out + part.matrix * a.matrix_stride + line;
        if constexpr (finish == Finish::residual) {
            out[row] = how.sum(__ldg(a.x + line + row), state_of(sums(n, c), rule));
        } else if (pairs) {
            const int upper = c / 8 * 16 + c % 8;
            const std::int32_t z1 = state_of(sums(n, upper), rule), z2 = state_of(sums(n, upper + 8), rule);
            if constexpr (finish == Finish::unit) {
                out[row] = how.gate(z1, z2);
            } else {
                out[row] = z1;
                out[a.weights.rows + row] = z2;
            }
        } else {
            out[row] = state_of(sums(n, c), rule);
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
