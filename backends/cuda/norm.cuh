#pragma once
// The norm of a token that a block of threads holds in registers.
#include "backends/cuda/batch.hpp"
#include "backends/cuda/layout.hpp"
#include "backends/cuda/limits.hpp"
#include "backends/cuda/numerics.cuh"
#include "backends/cuda/reduce.cuh"

namespace tephra::cuda {

inline constexpr int widest = norm_most_quads;

/// Four columns of a row of `stride` states. What lies past the vector's end may be anything: its gains are zero.
__device__ inline int4 load_states(const std::int32_t* row, int column, int stride) {
    return column < stride ? *reinterpret_cast<const int4*>(row + column) : int4{0, 0, 0, 0};
}

/// A token's vector in the registers of a block: quad i of a thread is columns 4 (threadIdx.x + norm_threads i) ...
template <int quads>
struct Held {
    int4 x[quads];
};

template <int quads>
__device__ inline int column_of(int i) {
    return 4 * static_cast<int>(threadIdx.x + norm_threads * i);
}

/// Statistics, scales and activations of token n, whose states the block holds; padding columns may hold
/// anything: their gains are zero. gate_squares: the thread's part of the sum of g^2 (output norm only).
template <int outputs, int quads>
__device__ inline void normalize_held(const NormView& norm, const Held<quads>& held, int n, std::int64_t gate_squares,
                                      const ActivationView& out) {
    __shared__ NormShared<outputs> shared;
    __shared__ std::int32_t shared_sums[outputs];
    __shared__ unsigned long long shared_squares;
    if (threadIdx.x < outputs) shared_sums[threadIdx.x] = 0;
    if (threadIdx.x == 0) shared_squares = 0;
    const int padded = round_up(norm.size, tile_columns);
    std::int64_t part = 0;
    NormPeaks<outputs> peaks{};
    int2 rms[quads], gain[outputs][quads];
#pragma unroll
    for (int i = 0; i < quads; ++i) {  // all loads before the first use
        const int c = min(column_of<quads>(i), padded - 4);
        rms[i] = __ldg(reinterpret_cast<const int2*>(norm.rms_gain + c));
#pragma unroll
        for (int k = 0; k < outputs; ++k) gain[k][i] = __ldg(reinterpret_cast<const int2*>(norm.gain[k] + c));
    }
    Gained all[outputs][quads];
#pragma unroll
    for (int i = 0; i < quads; ++i) {
        if (column_of<quads>(i) >= padded) continue;
        add_squares(held.x[i], rms[i], part);
#pragma unroll
        for (int k = 0; k < outputs; ++k) {
            all[k][i] = gained(held.x[i], gain[k][i]);
            peaks.peak[k] = larger(peaks.peak[k], all[k][i]);
        }
    }
    auto sum = static_cast<std::uint64_t>(part);
    const std::uint64_t squares = outputs == 1 ? reduce_warp(static_cast<std::uint64_t>(gate_squares)) : 0;
    __syncthreads();
    if (outputs == 1 && threadIdx.x % 32 == 0 && squares != 0)
        atomicAdd(&shared_squares, static_cast<unsigned long long>(squares));
    reduce_block(shared, sum, peaks);
    Quantizer mine{};
#pragma unroll
    for (int k = 0; k < outputs; ++k)
        if (threadIdx.x % 32 == k) mine = quantizer(quantize_scale(peaks.peak[k]));
#pragma unroll
    for (int k = 0; k < outputs; ++k) {
        const Quantizer scale{__shfl_sync(full_warp, mine.up, k), __shfl_sync(full_warp, mine.factor, k)};
        std::int8_t* const q = out.q + k * out.output_stride;
        std::int32_t total = 0;
#pragma unroll
        for (int i = 0; i < quads; ++i) {
            const int c = column_of<quads>(i);
            if (c >= padded) continue;
            const std::int32_t word = quantized_word(all[k][i], scale);
            total = __dp4a(word, 0x01010101, total);
            *reinterpret_cast<std::int32_t*>(q + activation_offset(out.tokens, n, c)) = word;
        }
        total = __reduce_add_sync(full_warp, total);
        if (threadIdx.x % 32 == 0) atomicAdd(shared_sums + k, total);
    }
    if (threadIdx.x / 32 == 1 && threadIdx.x % 32 < outputs) {
        const int k = threadIdx.x % 32;
        const Scale inverse = inverse_rms(norm.constants, sum, shared_squares);
        std::uint32_t peak = peaks.peak[0];
#pragma unroll
        for (int other = 1; other < outputs; ++other)
            if (k == other) peak = peaks.peak[other];
        out.dequantize[k * out.tokens + n] = dequantize_scale(norm.constants.factor[k], peak, inverse);
    }
    __syncthreads();
    if (threadIdx.x < outputs) out.sums[static_cast<int>(threadIdx.x) * out.tokens + n] = shared_sums[threadIdx.x];
}

}  // namespace tephra::cuda
