// The norm of many tokens: a few warps a token, so that all tokens of a prompt are on their way at once and the scale
// arithmetic, which every warp of a token repeats, is not repeated often.
#include "backends/cuda/launch.cuh"
#include "backends/cuda/norm.cuh"

namespace tephra::cuda {
namespace {

/// Halves of what is shifted out. As operands from the kernel's parameters they cost nothing; as constants in the text
/// they would cost two additions a product.
struct Halves {
    std::int64_t of_gained = 128, of_normalized = 1 << 14;
};

/// Four columns of a row of int16.
__device__ inline int4 unpacked(int2 raw) {
    return {static_cast<int>(static_cast<unsigned>(raw.x) << 16) >> 16, raw.x >> 16,
            static_cast<int>(static_cast<unsigned>(raw.y) << 16) >> 16, raw.y >> 16};
}

/// What the warps of a token tell each other.
template <int outputs, int warps>
struct Group {
    std::uint64_t sum[warps], squares[warps];
    std::uint32_t peak[outputs][warps];
    std::int32_t total[outputs][warps];
};

template <int warps>
__device__ inline void meet(int group) {
    if constexpr (warps > 1)
        asm volatile("bar.sync %0, %1;" ::"r"(1 + group), "n"(32 * warps) : "memory");
    else
        __syncwarp();
}

/// A thread's part of the sums of squares of a vector and of its gates, and of the peaks.
template <int outputs>
struct Statistics {
    std::uint64_t sum, squares;
    std::uint32_t peak[outputs];
};

/// Makes the parts of all threads of a token one.
template <int outputs, int warps>
__device__ inline void merge(Statistics<outputs>& all, Group<outputs, warps>& mine, bool gated, int group) {
    const int warp = threadIdx.x / 32 % warps;
    all.sum = reduce_warp(all.sum);
    if (gated) all.squares = reduce_warp(all.squares);
#pragma unroll
    for (int k = 0; k < outputs; ++k) all.peak[k] = __reduce_max_sync(full_warp, all.peak[k]);
    if constexpr (warps == 1) return;
    if (threadIdx.x % 32 == 0) {
        mine.sum[warp] = all.sum;
        mine.squares[warp] = all.squares;
#pragma unroll
        for (int k = 0; k < outputs; ++k) mine.peak[k][warp] = all.peak[k];
    }
    meet<warps>(group);
    all.sum = all.squares = 0;
#pragma unroll
    for (int w = 0; w < warps; ++w) {
        all.sum += mine.sum[w];
        all.squares += mine.squares[w];
#pragma unroll
        for (int k = 0; k < outputs; ++k) all.peak[k] = max(all.peak[k], mine.peak[k][w]);
    }
}

/// Columns that a thread holds of a token: quad i begins at column(i).
template <int warps, int quads>
struct Columns {
    int size, padded;  ///< of the vector, and rounded up to whole chunks

    __device__ explicit Columns(int of_vector) : size(of_vector), padded(round_up(of_vector, tile_columns)) {}
    __device__ int column(int i) const { return 4 * (threadIdx.x % (32 * warps) + 32 * warps * i); }
    __device__ int4 gain(const std::int16_t* gains, int i) const {
        return unpacked(__ldg(reinterpret_cast<const int2*>(gains + min(column(i), padded - 4))));
    }
    /// The thread's part of the sum of squares of a row of gates.
    __device__ std::int64_t squares(const std::int32_t* gates, int stride) const {
        std::int64_t sum = 0;
#pragma unroll
        for (int i = 0; i < quads; ++i) add_gate_squares(load_states(gates, column(i), stride), column(i), size, sum);
        return sum;
    }
};

/// A thread's part of the statistics of x, and what it quantizes.
template <int outputs, int warps, int quads>
__device__ inline Statistics<outputs> measure(const NormView& norm, const Columns<warps, quads>& columns,
                                              const Halves& halves, const int4 (&x)[quads],
                                              Gained (&p)[outputs][quads]) {
    std::int64_t sum = 0;
    std::int32_t highest[outputs] = {}, lowest[outputs] = {};
#pragma unroll
    for (int i = 0; i < quads; ++i) {
        const int4 rms = columns.gain(norm.rms_gain, i);
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            const std::int32_t a =
                shift_right(multiply_wide(state_at(x[i], j), state_at(rms, j), halves.of_normalized), 15);
            sum = multiply_wide(a, a, sum);
        }
#pragma unroll
        for (int k = 0; k < outputs; ++k) {
            const int4 gain = columns.gain(norm.gain[k], i);
#pragma unroll
            for (int j = 0; j < 4; ++j) {
                p[k][i].p[j] = shift_right(multiply_wide(state_at(x[i], j), state_at(gain, j), halves.of_gained), 8);
                highest[k] = max(highest[k], p[k][i].p[j]);
                lowest[k] = min(lowest[k], p[k][i].p[j]);
            }
        }
    }
    Statistics<outputs> mine{static_cast<std::uint64_t>(sum), 0, {}};
#pragma unroll
    for (int k = 0; k < outputs; ++k) mine.peak[k] = static_cast<std::uint32_t>(max(highest[k], -lowest[k]));
    return mine;
}

/// Writes token n's activations, and leaves the warp's sums of them. peak: of the output that the lane looks after.
template <int outputs, int warps, int quads>
__device__ inline void quantize(const Columns<warps, quads>& columns, const Gained (&p)[outputs][quads],
                                std::uint32_t peak, int n, const ActivationView& out,
                                std::int32_t (&totals)[outputs][warps]) {
    const int lane = threadIdx.x % 32;
    const Quantizer mine = quantizer(quantize_scale(peak));
    std::int8_t* to[quads];
#pragma unroll
    for (int i = 0; i < quads; ++i) to[i] = out.q + activation_offset(out.tokens, n, columns.column(i));
#pragma unroll
    for (int k = 0; k < outputs; ++k) {
        const Quantizer scale{__shfl_sync(full_warp, mine.up, k), __shfl_sync(full_warp, mine.factor, k)};
        std::int32_t total = 0;
#pragma unroll
        for (int i = 0; i < quads; ++i) {
            const std::int32_t word = quantized_word(p[k][i], scale);
            total = __dp4a(word, 0x01010101, total);
            if (columns.column(i) < columns.padded)
                *reinterpret_cast<std::int32_t*>(to[i] + k * out.output_stride) = word;
        }
        total = __reduce_add_sync(full_warp, total);
        if (lane == 0) totals[k][threadIdx.x / 32 % warps] = total;
    }
}

/// A block takes norm_threads / (32 warps) tokens; a thread holds `quads` times four columns of one.
template <int outputs, int warps, int quads>
__global__ void __launch_bounds__(norm_threads, outputs* quads <= 6 ? 3 : 2)
    normalize_many(const __grid_constant__ NormView norm, const __grid_constant__ Halves halves,
                   const std::int32_t* states, int stride, const std::int32_t* gates, int tokens,
                   const __grid_constant__ ActivationView out) {
    constexpr int group_threads = 32 * warps, groups = norm_threads / group_threads;
    __shared__ Group<outputs, warps> shared[groups];
    const int thread = threadIdx.x % group_threads, group = threadIdx.x / group_threads;
    const int n = blockIdx.x * groups + group;
    if (n >= tokens) return;
    const Columns<warps, quads> columns(norm.size);
    const std::size_t line = static_cast<std::size_t>(n) * stride;
    int4 x[quads];
#pragma unroll
    for (int i = 0; i < quads; ++i) x[i] = load_states(states + line, columns.column(i), stride);
    const std::int64_t squares = gates == nullptr ? 0 : columns.squares(gates + line, stride);
    Gained p[outputs][quads];
    Statistics<outputs> all = measure<outputs>(norm, columns, halves, x, p);
    all.squares = static_cast<std::uint64_t>(squares);
    merge<outputs, warps>(all, shared[group], gates != nullptr, group);

    std::uint32_t peak = all.peak[0];  // lane k looks after output k
#pragma unroll
    for (int k = 1; k < outputs; ++k) peak = threadIdx.x % 32 == k ? all.peak[k] : peak;
    quantize(columns, p, peak, n, out, shared[group].total);
    meet<warps>(group);
    if (thread >= outputs) return;
    std::int32_t total = 0;
#pragma unroll
    for (int w = 0; w < warps; ++w) total += shared[group].total[thread][w];
    const int at = thread * out.tokens + n;
    out.sums[at] = total;
    out.dequantize[at] =
        dequantize_scale(norm.constants.factor[thread], peak, inverse_rms(norm.constants, all.sum, all.squares));
}

}  // namespace

bool launch_normalize_many(const NormView& norm, const std::int32_t* x, int stride, const std::int32_t* gates,
                           int tokens, const ActivationView& out, Stream stream) {
    const int size = round_up(norm.size, tile_columns);
    const auto launch = [&](auto kernel, int warps) {
        const int blocks = ceil_div(tokens, norm_threads / (32 * warps));
        launch_alone(kernel, dim3(static_cast<unsigned>(blocks)), norm_threads, 0, stream, norm, Halves{}, x, stride,
                     gates, tokens, out);
        return true;
    };
    if (norm.outputs == 3) {
        if (size <= 1024) return launch(normalize_many<3, 2, 4>, 2);
        if (size <= 2048) return launch(normalize_many<3, 4, 4>, 4);
        return size <= 2560 && launch(normalize_many<3, 4, 5>, 4);
    }
    if (size <= 1024) return launch(normalize_many<1, 2, 4>, 2);
    if (size <= 2048) return launch(normalize_many<1, 4, 4>, 4);
    if (size <= 2560) return launch(normalize_many<1, 4, 5>, 4);
    if (size <= 2816) return launch(normalize_many<1, 4, 6>, 4);
    if (size <= 5632) return launch(normalize_many<1, 4, 11>, 4);
    return size <= 7168 && launch(normalize_many<1, 4, 14>, 4);
}

}  // namespace tephra::cuda
