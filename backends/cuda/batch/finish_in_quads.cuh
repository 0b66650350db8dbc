#pragma once
// What a product of many tokens does with its sums, four neighbouring rows of a token at a time. Fragments have rows of
// many tokens side by side; shared memory turns them.
#include "backends/cuda/arithmetic/reduce.cuh"
#include "backends/cuda/batch/finish.cuh"

namespace tephra::cuda {

/// Where a warp turns its sums: 16 tokens with 16 rows each, padded so that no two lanes meet in a bank.
inline constexpr int turn_pitch = 20, turn_words = 16 * turn_pitch;

/// Offers the candidates of four rows of a token, where they may be better than its best so far. The lanes of a token
/// agree on their largest state first: few of them then touch `best`. real: whether token and rows are the model's.
__device__ inline void offer(std::uint64_t* best, const int4& v, int row, std::int32_t so_far, bool real) {
    const std::int32_t own = real ? max(max(v.x, v.y), max(v.z, v.w)) : state_min;
    std::int32_t top = max(own, __shfl_xor_sync(full_warp, own, 1));
    top = max(top, __shfl_xor_sync(full_warp, top, 2));
    if (!real || own < top || top < so_far) return;
    std::uint64_t mine = 0;
#pragma unroll
    for (int j = 0; j < 4; ++j) mine = max(mine, candidate(state_at(v, j), row + j));
    atomicMax(reinterpret_cast<unsigned long long*>(best), static_cast<unsigned long long>(mine));
}

/// Finishes the sums of a fragment whose rows are not in pairs and whose stride 4 divides. Through `turn`, turn_words
/// of shared memory of the warp's own, each lane gets four neighbouring rows of a token: a quarter of the loads and
/// stores. What lies between the last row and the stride may be anything, and is written.
template <Finish finish, int tokens, int count>
__device__ inline void finish_in_quads(const ProductArguments& a, const Fragment& at, const StateRules<tokens>& rules,
                                       std::int32_t* turn, const std::int32_t (&sums)[count]) {
    const FinishArithmetic how(a, nullptr);
    const int token = at.lane / 4 % 2 * 4 + at.lane / 8, quad = at.lane % 4 * 4, row = 16 * at.pair + quad;
    const int limit = row < a.stride ? a.tokens - at.first_token - token : 0;
    const std::size_t corner = static_cast<std::size_t>(at.first_token + token) * a.stride + row;
    std::int32_t* const out = a.out + at.matrix * a.matrix_stride + corner;
    std::uint64_t* const best = a.best + at.first_token + token;
    // The residual of token n, or the state of its best candidate so far.
    const auto beside = [&](int n) -> int4 {
        if (n >= limit) return {};
        if constexpr (finish == Finish::residual)
            return __ldg(reinterpret_cast<const int4*>(a.x + corner + n * a.stride));
        if constexpr (finish == Finish::choose) return {static_cast<int>(__ldcg(best + n) >> 40) + state_min, 0, 0, 0};
        return {};
    };
    int4 next[2] = {beside(0), beside(8)};
#pragma unroll
    for (int first = 0; first < 2 * count; first += 16) {
        const int4 x[2] = {next[0], next[1]};
        const std::int32_t* const s = sums + first / 2;
        const std::int32_t part[8] = {s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]};
        __syncwarp();  // the sums before are read
        keep_registers<turn_pitch>(turn, 0, 0, at.lane, part);
        __syncwarp();
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const int n = first + 8 * half;
            if (first + 16 < 2 * count) next[half] = beside(n + 16);
            const int4 codes = *reinterpret_cast<const int4*>(turn + (8 * half + token) * turn_pitch + quad);
            const StateRule rule = rules[token + n];
            int4 v = {state_of(codes.x, rule), state_of(codes.y, rule), state_of(codes.z, rule),
                      state_of(codes.w, rule)};
            if constexpr (finish == Finish::choose) {
                offer(best + n, v, row, x[half].x, n < limit);
                continue;
            }
            if constexpr (finish == Finish::residual)
                v = {how.sum(x[half].x, v.x), how.sum(x[half].y, v.y), how.sum(x[half].z, v.z),
                     how.sum(x[half].w, v.w)};
            if (n < limit) *reinterpret_cast<int4*>(out + n * a.stride) = v;
        }
    }
}

}  // namespace tephra::cuda
