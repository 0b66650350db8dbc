#pragma once
// What the step kernel makes of the sums that its warpgroups store in shared memory.
#include "backends/cuda/arithmetic/reduce.cuh"
#include "backends/cuda/batch/finish.cuh"
#include "backends/cuda/hardware/relaxed.cuh"
#include "backends/cuda/step/grid_barrier.cuh"
#include "backends/cuda/step/shared_memory.cuh"
#include "backends/cuda/step/step.hpp"

namespace tephra::cuda {

/// Stores a warpgroup's sums in shared memory: [warpgroup][token][row].
template <int tokens>
__device__ inline void keep_sums(std::int32_t* kept, const std::int32_t (&sums)[tokens / 2]) {
    const unsigned thread = step_thread();
    keep_registers<kept_pitch>(kept, thread / 128 * tokens, thread / 32 % 4 * 16, thread % 32, sums);
}

__device__ inline int4 operator+(const int4& a, const int4& b) {
    return {a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w};
}
/// The sums of the warpgroups over chunks of group `group` of rows; from(part): what warpgroup `part` kept.
template <typename From>
__device__ __forceinline__ int4 sum_parts(int row_groups, int group, const From& from) {
    int4 sums = from(group);
    if (row_groups <= 2) sums = sums + from(group + row_groups);
    if (row_groups == 1) sums = sums + (from(2) + from(3));
    return {sums.x >> high_codes, sums.y >> high_codes, sums.z >> high_codes, sums.w >> high_codes};
}
__device__ inline int4 states_of(const int4& sums, const StateRule& token) {
    return {state_of(sums.x, token), state_of(sums.y, token), state_of(sums.z, token), state_of(sums.w, token)};
}

/// States on their way to other blocks: 2 state + flag. The flag alternates from layer to layer, so that each word
/// shows whether it is new.
__device__ inline int4 flagged(const int4& v, std::uint32_t flag) {
    const auto of = [flag](std::int32_t state) { return static_cast<std::int32_t>(2 * state + flag); };
    return {of(v.x), of(v.y), of(v.z), of(v.w)};
}
__device__ inline int4 unflagged(const int4& v) {
    return {v.x >> 1, v.y >> 1, v.z >> 1, v.w >> 1};
}

/// The sums of an item in shared memory, and the rules of its tokens.
struct KeptSums {
    const WorkItem& item;
    int row_groups;
    const std::int32_t* kept;
    const StateRules<step_most_tokens>& rules;
};

/// Finishes kept sums, four outputs of a token at a time. Rows are padded to fours, so that the last may write too
/// many. flag: of the states that are stored.
template <Finish finish, int tokens>
__device__ __forceinline__ void finish_kept(const ProductArguments& a, const KeptSums& from,
                                            const SigmoidEntry* sigmoids, std::uint32_t flag) {
    const WorkItem& item = from.item;
    const int row_groups = from.row_groups;
    const std::int32_t* const kept = from.kept;
    constexpr bool pairs = finish == Finish::unit;
    constexpr unsigned quads = pairs ? 8 : 16;  // of outputs of 64 rows
    constexpr int part_quads = tokens * kept_pitch / 4;
    const FinishArithmetic how(a, sigmoids);
    const unsigned limit = min(tokens, a.tokens - item.first_token), end = row_groups * tokens * quads;
    const unsigned stride = a.stride, rows = a.weights.rows, first_group = item.row_tile * row_groups;
    const std::size_t corner = static_cast<std::size_t>(item.first_token) * stride;
    const std::int32_t* const x_in = a.x + corner;
    std::int32_t* const to = a.out + item.matrix * a.matrix_stride + corner;
#pragma unroll 1
    for (unsigned e = step_thread(); e < end; e += step_threads) {
        const unsigned quad = e % quads, n = e / quads % tokens, group = e / (quads * tokens);
        const unsigned row = (first_group + group) * (4 * quads) + 4 * quad;
        if (n >= limit || row >= rows) continue;
        const unsigned at = n * stride + row;
        int4 x{};
        if constexpr (finish == Finish::residual) x = unflagged(__ldcg(reinterpret_cast<const int4*>(x_in + at)));
        const auto* const sums =
            reinterpret_cast<const int4*>(kept + n * kept_pitch + (pairs ? quad / 2 * 16 + quad % 2 * 4 : 4 * quad));
        const StateRule token = from.rules[n];
        int4 out = states_of(sum_parts(row_groups, group, [&](int part) { return sums[part * part_quads]; }), token);
        if constexpr (pairs) {
            const int4 z2 =
                states_of(sum_parts(row_groups, group, [&](int part) { return sums[part * part_quads + 2]; }), token);
            out = {how.gate(out.x, z2.x), how.gate(out.y, z2.y), how.gate(out.z, z2.z), how.gate(out.w, z2.w)};
        } else if constexpr (finish == Finish::residual) {
            out = {how.sum(x.x, out.x), how.sum(x.y, out.y), how.sum(x.z, out.z), how.sum(x.w, out.w)};
        }
        store_relaxed(to + at, flagged(out, flag));
    }
}

/// The largest logits of the kept sums, against the largest so far.
template <int tokens>
__device__ __forceinline__ void choose_kept(const ProductArguments& a, const KeptSums& from, std::uint64_t* best) {
    const WorkItem& item = from.item;
    const int row_groups = from.row_groups, thread = step_thread();
    const std::int32_t* const kept = from.kept;
    const int limit = min(tokens, a.tokens - item.first_token), quad = thread % 16;
#pragma unroll 1
    for (int n = thread / 16; n < limit; n += step_threads / 16) {  // 16 neighbours share a token
        std::uint64_t mine = 0;
#pragma unroll 1
        for (int group = 0; group < row_groups; ++group) {
            const int row = (item.row_tile * row_groups + group) * 64 + 4 * quad;
            const int4 sums = sum_parts(row_groups, group, [&](int part) {
                return *reinterpret_cast<const int4*>(kept + (part * tokens + n) * kept_pitch + 4 * quad);
            });
            const int4 logits = states_of(sums, from.rules[n]);
#pragma unroll
            for (int j = 0; j < 4; ++j)
                if (row + j < a.weights.rows) mine = max(mine, candidate(state_at(logits, j), row + j));
        }
        const unsigned together = 0xFFFFU << (thread % 32 / 16 * 16);  // the other token may be beyond the limit
#pragma unroll
        for (int distance = 8; distance > 0; distance /= 2) mine = max(mine, __shfl_xor_sync(together, mine, distance));
        if (quad == 0)
            atomicMax(reinterpret_cast<unsigned long long*>(best) + item.first_token + n,
                      static_cast<unsigned long long>(mine));
    }
}

}  // namespace tephra::cuda
