// The gated linear recurrence of a batch: a step of many streams, and the output norm behind it.
#include "backends/cuda/arithmetic/recurrence.cuh"
#include "backends/cuda/batch/norm.cuh"
#include "backends/cuda/hardware/launch.cuh"

namespace tephra::cuda {
namespace {

/// The state of a stream. Its rows begin at whole quads where 4 divides their size.
struct Memory {
    std::int32_t* row;
    int size;

    __device__ bool in_quads() const { return size % 4 == 0; }
    __device__ int4 load(int c) const {
        if (c >= size) return {0, 0, 0, 0};
        if (in_quads()) return *reinterpret_cast<const int4*>(row + c);
        return {row[c], c + 1 < size ? row[c + 1] : 0, c + 2 < size ? row[c + 2] : 0, c + 3 < size ? row[c + 3] : 0};
    }
    __device__ void store(int c, const int4& v) const {
        if (c < size && in_quads()) {
            *reinterpret_cast<int4*>(row + c) = v;
            return;
        }
#pragma unroll
        for (int j = 0; j < 4; ++j)
            if (c + j < size) row[c + j] = state_at(v, j);
    }
};

/// A block takes norm_threads / (32 warps) streams, as in `normalize`.
template <int warps, int quads>
__global__ void __launch_bounds__(norm_threads, quads <= 2 ? 4 : (quads <= 5 ? 2 : 1))
    recur_and_normalize(const __grid_constant__ BlockView block, const __grid_constant__ Halves halves,
                        const __grid_constant__ RecurrenceArguments a, const __grid_constant__ ActivationView out) {
    __shared__ alignas(16) SigmoidEntry sigmoids[sigmoid_entries];
    let_next_kernel_start();
    copy_sigmoids(sigmoids, threadIdx.x, norm_threads);
    wait_for_previous_kernel();
    __syncthreads();
    const NormView& norm = block.norms[output_norm];
    const Columns<warps, quads> columns(norm.size);
    constexpr int group_threads = 32 * warps, groups = norm_threads / group_threads;
    const int n = static_cast<int>(blockIdx.x * groups + threadIdx.x / group_threads), stride = a.mixer.stride;
    if (n >= a.tokens) return;
    const std::size_t line = static_cast<std::size_t>(n) * stride;
    const std::int32_t* const f = a.mixer.states + line;
    const Memory memory{a.h + n * a.stream_stride, norm.size};
    int4 fs[quads], is[quads], gs[quads], hs[quads];
#pragma unroll
    for (int i = 0; i < quads; ++i) {
        const int c = columns.column(i);
        fs[i] = load_states(f, c, stride);
        is[i] = load_states(f + a.mixer.matrix_stride, c, stride);
        gs[i] = load_states(f + 2 * a.mixer.matrix_stride, c, stride);
        hs[i] = memory.load(c);
    }
    const GatedRecurrence recurrence(block.recurrence, sigmoids);
    NormInput<quads> in;
    in.gated = true;
    in.gate_squares = 0;
#pragma unroll
    for (int i = 0; i < quads; ++i) {
        const int c = columns.column(i);
        const int4 lower = __ldg(reinterpret_cast<const int4*>(block.one_minus_lower + min(c, columns.last_quad())));
        std::int32_t t[4], h[4];
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            const bool mine = c + j < columns.size;
            const std::int32_t g = mine ? state_at(gs[i], j) : 0;
            h[j] = advance(state_at(hs[i], j),
                           recurrence.prepare(state_at(fs[i], j), state_at(is[i], j), state_at(lower, j)));
            t[j] = recurrence.gate(g, h[j]);
            in.gate_squares = multiply_wide(g, g, in.gate_squares);
        }
        memory.store(c, {h[0], h[1], h[2], h[3]});
        in.x[i] = {t[0], t[1], t[2], t[3]};
        if (a.t != nullptr && c < stride) *reinterpret_cast<int4*>(a.t + line + c) = in.x[i];
    }
    normalize_token<1, warps, quads>(norm, halves, in, n, out);
}

template <int warps, int quads>
void launch(const BlockView& block, const RecurrenceArguments& a, const ActivationView& out, Stream stream) {
    const dim3 grid(static_cast<unsigned>(ceil_div(a.tokens, norm_threads / (32 * warps))));
    launch_overlapped(recur_and_normalize<warps, quads>, grid, norm_threads, 0, stream, block, Halves{}, a, out);
}

}  // namespace

void launch_recur_and_normalize(const BlockView& block, const RecurrenceArguments& arguments, const ActivationView& out,
                                Stream stream) {
    const int size = round_up(block.norms[output_norm].size, tile_columns);
    if (has_many_tokens(arguments.tokens)) {
        if (size <= 256) return launch<1, 2>(block, arguments, out, stream);
        if (size <= 512) return launch<2, 2>(block, arguments, out, stream);
        if (size <= 1024) return launch<4, 2>(block, arguments, out, stream);
        if (size <= 2048) return launch<4, 4>(block, arguments, out, stream);
        if (size <= 2560) return launch<4, 5>(block, arguments, out, stream);
    }
    if (size <= 1024) return launch<8, 1>(block, arguments, out, stream);
    if (size <= 2048) return launch<8, 2>(block, arguments, out, stream);
    if (size <= 3072) return launch<8, 3>(block, arguments, out, stream);
    launch<8, norm_most_quads>(block, arguments, out, stream);
}

}  // namespace tephra::cuda
