#pragma once
// Norms of the step kernel: a team of threads takes a token.
#include "backends/cuda/batch.hpp"
#include "backends/cuda/layout.hpp"
#include "backends/cuda/quick_states.cuh"
#include "backends/cuda/reduce.cuh"
#include "backends/cuda/step.hpp"
#include "backends/cuda/step_meeting.cuh"

namespace tephra::cuda {

inline constexpr int step_shared_bytes = 216 * 1024;
inline constexpr int gains_pitch = step_widest / 4;  ///< quads of a gain vector
/// A team's gains, brought before the states are known: rms and those of the outputs.
inline constexpr int gains_bytes = 4 * gains_pitch * 8;
inline constexpr int gains_at = step_shared_bytes - 2 * gains_bytes;
static_assert(2 * 4 * step_widest <= gains_at, "the vectors of two tokens lie before the gains");

/// What a team leaves for its warps to reduce.
struct NormRoom {
    std::uint64_t sums[16], squares[16];
    std::uint32_t peaks[3][16];
    std::int32_t totals[3];
};

/// Threads that share a token: all of a block, or half of them; each takes every threads-th quad of columns.
struct Team {
    int threads, thread, number, teams;
    int4* held;   ///< the token's vector
    int2* gains;  ///< [rms and outputs][gains_pitch]

    __device__ Team(int tokens, std::uint8_t* shared) {
        teams = tokens > static_cast<int>(gridDim.x) ? 2 : 1;
        threads = step_threads / teams;
        const int all = step_thread();
        number = all / threads;
        thread = all % threads;
        held = reinterpret_cast<int4*>(shared) + number * (step_widest / 4);
        gains = reinterpret_cast<int2*>(shared + gains_at) + number * (4 * gains_pitch);
    }
    __device__ void meet() const { asm volatile("bar.sync %0, %1;" ::"r"(2 + number), "r"(threads) : "memory"); }
};

__device__ inline int quads_of(const NormView& norm) {
    return round_up(norm.size, tile_columns) / 4;
}

/// Each thread copies gains that it will use before its team meets.
__device__ __forceinline__ void bring_gains(const Team& team, const NormView& norm) {
    const auto bring = [&](int place, const std::int16_t* gain) {
#pragma unroll 1
        for (int quad = team.thread; quad < quads_of(norm); quad += team.threads)
            asm volatile("cp.async.ca.shared.global [%0], [%1], 8;" ::"r"(static_cast<std::uint32_t>(
                             __cvta_generic_to_shared(team.gains + place * gains_pitch + quad))),
                         "l"(gain + 4 * quad)
                         : "memory");
    };
    bring(0, norm.rms_gain);
#pragma unroll 1
    for (int k = 0; k < norm.outputs; ++k) bring(1 + k, norm.gain[k]);
}

/// Holds the states of token n.
__device__ __forceinline__ void hold_states(const Team& team, int quads, const std::int32_t* states, int stride,
                                            int n) {
    const std::int32_t* const line = states + static_cast<std::size_t>(n) * stride;
    constexpr int batch = 4;  // loads before the first use
#pragma unroll 1
    for (int first = team.thread; first < quads; first += batch * team.threads) {
        int4 x[batch];
#pragma unroll
        for (int j = 0; j < batch; ++j) {
            const int c = 4 * (first + j * team.threads);
            x[j] = c < stride ? __ldcg(reinterpret_cast<const int4*>(line + c)) : int4{0, 0, 0, 0};
        }
#pragma unroll
        for (int j = 0; j < batch; ++j)
            if (first + j * team.threads < quads) team.held[first + j * team.threads] = x[j];
    }
}

/// Four channels of a token before a step of the recurrence.
struct Channels {
    int4 f, i, g, h, lower;
};

/// Takes a step of the recurrence for token n and holds t. Returns the thread's part of the sum of g^2.
__device__ __forceinline__ std::int64_t hold_recurrence(const Team& team, const BlockView& block,
                                                        const StepArguments& a, int layer, int n,
                                                        const SigmoidEntry* sigmoids) {
    const RecurrenceFormats& formats = block.recurrence;
    const SigmoidFormat of_f = sigmoid_format(formats.f), of_i = sigmoid_format(formats.i),
                        of_h = sigmoid_format(formats.h);
    const int size = a.hidden, quads = round_up(size, tile_columns) / 4;
    const std::size_t plane = static_cast<std::size_t>(a.tokens) * a.stride;
    const std::int32_t* const line = a.mixer + static_cast<std::size_t>(n) * a.stride;
    std::int32_t* const states = a.h + n * a.stream_stride + static_cast<std::size_t>(layer) * size;
    const auto load = [&](int c) {
        Channels x{};
        if (c >= size) return x;
        x.f = __ldcg(reinterpret_cast<const int4*>(line + c));
        x.i = __ldcg(reinterpret_cast<const int4*>(line + plane + c));
        x.g = __ldcg(reinterpret_cast<const int4*>(line + 2 * plane + c));
        x.lower = __ldg(reinterpret_cast<const int4*>(block.one_minus_lower + c));
        if (size % 4 == 0)
            x.h = __ldcg(reinterpret_cast<const int4*>(states + c));
        else
            x.h = {states[c], c + 1 < size ? states[c + 1] : 0, c + 2 < size ? states[c + 2] : 0,
                   c + 3 < size ? states[c + 3] : 0};
        return x;
    };
    std::int64_t squares = 0;
    Channels ahead = load(4 * team.thread);
#pragma unroll 1
    for (int quad = team.thread; quad < quads; quad += team.threads) {
        const Channels x = ahead;
        const int c = 4 * quad;
        if (quad + team.threads < quads) ahead = load(4 * (quad + team.threads));
        std::int32_t t[4], next[4];
#pragma unroll
        for (int j = 0; j < 4; ++j) {  // without branches, so that the four go side by side
            const std::int32_t g = c + j < size ? state_at(x.g, j) : 0;
            const RecurrenceStep step = recurrence_step(quick_sigmoid(-state_at(x.f, j), of_f, sigmoids),
                                                        quick_silu(state_at(x.i, j), of_i, sigmoids),
                                                        formats.i - formats.h, state_at(x.lower, j));
            next[j] = advance(state_at(x.h, j), step);
            t[j] = scaled_product(g, quick_silu(next[j], of_h, sigmoids), formats.g + formats.h - formats.t);
            squares = multiply_wide(g, g, squares);
        }
        team.held[quad] = {t[0], t[1], t[2], t[3]};
        if (size % 4 != 0) {
            for (int j = 0; j < 4 && c + j < size; ++j) states[c + j] = next[j];
        } else if (c < size) {
            *reinterpret_cast<int4*>(states + c) = {next[0], next[1], next[2], next[3]};
        }
    }
    return squares;
}

/// The first `workers` threads of a team write the activations of token n and add up their sums. own: the quantizer of
/// output `lane`.
__device__ __forceinline__ void quantize_held(const Team& team, const NormView& norm, int workers, const Quantizer& own,
                                              int n, const ActivationView& out, std::int32_t (&all_totals)[3]) {
    const int quads = quads_of(norm), outputs = norm.outputs;
    Quantizer scales[3];
#pragma unroll
    for (int k = 0; k < 3; ++k) scales[k] = {__shfl_sync(full_warp, own.up, k), __shfl_sync(full_warp, own.factor, k)};
    std::int32_t totals[3] = {};
#pragma unroll 2
    for (int quad = team.thread; quad < quads; quad += workers) {
        const int4 x = team.held[quad];
        std::int8_t* const q = out.q + activation_offset(out.tokens, n, 4 * quad);
#pragma unroll
        for (int k = 0; k < 3; ++k) {
            if (k >= outputs) continue;
            const std::int32_t word = quantized_word(gained(x, team.gains[(1 + k) * gains_pitch + quad]), scales[k]);
            totals[k] = __dp4a(word, 0x01010101, totals[k]);
            *reinterpret_cast<std::int32_t*>(q + k * out.output_stride) = word;
        }
    }
#pragma unroll
    for (int k = 0; k < 3; ++k) {
        if (k >= outputs) continue;
        const std::int32_t total = __reduce_add_sync(full_warp, totals[k]);
        if (team.thread % 32 == 0) atomicAdd(all_totals + k, total);
    }
}

/// Statistics, scales and activations of token n, which the team holds.
__device__ __forceinline__ void normalize_held(const Team& team, NormRoom& room, const SharedTables& tables,
                                               const NormView& norm, std::int64_t gate_squares, int n,
                                               const ActivationView& out) {
    const int quads = quads_of(norm), outputs = norm.outputs, warp = team.thread / 32, lane = team.thread % 32;
    if (team.thread < 3) room.totals[team.thread] = 0;
    std::int64_t part = 0;
    std::uint32_t peaks[3] = {};
#pragma unroll 2
    for (int quad = team.thread; quad < quads; quad += team.threads) {
        const int4 x = team.held[quad];
        add_squares(x, team.gains[quad], part);
#pragma unroll
        for (int k = 0; k < 3; ++k)
            if (k < outputs) peaks[k] = larger(peaks[k], gained(x, team.gains[(1 + k) * gains_pitch + quad]));
    }
    const std::uint64_t sum = reduce_warp(static_cast<std::uint64_t>(part));
    const std::uint64_t squares = reduce_warp(static_cast<std::uint64_t>(gate_squares));
#pragma unroll
    for (int k = 0; k < 3; ++k) peaks[k] = __reduce_max_sync(full_warp, peaks[k]);
    if (lane == 0) {
        room.sums[warp] = sum;
        room.squares[warp] = squares;
#pragma unroll
        for (int k = 0; k < 3; ++k) room.peaks[k][warp] = peaks[k];
    }
    team.meet();
    const bool mine = lane < team.threads / 32;
#pragma unroll
    for (int k = 0; k < 3; ++k) peaks[k] = __reduce_max_sync(full_warp, mine ? room.peaks[k][lane] : 0U);
    const std::uint32_t peak = lane == 0 ? peaks[0] : (lane == 1 ? peaks[1] : peaks[2]);
    const int workers = team.threads - 32;  // the last warp makes the scales for who reads the activations
    if (team.thread >= workers) {
        const std::uint64_t all = reduce_warp(mine ? room.sums[lane] : 0);
        const std::uint64_t second = reduce_warp(mine ? room.squares[lane] : 0);
        const Scale inverse = inverse_rms(norm.constants, all, second, tables.inverse_roots);
        if (lane < outputs)
            out.dequantize[lane * out.tokens + n] = dequantize_scale(norm.constants.factor[lane], peak, inverse);
    } else {
        quantize_held(team, norm, workers, quantizer(quantize_scale(peak, tables.reciprocals)), n, out, room.totals);
    }
    team.meet();
    if (team.thread < outputs) out.sums[team.thread * out.tokens + n] = room.totals[team.thread];
}

}  // namespace tephra::cuda
