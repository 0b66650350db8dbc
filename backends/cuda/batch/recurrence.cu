// The gated linear recurrence of a batch: a step of many streams, and the output norm behind it.
#include "backends/cuda/arithmetic/recurrence.cuh"
#include "backends/cuda/batch/norm.cuh"
#include "backends/cuda/hardware/launch.cuh"

namespace tephra::cuda {
namespace {

constexpr int warps = norm_threads / 32;  ///< all of a block for one token

template <int quads>
__global__ void __launch_bounds__(norm_threads)
    recur_and_normalize(const __grid_constant__ BlockView block, const __grid_constant__ Halves halves,
                        const __grid_constant__ RecurrenceArguments a, const __grid_constant__ ActivationView out) {
    let_next_kernel_start();
    wait_for_previous_kernel();
    const NormView& norm = block.norms[output_norm];
    const Columns<warps, quads> columns(norm.size);
    const int n = blockIdx.x, stride = a.mixer.stride;
    const std::size_t line = static_cast<std::size_t>(n) * stride;
    const std::int32_t* const f = a.mixer.states + line;
    std::int32_t* const state = a.h + n * a.stream_stride;
    int4 fs[quads], is[quads], gs[quads], hs[quads];
#pragma unroll
    for (int i = 0; i < quads; ++i) {
        const int c = columns.column(i), size = columns.size;
        fs[i] = load_states(f, c, stride);
        is[i] = load_states(f + a.mixer.matrix_stride, c, stride);
        gs[i] = load_states(f + 2 * a.mixer.matrix_stride, c, stride);
        hs[i] = {c < size ? state[c] : 0, c + 1 < size ? state[c + 1] : 0, c + 2 < size ? state[c + 2] : 0,
                 c + 3 < size ? state[c + 3] : 0};
    }
    const GatedRecurrence recurrence(block.recurrence, device_sigmoid_entries.data());
    NormInput<quads> in;
    in.gated = true;
    in.gate_squares = 0;
#pragma unroll
    for (int i = 0; i < quads; ++i) {
        const int c = columns.column(i);
        std::int32_t t[4] = {};
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            if (c + j >= columns.size) continue;
            const RecurrenceStep step =
                recurrence.prepare(state_at(fs[i], j), state_at(is[i], j), block.one_minus_lower[c + j]);
            const std::int32_t next = advance(state_at(hs[i], j), step), g = state_at(gs[i], j);
            state[c + j] = next;
            t[j] = recurrence.gate(g, next);
            a.t[line + c + j] = t[j];
            in.gate_squares = multiply_wide(g, g, in.gate_squares);
        }
        in.x[i] = {t[0], t[1], t[2], t[3]};
    }
    normalize_token<1, warps, quads>(norm, halves, in, n, out);
}

template <int quads>
void launch(const BlockView& block, const RecurrenceArguments& a, const ActivationView& out, Stream stream) {
    launch_overlapped(recur_and_normalize<quads>, dim3(static_cast<unsigned>(a.tokens)), norm_threads, 0, stream, block,
                      Halves{}, a, out);
}

}  // namespace

void launch_recur_and_normalize(const BlockView& block, const RecurrenceArguments& arguments, const ActivationView& out,
                                Stream stream) {
    const int size = round_up(block.norms[output_norm].size, tile_columns);
    if (size <= 1024) return launch<1>(block, arguments, out, stream);
    if (size <= 2048) return launch<2>(block, arguments, out, stream);
    if (size <= 3072) return launch<3>(block, arguments, out, stream);
    launch<norm_most_quads>(block, arguments, out, stream);
}

}  // namespace tephra::cuda
