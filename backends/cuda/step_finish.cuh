#pragma once
// What the step kernel makes of sums that its warpgroups leave in shared memory.
#include "backends/cuda/finish.cuh"
#include "backends/cuda/reduce.cuh"
#include "backends/cuda/step.hpp"
#include "backends/cuda/step_meeting.cuh"

namespace tephra::cuda {

inline constexpr int kept_pitch = 64 + 4;  ///< of a token's sums, padded against bank conflicts

/// What a block does next of a stage.
struct WorkItem {
    int matrix, row_tile, first_token;
};

/// A warpgroup's share of an item.
struct WarpgroupShare {
    int thread, row_group, chunk_group, chunk_groups, warp, lane;

    __device__ explicit WarpgroupShare(int row_groups) {
        thread = step_thread();
        const int warps = __shfl_sync(full_warp, thread / 32, 0);  // known to be uniform
        row_group = warps / 4 % row_groups;
        chunk_group = warps / 4 / row_groups;
        chunk_groups = 4 / row_groups;
        warp = warps % 4;
        lane = thread % 32;
    }
    /// Chunks of `all` that fall to the warpgroup: chunk_group, chunk_group + chunk_groups, ...
    __device__ int chunks(int all) const {
        return chunk_group < chunk_groups ? max(0, ceil_div(all - chunk_group, chunk_groups)) : 0;
    }
};

/// Leaves a warpgroup's sums in shared memory: [warpgroup][token][row].
template <int tokens>
__device__ inline void keep_sums(std::int32_t* kept, const WarpgroupShare& share,
                                 const std::int32_t (&sums)[tokens / 2]) {
    keep_registers<kept_pitch>(kept, share.thread / 128 * tokens, 16 * share.warp, share.lane, sums);
}

__device__ inline int4 operator+(const int4& a, const int4& b) {
    return {a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w};
}
__device__ inline int4 states_of(const int4& sums, const ReadyState& token) {
    return {state_of(sums.x, token), state_of(sums.y, token), state_of(sums.z, token), state_of(sums.w, token)};
}

/// Finishes kept sums, four outputs of a token at a time. Rows are padded to fours, so that the last may write too
/// many.
template <Finish finish, int tokens>
__device__ __forceinline__ void finish_kept(const ProductArguments& a, const WorkItem& item, int row_groups, int thread,
                                            const std::int32_t* kept, const ReadyState* of_tokens,
                                            const SigmoidEntry* sigmoids) {
    constexpr bool pairs = finish == Finish::unit;
    constexpr int quads = pairs ? 8 : 16;  // of outputs of 64 rows
    const QuickFinish how(a, sigmoids);
    const int limit = min(tokens, a.tokens - item.first_token);
#pragma unroll 2
    for (int e = thread; e < row_groups * tokens * quads; e += step_threads) {
        const int quad = e % quads, n = e / quads % tokens, group = e / (quads * tokens);
        const int row = (item.row_tile * row_groups + group) * (4 * quads) + 4 * quad;
        if (n >= limit || row >= a.weights.rows) continue;
        const std::size_t at = static_cast<std::size_t>(item.first_token + n) * a.stride + row;
        int4 x{};
        if constexpr (finish == Finish::residual) x = __ldcg(reinterpret_cast<const int4*>(a.x + at));
        int4 above{}, below{};
        for (int part = group; part < 4 / row_groups * row_groups; part += row_groups) {
            const auto* const from = reinterpret_cast<const int4*>(kept + (part * tokens + n) * kept_pitch +
                                                                   (pairs ? quad / 2 * 16 + quad % 2 * 4 : 4 * quad));
            above = above + from[0];
            if constexpr (pairs) below = below + from[2];
        }
        const ReadyState token = of_tokens[n];
        int4 out = states_of(above, token);
        if constexpr (pairs) {
            const int4 z2 = states_of(below, token);
            out = {how.gate(out.x, z2.x), how.gate(out.y, z2.y), how.gate(out.z, z2.z), how.gate(out.w, z2.w)};
        } else if constexpr (finish == Finish::residual) {
            out = {how.sum(x.x, out.x), how.sum(x.y, out.y), how.sum(x.z, out.z), how.sum(x.w, out.w)};
        }
        *reinterpret_cast<int4*>(a.out + item.matrix * a.matrix_stride + at) = out;
    }
}

/// The largest logits of the kept sums, against the largest so far.
template <int tokens>
__device__ __forceinline__ void choose_kept(const ProductArguments& a, const WorkItem& item, int row_groups, int thread,
                                            const std::int32_t* kept, const ReadyState* of_tokens,
                                            std::uint64_t* best) {
    const int limit = min(tokens, a.tokens - item.first_token);
#pragma unroll 1
    for (int e = thread; e < row_groups * tokens * 16; e += step_threads) {  // 16 neighbours share a token
        const int quad = e % 16, n = e / 16 % tokens, group = e / (16 * tokens);
        const int row = (item.row_tile * row_groups + group) * 64 + 4 * quad;
        std::uint64_t mine = 0;
        if (n < limit) {
            int4 sums{};
            for (int part = group; part < 4 / row_groups * row_groups; part += row_groups)
                sums = sums + *reinterpret_cast<const int4*>(kept + (part * tokens + n) * kept_pitch + 4 * quad);
            const int4 logits = states_of(sums, of_tokens[n]);
#pragma unroll
            for (int j = 0; j < 4; ++j)
                if (row + j < a.weights.rows) mine = max(mine, candidate(state_at(logits, j), row + j));
        }
#pragma unroll
        for (int distance = 8; distance > 0; distance /= 2)
            mine = max(mine, __shfl_xor_sync(full_warp, mine, distance));
        if (quad == 0 && n < limit)
            atomicMax(reinterpret_cast<unsigned long long*>(best) + item.first_token + n,
                      static_cast<unsigned long long>(mine));
    }
}

}  // namespace tephra::cuda
