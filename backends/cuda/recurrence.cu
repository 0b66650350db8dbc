// The gated linear recurrence of a batch: a step of many streams.
#include "backends/cuda/launch.cuh"
#include "backends/cuda/norm.cuh"

namespace tephra::cuda {
namespace {

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
        fs.x[i] = load_states(f, c, mixer.stride);
        is.x[i] = load_states(f + mixer.matrix_stride, c, mixer.stride);
        gs.x[i] = load_states(f + 2 * mixer.matrix_stride, c, mixer.stride);
        hs.x[i] = {c < size ? state[c] : 0, c + 1 < size ? state[c + 1] : 0, c + 2 < size ? state[c + 2] : 0,
                   c + 3 < size ? state[c + 3] : 0};
    }
    std::int64_t squares = 0;
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
            squares = multiply_wide(g, g, squares);
        }
        ts.x[i] = {t[0], t[1], t[2], t[3]};
    }
    normalize_held<1, quads>(block.norms[output_norm], ts, n, squares, out);
}

}  // namespace

void launch_recur_and_normalize(const BlockView& block, const MixerStates& mixer, std::int32_t* h,
                                std::size_t stream_stride, int tokens, std::int32_t* t, const ActivationView& out,
                                Stream stream) {
    const dim3 grid(static_cast<unsigned>(tokens));
    const int quads = ceil_div(round_up(block.norms[output_norm].size, tile_columns), 4 * norm_threads);
    const auto launch = [&](auto kernel) {
        launch_overlapped(kernel, grid, norm_threads, 0, stream, block, mixer, h, stream_stride, t, out);
    };
    if (quads == 1) return launch(recur_and_normalize<1>);
    launch(quads == 2 ? recur_and_normalize<2> : (quads == 3 ? recur_and_normalize<3> : recur_and_normalize<widest>));
}

}  // namespace tephra::cuda
