#include "backends/cuda/batch.hpp"

#include "backends/cuda/launch.cuh"
#include "backends/cuda/layout.hpp"
#include "backends/cuda/numerics.cuh"
#include "backends/cuda/reduce.cuh"

namespace tephra::cuda {
namespace {

constexpr int threads = 256;       // of the kernels that treat columns alone
constexpr int norm_threads = 512;  // of a token's norm
constexpr int widest = 8;          // quads of columns a thread of them holds at most: vectors up to 16384

__global__ void __launch_bounds__(threads)
    embed(EmbeddingView table, const std::int32_t* ids, std::int32_t* x, int stride) {
    let_next_kernel_start();
    wait_for_previous_kernel();
    const int n = blockIdx.y;
    const int c = blockIdx.x * threads + threadIdx.x;
    if (c < table.cols) x[static_cast<std::size_t>(n) * stride + c] = embedded(table, ids[n], c);
}

/// Four columns of x at a time; a column past the end is zero.
__device__ int4 load_states(const std::int32_t* x, int column, int size) {
    if (column + 4 <= size) return *reinterpret_cast<const int4*>(x + column);
    int4 v{0, 0, 0, 0};
    if (column < size) v.x = x[column];
    if (column + 1 < size) v.y = x[column + 1];
    if (column + 2 < size) v.z = x[column + 2];
    return v;
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

/// Statistics, scales and activations of token n, whose states the block holds; padding columns hold zero.
template <int outputs, int quads>
__device__ inline void normalize_held(const NormView& norm, const Held<quads>& held, int n, const std::uint64_t* second,
                                      std::uint64_t squares, const ActivationView& out) {
    __shared__ NormShared<outputs> shared;
    __shared__ std::int32_t shared_sums[outputs];
    __shared__ unsigned long long shared_squares;
    if (threadIdx.x < outputs) shared_sums[threadIdx.x] = 0;
    if (threadIdx.x == 0) shared_squares = 0;
    const int padded = round_up(norm.size, tile_columns);
    std::uint64_t sum = 0;
    NormPeaks<outputs> peaks{};
#pragma unroll
    for (int i = 0; i < quads; ++i)
        if (column_of<quads>(i) < padded) accumulate<outputs>(norm, held.x[i], column_of<quads>(i), sum, peaks);
    squares = reduce_warp(squares);
    __syncthreads();
    if (threadIdx.x % 32 == 0 && squares != 0) atomicAdd(&shared_squares, static_cast<unsigned long long>(squares));
    reduce_block(shared, sum, peaks);
    Scale mine{};
#pragma unroll
    for (int k = 0; k < outputs; ++k)
        if (threadIdx.x % 32 == k) mine = quantize_scale(peaks.peak[k]);
#pragma unroll
    for (int k = 0; k < outputs; ++k) {
        const Scale scale{static_cast<std::uint16_t>(__shfl_sync(full_warp, static_cast<int>(mine.mantissa), k)),
                          static_cast<std::int16_t>(__shfl_sync(full_warp, static_cast<int>(mine.exponent), k))};
        std::int32_t total = 0;
#pragma unroll
        for (int i = 0; i < quads; ++i) {
            const int c = column_of<quads>(i);
            if (c >= padded) continue;
            const int2 gain = __ldg(reinterpret_cast<const int2*>(norm.gain[k] + c));
            const std::int32_t word = quantized_word(held.x[i], gain, scale);
            total = __dp4a(word, 0x01010101, total);
            *reinterpret_cast<std::int32_t*>(out.q + k * out.output_stride + activation_offset(out.tokens, n, c)) =
                word;
        }
        total = __reduce_add_sync(full_warp, total);
        if (threadIdx.x % 32 == 0) atomicAdd(shared_sums + k, total);
    }
    if (threadIdx.x / 32 == 1 && threadIdx.x % 32 < outputs) {
        const int k = threadIdx.x % 32;
        const Scale inverse = inverse_rms(norm.constants, sum, second == nullptr ? shared_squares : second[n]);
        std::uint32_t peak = peaks.peak[0];
#pragma unroll
        for (int other = 1; other < outputs; ++other)
            if (k == other) peak = peaks.peak[other];
        out.dequantize[k * out.tokens + n] = dequantize_scale(norm.constants.factor[k], peak, inverse);
    }
    __syncthreads();
    if (threadIdx.x < outputs) out.sums[static_cast<int>(threadIdx.x) * out.tokens + n] = shared_sums[threadIdx.x];
}

template <int outputs, int quads>
__global__ void __launch_bounds__(norm_threads)
    normalize(NormView norm, const std::int32_t* states, int stride, const std::uint64_t* second, ActivationView out) {
    let_next_kernel_start();
    wait_for_previous_kernel();
    const std::int32_t* const x = states + static_cast<std::size_t>(blockIdx.x) * stride;
    Held<quads> held;
#pragma unroll
    for (int i = 0; i < quads; ++i) held.x[i] = load_states(x, column_of<quads>(i), norm.size);
    normalize_held<outputs, quads>(norm, held, blockIdx.x, second, 0, out);
}

template <int quads>
__global__ void __launch_bounds__(norm_threads)
    recur_and_normalize(BlockView block, MixerStates mixer, std::int32_t* states, std::size_t stream_stride,
                        std::int32_t* mixed_states, ActivationView out) {
    let_next_kernel_start();
    wait_for_previous_kernel();
    const int n = blockIdx.x, size = block.norms[output_norm].size;
    const std::size_t line = static_cast<std::size_t>(n) * mixer.stride;
    const std::int32_t* const f = mixer.states + line;
    std::int32_t* const state = states + n * stream_stride;
    Held<quads> fs, is, gs, hs, ts;
#pragma unroll
    for (int i = 0; i < quads; ++i) {
        const int c = column_of<quads>(i);
        fs.x[i] = load_states(f, c, size);
        is.x[i] = load_states(f + mixer.matrix_stride, c, size);
        gs.x[i] = load_states(f + 2 * mixer.matrix_stride, c, size);
        hs.x[i] = {c < size ? state[c] : 0, c + 1 < size ? state[c + 1] : 0, c + 2 < size ? state[c + 2] : 0,
                   c + 3 < size ? state[c + 3] : 0};
    }
    std::uint64_t squares = 0;
#pragma unroll
    for (int i = 0; i < quads; ++i) {
        const int c = column_of<quads>(i);
        std::int32_t t[4] = {};
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            if (c + j >= size) continue;
            const RecurrenceStep step = recurrence_step(block.recurrence, state_at(fs.x[i], j), state_at(is.x[i], j),
                                                        block.one_minus_lower[c + j]);
            const std::int32_t next = advance(state_at(hs.x[i], j), step);
            const std::int32_t g = state_at(gs.x[i], j);
            state[c + j] = next;
            t[j] = mixed(block.recurrence, g, next);
            mixed_states[line + c + j] = t[j];
            squares += static_cast<std::uint64_t>(std::int64_t{g} * g);
        }
        ts.x[i] = {t[0], t[1], t[2], t[3]};
    }
    normalize_held<1, quads>(block.norms[output_norm], ts, n, nullptr, squares, out);
}

// The recurrence along tokens. A block owns a few channels; all its threads prepare a tile of steps, one thread a
// channel walks through it, all threads finish it.
constexpr int along_channels = 8;
constexpr int along_tile = 64;

__global__ void __launch_bounds__(along_channels* along_tile)
    recur_along(BlockView block, MixerStates mixer, std::int32_t* states, int tokens, std::int32_t* mixed_states,
                std::uint64_t* second) {
    __shared__ std::int32_t keep[along_tile][along_channels];
    __shared__ std::int64_t add[along_tile][along_channels];
    __shared__ std::int32_t after[along_tile][along_channels];
    let_next_kernel_start();
    wait_for_previous_kernel();
    const int channel = threadIdx.x % along_channels;
    const int slot = threadIdx.x / along_channels;
    const int c = blockIdx.x * along_channels + channel;
    const bool mine = c < block.norms[output_norm].size;
    const std::int32_t lower = mine ? block.one_minus_lower[c] : 0;
    std::int32_t h = mine && slot == 0 ? states[c] : 0;
    const auto load = [&](int matrix, int n) {
        return mine && n < tokens
                   ? mixer.states[matrix * mixer.matrix_stride + static_cast<std::size_t>(n) * mixer.stride + c]
                   : 0;
    };
    std::int32_t f = load(0, slot), i = load(1, slot), g = load(2, slot);
    for (int first = 0; first < tokens; first += along_tile) {
        RecurrenceStep step = recurrence_step(block.recurrence, f, i, lower);
        if (first + slot >= tokens) step = {probability_one, half_of(probability_bits)};  // leaves h as it is
        keep[slot][channel] = step.keep;
        add[slot][channel] = step.add;
        const std::int32_t gate = g;
        const int n = first + slot;
        f = load(0, n + along_tile);  // the next tile, while one thread a channel walks
        i = load(1, n + along_tile);
        g = load(2, n + along_tile);
        __syncthreads();
        if (slot == 0) {
#pragma unroll 16
            for (int s = 0; s < along_tile; ++s) {
                h = advance(h, {keep[s][channel], add[s][channel]});
                after[s][channel] = h;
            }
        }
        __syncthreads();
        std::uint64_t square = 0;
        if (mine && n < tokens) {
            mixed_states[static_cast<std::size_t>(n) * mixer.stride + c] =
                mixed(block.recurrence, gate, after[slot][channel]);
            square = static_cast<std::uint64_t>(std::int64_t{gate} * gate);
        }
        for (int distance = along_channels / 2; distance > 0; distance /= 2)
            square += __shfl_xor_sync(full_warp, square, distance);
        if (channel == 0 && n < tokens)
            atomicAdd(reinterpret_cast<unsigned long long*>(second + n), static_cast<unsigned long long>(square));
    }
    if (mine && slot == 0) states[c] = h;
}

__global__ void __launch_bounds__(1024) pick(const std::int32_t* logits, int vocabulary, std::int32_t* ids) {
    __shared__ unsigned long long best;
    let_next_kernel_start();
    wait_for_previous_kernel();
    if (threadIdx.x == 0) best = 0;
    __syncthreads();
    const std::int32_t* const row = logits + static_cast<std::size_t>(blockIdx.x) * vocabulary;
    std::uint64_t mine = 0;
    for (int v = threadIdx.x; v < vocabulary; v += 1024) mine = max(mine, candidate(row[v], v));
    for (int distance = 16; distance > 0; distance /= 2) mine = max(mine, __shfl_xor_sync(full_warp, mine, distance));
    if (threadIdx.x % 32 == 0) atomicMax(&best, static_cast<unsigned long long>(mine));
    __syncthreads();
    if (threadIdx.x == 0) ids[blockIdx.x] = candidate_token(best);
}

}  // namespace

void launch_pick(const std::int32_t* logits, int vocabulary, int tokens, std::int32_t* ids, Stream stream) {
    launch_overlapped(pick, dim3(static_cast<unsigned>(tokens)), 1024, 0, stream, logits, vocabulary, ids);
}

void launch_embed(const EmbeddingView& table, const std::int32_t* ids, int tokens, std::int32_t* x, int stride,
                  Stream stream) {
    const dim3 grid(static_cast<unsigned>(ceil_div(table.cols, threads)), static_cast<unsigned>(tokens));
    launch_overlapped(embed, grid, threads, 0, stream, table, ids, x, stride);
}

void launch_normalize(const NormView& norm, const std::int32_t* x, int stride, const std::uint64_t* second, int tokens,
                      const ActivationView& out, Stream stream) {
    const dim3 grid(static_cast<unsigned>(tokens));
    const int quads = ceil_div(round_up(norm.size, tile_columns), 4 * norm_threads);
    const auto launch = [&](auto kernel) {
        launch_overlapped(kernel, grid, norm_threads, 0, stream, norm, x, stride, second, out);
    };
    if (norm.outputs == 3)
        return quads == 1 ? launch(normalize<3, 1>) : launch(quads == 2 ? normalize<3, 2> : normalize<3, widest>);
    if (quads == 1) return launch(normalize<1, 1>);
    launch(quads == 2 ? normalize<1, 2> : (quads <= 4 ? normalize<1, 4> : normalize<1, widest>));
}

void launch_recur_and_normalize(const BlockView& block, const MixerStates& mixer, std::int32_t* h,
                                std::size_t stream_stride, int tokens, std::int32_t* t, const ActivationView& out,
                                Stream stream) {
    const dim3 grid(static_cast<unsigned>(tokens));
    const int quads = ceil_div(round_up(block.norms[output_norm].size, tile_columns), 4 * norm_threads);
    const auto launch = [&](auto kernel) {
        launch_overlapped(kernel, grid, norm_threads, 0, stream, block, mixer, h, stream_stride, t, out);
    };
    if (quads == 1) return launch(recur_and_normalize<1>);
    launch(quads == 2 ? recur_and_normalize<2> : recur_and_normalize<widest>);
}

void launch_recur_along(const BlockView& block, const MixerStates& mixer, std::int32_t* h, int tokens, std::int32_t* t,
                        std::uint64_t* second, Stream stream) {
    const dim3 grid(static_cast<unsigned>(ceil_div(block.norms[output_norm].size, along_channels)));
    launch_overlapped(recur_along, grid, along_channels * along_tile, 0, stream, block, mixer, h, tokens, t, second);
}

}  // namespace tephra::cuda
