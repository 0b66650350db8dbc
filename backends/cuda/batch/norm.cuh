#pragma once
// The norm of a token whose vector some warps hold in registers: statistics, scales, activations.
#include "backends/cuda/arithmetic/reduce.cuh"
#include "backends/cuda/arithmetic/scales.cuh"
#include "backends/cuda/batch/batch.hpp"
#include "backends/cuda/layout.hpp"
#include "backends/cuda/limits.hpp"

namespace tephra::cuda {

/// Halves of what is shifted out. As operands from the kernel's parameters they cost nothing; as constants in the text
/// they would cost two additions a product.
struct Halves {
    std::int64_t of_gained = 128, of_normalized = 1 << 14;
};

/// Columns that a thread holds of a token: quad i begins at column(i).
template <int warps, int quads>
struct Columns {
    int size, padded;  ///< of the vector, and rounded up to whole chunks

    __device__ explicit Columns(int of_vector) : size(of_vector), padded(round_up(of_vector, tile_columns)) {}
    __device__ int column(int i) const { return 4 * (threadIdx.x % (32 * warps) + 32 * warps * i); }
    /// Where the vector's last quad begins.
    __device__ int last_quad() const { return (size - 1) / 4 * 4; }
    /// Four gains; beyond the last the last again, for states of zero.
    __device__ int4 gain(const std::int16_t* gains, int i) const {
        const int2 raw = __ldg(reinterpret_cast<const int2*>(gains + min(column(i), padded - 4)));
        return {static_cast<int>(static_cast<unsigned>(raw.x) << 16) >> 16, raw.x >> 16,
                static_cast<int>(static_cast<unsigned>(raw.y) << 16) >> 16, raw.y >> 16};
    }
};

/// Four columns of a row of `stride` states, zero beyond it. What lies between the vector's end and the row's may be
/// anything: its gains are zero.
__device__ inline int4 load_states(const std::int32_t* row, int column, int stride) {
    return column < stride ? *reinterpret_cast<const int4*>(row + column) : int4{0, 0, 0, 0};
}

/// A thread's part of a token.
template <int quads>
struct NormInput {
    int4 x[quads];
    std::int64_t gate_squares;  ///< sum of g^2, for the output norm
    bool gated;                 ///< the same for all threads
};

/// What the warps of a token hand each other.
template <int outputs, int warps>
struct NormShared {
    std::uint64_t sum[warps], squares[warps];
    std::uint32_t peak[outputs][warps];
    std::int32_t total[outputs][warps];
};

/// A thread's part of the sums of squares of a vector and of its gates, and of the peaks; then those of the token.
template <int outputs>
struct NormStatistics {
    std::uint64_t sum, squares;
    std::uint32_t peak[outputs];
};

/// The warps of a token; group: the token's number in the block.
template <int warps>
__device__ inline void synchronize_token(int group) {
    if constexpr (warps > 1)
        asm volatile("bar.sync %0, %1;" ::"r"(1 + group), "n"(32 * warps) : "memory");
    else
        __syncwarp();
}

/// A thread's part of the statistics of x, and what it quantizes.
template <int outputs, int warps, int quads>
__device__ inline NormStatistics<outputs> measure(const NormView& norm, const Columns<warps, quads>& columns,
                                                  const Halves& halves, const NormInput<quads>& in,
                                                  Gained (&p)[outputs][quads]) {
    std::int64_t sum = 0;
    std::int32_t highest[outputs] = {}, lowest[outputs] = {};
#pragma unroll
    for (int i = 0; i < quads; ++i) {
        const int4 rms = columns.gain(norm.rms_gain, i);
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            const std::int32_t a =
                shift_right(multiply_wide(state_at(in.x[i], j), state_at(rms, j), halves.of_normalized), 15);
            sum = multiply_wide(a, a, sum);
        }
#pragma unroll
        for (int k = 0; k < outputs; ++k) {
            const int4 gain = columns.gain(norm.gain[k], i);
#pragma unroll
            for (int j = 0; j < 4; ++j) {
                p[k][i].p[j] = shift_right(multiply_wide(state_at(in.x[i], j), state_at(gain, j), halves.of_gained), 8);
                highest[k] = max(highest[k], p[k][i].p[j]);
                lowest[k] = min(lowest[k], p[k][i].p[j]);
            }
        }
    }
    NormStatistics<outputs> mine{static_cast<std::uint64_t>(sum), static_cast<std::uint64_t>(in.gate_squares), {}};
#pragma unroll
    for (int k = 0; k < outputs; ++k) mine.peak[k] = static_cast<std::uint32_t>(max(highest[k], -lowest[k]));
    return mine;
}

/// Makes the parts of all threads of a token one.
template <int outputs, int warps>
__device__ inline void merge(NormStatistics<outputs>& all, NormShared<outputs, warps>& shared, bool gated, int group) {
    const int warp = threadIdx.x / 32 % warps;
    all.sum = reduce_warp(all.sum);
    all.squares = gated ? reduce_warp(all.squares) : 0;
#pragma unroll
    for (int k = 0; k < outputs; ++k) all.peak[k] = __reduce_max_sync(full_warp, all.peak[k]);
    if constexpr (warps == 1) return;
    if (threadIdx.x % 32 == 0) {
        shared.sum[warp] = all.sum;
        shared.squares[warp] = all.squares;
#pragma unroll
        for (int k = 0; k < outputs; ++k) shared.peak[k][warp] = all.peak[k];
    }
    synchronize_token<warps>(group);
    all.sum = all.squares = 0;
#pragma unroll
    for (int w = 0; w < warps; ++w) {
        all.sum += shared.sum[w];
        all.squares += shared.squares[w];
#pragma unroll
        for (int k = 0; k < outputs; ++k) all.peak[k] = max(all.peak[k], shared.peak[k][w]);
    }
}

/// Stores token n's activations, and the warp's sums of them in `totals`. peak: of output `lane`.
template <int outputs, int warps, int quads>
__device__ inline void quantize(const Columns<warps, quads>& columns, const Gained (&p)[outputs][quads],
                                std::uint32_t peak, int n, const ActivationView& out,
                                std::int32_t (&totals)[outputs][warps]) {
    const ActivationScale own = activation_scale(peak, device_reciprocals.data());
    std::int8_t* to[quads];
#pragma unroll
    for (int i = 0; i < quads; ++i) to[i] = out.q + activation_offset(out.tokens, n, columns.column(i));
#pragma unroll
    for (int k = 0; k < outputs; ++k) {
        const ActivationScale scale{__shfl_sync(full_warp, own.up, k), __shfl_sync(full_warp, own.factor, k)};
        std::int32_t total = 0;
#pragma unroll
        for (int i = 0; i < quads; ++i) {
            const std::int32_t word = quantized_word(p[k][i], scale);
            total = __dp4a(word, 0x01010101, total);
            if (columns.column(i) < columns.padded)
                *reinterpret_cast<std::int32_t*>(to[i] + k * out.output_stride) = word;
        }
        total = __reduce_add_sync(full_warp, total);
        if (threadIdx.x % 32 == 0) totals[k][threadIdx.x / 32 % warps] = total;
    }
}

/// The norm of token n by its `warps` warps: stores activations, their sums and the scales to read accumulators by.
template <int outputs, int warps, int quads>
__device__ inline void normalize_token(const NormView& norm, const Halves& halves, const NormInput<quads>& in, int n,
                                       const ActivationView& out) {
    constexpr int group_threads = 32 * warps, groups = norm_threads / group_threads;
    __shared__ NormShared<outputs, warps> all_shared[groups];
    const int thread = threadIdx.x % group_threads, group = threadIdx.x / group_threads;
    NormShared<outputs, warps>& shared = all_shared[group];
    const Columns<warps, quads> columns(norm.size);
    Gained p[outputs][quads];
    NormStatistics<outputs> all = measure<outputs>(norm, columns, halves, in, p);
    merge<outputs, warps>(all, shared, in.gated, group);

    std::uint32_t peak = all.peak[0];  // lane k has output k's
#pragma unroll
    for (int k = 1; k < outputs; ++k) peak = threadIdx.x % 32 == k ? all.peak[k] : peak;
    quantize(columns, p, peak, n, out, shared.total);
    synchronize_token<warps>(group);
    if (thread >= outputs) return;
    std::int32_t total = 0;
#pragma unroll
    for (int w = 0; w < warps; ++w) total += shared.total[thread][w];
    const NormConstants& constants = norm.constants;
    const WideScale inverse = inverse_rms(constants.epsilon, wide(constants.second_epsilon), all.sum, all.squares,
                                          device_inverse_roots.data());
    const WideScale scale = multiply(multiply(wide(constants.factor[thread]), wide_scale(peak)), inverse);
    const int at = thread * out.tokens + n;
    out.sums[at] = total;
    out.dequantize[at] = {static_cast<std::uint16_t>(scale.mantissa), static_cast<std::int16_t>(scale.exponent)};
}

}  // namespace tephra::cuda
