#pragma once
// Norms of the step kernel: a group of threads takes a token.
#include "backends/cuda/arithmetic/recurrence.cuh"
#include "backends/cuda/arithmetic/reduce.cuh"
#include "backends/cuda/arithmetic/scales.cuh"
#include "backends/cuda/batch/batch.hpp"
#include "backends/cuda/hardware/async.cuh"
#include "backends/cuda/layout.hpp"
#include "backends/cuda/step/finish.cuh"
#include "backends/cuda/step/grid_barrier.cuh"
#include "backends/cuda/step/shared_memory.cuh"
#include "backends/cuda/step/step.hpp"

namespace tephra::cuda {

/// Threads that share a token: all of a block, or half of them; each takes every threads-th quad of columns.
struct TokenThreads {
    int threads, thread, number, groups;
    int4* held;  ///< the token's vector, later [outputs][quads] what is quantized

    __device__ TokenThreads(int tokens, std::uint8_t* shared) {
        groups = tokens > step_blocks() ? 2 : 1;
        threads = groups == 2 ? step_threads / 2 : step_threads;
        const int all = step_thread();
        number = all >= threads ? 1 : 0;
        thread = all & (threads - 1);
        held = reinterpret_cast<int4*>(shared + number * step_held_bytes);
    }
    /// The token of the block's first group; there may be none of that number.
    [[nodiscard]] __device__ int first_token() const { return groups * static_cast<int>(blockIdx.x); }
    /// The token of this group.
    [[nodiscard]] __device__ int token() const { return first_token() + number; }
    __device__ void synchronize() const { asm volatile("bar.sync %0, %1;" ::"r"(2 + number), "r"(threads) : "memory"); }
};

__device__ inline int quads_of(const NormView& norm) {
    return round_up(norm.size, tile_columns) / 4;
}

/// The gains of the block's next norm in shared memory, requested in the stage before: [rms and outputs][quads].
struct Gains {
    const int2* quads;
    std::uint32_t barrier;

    /// Each lane of one warp requests a vector. What threads stored there before must have been released to copies.
    __device__ void load(const NormView& norm, int lane) const {
        const int bytes = 8 * quads_of(norm);
        if (lane == 0) barrier_expect(barrier, (1 + norm.outputs) * bytes);
        __syncwarp();
        if (lane <= norm.outputs)
            bulk_copy(shared_address(quads) + lane * bytes, lane == 0 ? norm.rms_gain : norm.gain[lane - 1], bytes,
                      barrier);
    }
    /// Waits for the gains of the stage's norm.
    __device__ void wait(int stage) const { barrier_wait_local(barrier, stage & 1); }
};

/// hold_states, `batch` loads before the first use.
template <int batch>
__device__ __forceinline__ void hold_quads(const TokenThreads& group, const NormView& norm, const std::int32_t* line,
                                           std::uint32_t flag) {
    const int last = round_up(norm.size, 4) - 4, quads = quads_of(norm);
#pragma unroll 1
    for (int first = group.thread; first < quads; first += batch * group.threads) {
        int4 x[batch];
        std::int32_t old = 1;
        for (unsigned waits = 0; (old & 1) != 0; trap_if_stuck(waits)) {
#pragma unroll
            for (int j = 0; j < batch; ++j) x[j] = load_relaxed_quad(line + min(4 * (first + j * group.threads), last));
            std::int32_t all = -1, any = 0;
#pragma unroll
            for (int j = 0; j < batch; ++j) {
                all &= x[j].x & x[j].y & x[j].z & x[j].w;
                any |= x[j].x | x[j].y | x[j].z | x[j].w;
            }
            old = flag != 0 ? ~all : any;
        }
#pragma unroll
        for (int j = 0; j < batch; ++j)
            if (first + j * group.threads < quads) group.held[first + j * group.threads] = unflagged(x[j]);
    }
}

/// Waits for a vector and stores it in the group's memory. The states stored beyond its end have no effect, because
/// their gains are zero. It polls no more words than needed: polling slows the data down.
__device__ __forceinline__ void hold_states(const TokenThreads& group, const NormView& norm, const std::int32_t* line,
                                            std::uint32_t flag) {
    const int quads = quads_of(norm);
    if (quads <= group.threads) return hold_quads<1>(group, norm, line, flag);
    if (quads <= 2 * group.threads) return hold_quads<2>(group, norm, line, flag);
    hold_quads<4>(group, norm, line, flag);
}

/// Two channels of a token before a step of the recurrence; f, i and g with their flags.
struct Channels {
    int2 f, i, g, h, lower;
};

/// A step of the recurrence of token n; t goes to shared memory.
class TokenRecurrence {
public:
    __device__ TokenRecurrence(const TokenThreads& group, const BlockView& block, const StepArguments& a, int layer,
                               int n)
        : group_(group), block_(block), a_(a) {
        line_ = a.mixer + static_cast<std::size_t>(n) * a.stride;
        states_ = a.h + n * a.stream_stride + static_cast<std::size_t>(layer) * a.hidden;
        load_own(2 * group.thread, ahead_);
    }
    /// Waits for f, i and g and makes the step. Returns the thread's part of the sum of g^2.
    __device__ __forceinline__ std::int64_t hold(const SigmoidEntry* sigmoids, std::uint32_t flag) {
        const GatedRecurrence recurrence(block_.recurrence, sigmoids);
        const int size = a_.hidden;
        std::int64_t squares = 0;
        load_mixer(2 * group_.thread, ahead_);
#pragma unroll 1
        for (int c = 2 * group_.thread; c < size; c += 2 * group_.threads) {
            Channels x = ahead_;
            for (unsigned waits = 0; is_old(x, flag); trap_if_stuck(waits)) load_mixer(c, x);
            const int after = c + 2 * group_.threads;
            load_own(after, ahead_);
            load_mixer(after, ahead_);
            std::int32_t t[2], next[2];
#pragma unroll
            for (int j = 0; j < 2; ++j) {  // without branches, so that the two run side by side
                const auto of = [j](int2 v) { return j == 0 ? v.x : v.y; };
                const std::int32_t g = c + j < size ? of(x.g) >> 1 : 0;
                next[j] = advance(of(x.h), recurrence.prepare(of(x.f) >> 1, of(x.i) >> 1, of(x.lower)));
                t[j] = recurrence.gate(g, next[j]);
                squares = multiply_wide(g, g, squares);
            }
            reinterpret_cast<int2*>(group_.held)[c / 2] = {t[0], t[1]};
            if (size % 2 == 0) {
                if (c < size) *reinterpret_cast<int2*>(states_ + c) = {next[0], next[1]};
            } else {
                for (int j = 0; j < 2 && c + j < size; ++j) states_[c + j] = next[j];
            }
        }
        return squares;
    }

private:
    /// Loads what does not depend on this layer's f, i and g.
    __device__ void load_own(int c, Channels& x) const {
        x.h = x.lower = {};
        if (c >= a_.hidden) return;
        x.lower = __ldg(reinterpret_cast<const int2*>(block_.one_minus_lower + c));
        if (a_.hidden % 2 == 0)
            x.h = __ldcg(reinterpret_cast<const int2*>(states_ + c));
        else
            x.h = {states_[c], c + 1 < a_.hidden ? states_[c + 1] : 0};
    }
    __device__ void load_mixer(int c, Channels& x) const {
        if (c >= a_.hidden) return;
        const std::size_t plane = static_cast<std::size_t>(a_.tokens) * a_.stride;
        x.f = load_relaxed_pair(line_ + c);
        x.i = load_relaxed_pair(line_ + plane + c);
        x.g = load_relaxed_pair(line_ + 2 * plane + c);
    }
    __device__ static bool is_old(const Channels& x, std::uint32_t flag) {
        const std::int32_t all = x.f.x & x.f.y & x.i.x & x.i.y & x.g.x & x.g.y,
                           any = x.f.x | x.f.y | x.i.x | x.i.y | x.g.x | x.g.y;
        return ((flag != 0 ? ~all : any) & 1) != 0;
    }

    const TokenThreads& group_;
    const BlockView& block_;
    const StepArguments& a_;
    const std::int32_t* line_;
    std::int32_t* states_;
    Channels ahead_;
};

/// What norms share in a block: the peaks of a group, zero between norms, the parts to be added up, the tables and
/// gains.
struct NormMemory {
    std::uint32_t* peaks;
    NormSums& sums;
    const SharedTables& tables;
    const int2* gains;
};
/// Which token a norm is of, and whether it is an output norm, which also sums squares of g: gate_squares of the
/// thread.
struct NormToken {
    int n;
    bool gated;
    std::int64_t gate_squares;
};

/// Statistics and activations of a token, which the group holds.
template <int outputs>
__device__ __forceinline__ void normalize_held(const TokenThreads& group, const NormMemory& memory,
                                               const NormView& norm, const NormToken& token,
                                               const ActivationView& out) {
    const int quads = quads_of(norm);
    const int lane = static_cast<unsigned>(group.thread) % 32;
    std::int64_t part = 0;
    std::uint32_t peaks[outputs] = {};
#pragma unroll 1
    for (int quad = group.thread; quad < quads; quad += group.threads) {
        const int4 x = group.held[quad];
        add_squares(x, memory.gains[quad], part);
#pragma unroll
        for (int k = 0; k < outputs; ++k) {
            const Gained p = gained(x, memory.gains[(1 + k) * quads + quad]);
            peaks[k] = larger(peaks[k], p);
            group.held[k * quads + quad] = {p.p[0], p.p[1], p.p[2], p.p[3]};
        }
    }
    memory.sums.sums[step_thread()] = static_cast<std::uint64_t>(part);
    if (token.gated) memory.sums.squares[step_thread()] = static_cast<std::uint64_t>(token.gate_squares);
#pragma unroll
    for (int k = 0; k < outputs; ++k) {
        peaks[k] = __reduce_max_sync(full_warp, peaks[k]);
        if (lane == 0) atomicMax(memory.peaks + k, peaks[k]);
    }
    group.synchronize();
    const ActivationScale own = activation_scale(memory.peaks[min(lane, outputs - 1)], memory.tables.reciprocals);
    ActivationScale scales[outputs] = {own};
    std::int32_t totals[outputs] = {};
#pragma unroll
    for (int k = 0; outputs > 1 && k < outputs; ++k)
        scales[k] = {__shfl_sync(full_warp, own.up, k), __shfl_sync(full_warp, own.factor, k)};
    std::int8_t* q = out.q + activation_offset(out.tokens, token.n, 4 * group.thread);
#pragma unroll 1
    for (int quad = group.thread; quad < quads; quad += group.threads) {
#pragma unroll
        for (int k = 0; k < outputs; ++k) {
            const int4 p = group.held[k * quads + quad];
            const std::int32_t word = quantized_word({{p.x, p.y, p.z, p.w}}, scales[k]);
            totals[k] = __dp4a(word, 0x01010101, totals[k]);
            *reinterpret_cast<std::int32_t*>(q + k * out.output_stride) = word;
        }
        q += static_cast<std::size_t>(group.threads / (tile_columns / 4)) * (out.tokens / 8) * 2048;
    }
#pragma unroll
    for (int k = 0; k < outputs; ++k) memory.sums.totals[k][step_thread()] = totals[k];
}

/// How a token's sums become states, in one word with a tag of its stage: the scale, and the sum of the activations,
/// which codes count once too often.
__device__ inline std::uint64_t packed_rule(WideScale scale, std::int32_t total, std::uint32_t tag) {
    const int exponent = max(-62, min(scale.exponent, 14));  // beyond, state_rule does not tell them apart
    return std::uint64_t{static_cast<std::uint32_t>(total)} << 32 |
           (scale.mantissa | static_cast<std::uint32_t>(exponent & 0xFF) << 16 | tag << 24);
}
/// Waits for the rule of that tag.
__device__ inline StateRule await_rule(const std::uint64_t* packed, std::uint32_t tag) {
    std::uint64_t word;
    unsigned waits = 0;
    while (word = load_relaxed_word(packed), (static_cast<std::uint32_t>(word) >> 24) != tag) trap_if_stuck(waits);
    const auto low = static_cast<std::uint32_t>(word);
    return state_rule(low & 0xFFFF, static_cast<std::int8_t>(low >> 16), static_cast<std::int32_t>(word >> 32));
}
/// Tag of the rules of a stage. It differs from the tag that the word held before.
__device__ inline std::uint32_t tag_of(int number, int stage) {
    return static_cast<unsigned>(4 * number + stage + 1) & 0xFF;
}

/// Whose rules are published: token n of the group of that number, whose threads left parts of its sums.
struct RuleOwner {
    int group, threads, n;
};

/// Publishes a token's rules, by one warp, after its group has quantized: in `rules`, [outputs][tokens].
__device__ inline void publish_rules(const NormMemory& memory, const NormView& norm, bool gated, const RuleOwner& owner,
                                     const StepArguments& a, std::uint32_t tag) {
    const int lane = static_cast<unsigned>(step_thread()) % 32, first = owner.group * owner.threads + lane;
    const auto add_up = [&](const auto* parts) {
        auto mine = parts[first];
#pragma unroll 8
        for (int i = 32; i < owner.threads; i += 32) mine += parts[first + i];
        return mine;
    };
    const std::uint64_t sum = reduce_warp(add_up(memory.sums.sums)),
                        second = gated ? reduce_warp(add_up(memory.sums.squares)) : 0;
    std::int32_t total = 0;  // of output `lane`
#pragma unroll
    for (int k = 0; k < 3; ++k) {
        if (k >= norm.outputs) break;
        const std::int32_t all = __reduce_add_sync(full_warp, add_up(memory.sums.totals[k]));
        if (lane == k) total = all;
    }
    release_to_copies();
    if (lane >= norm.outputs) return;
    const std::uint32_t peak = memory.peaks[lane];
    memory.peaks[lane] = 0;  // for the next stage
    const NormConstants& constants = norm.constants;
    const WideScale scale = multiply(
        multiply(wide(constants.factor[lane]), wide_scale(peak)),
        inverse_rms(constants.epsilon, wide(constants.second_epsilon), sum, second, memory.tables.inverse_roots));
    store_relaxed(a.rules + lane * a.tokens + owner.n, packed_rule(scale, total, tag));
}

}  // namespace tephra::cuda
