// The gated linear recurrence of a batch: a step of many streams, or many steps of one stream.
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

// The recurrence along tokens. A block owns a few channels and takes tiles of steps through three stations: all workers
// prepare the steps of a tile, one thread a channel walks through the tile before, the workers finish what was walked.
// The walk is a chain that nothing shortens, so it has its operands in registers before it needs them.
constexpr int along_channels = 8;
constexpr int along_tile = 32;
constexpr int along_workers = along_channels * along_tile;

struct AlongTile {
    std::int64_t add[along_tile][along_channels];
    std::int32_t keep[along_tile][along_channels];
    std::int32_t after[along_tile][along_channels];
};

/// Walks a channel through a tile.
__device__ inline std::int32_t walk(AlongTile& tile, int channel, std::int32_t h) {
    constexpr int ahead = 8;
    RecurrenceStep steps[2][ahead];
#pragma unroll
    for (int s = 0; s < ahead; ++s) steps[0][s] = {tile.keep[s][channel], tile.add[s][channel]};
#pragma unroll
    for (int first = 0; first < along_tile; first += ahead) {
        const int now = first / ahead % 2;
        if (first + ahead < along_tile) {
#pragma unroll
            for (int s = 0; s < ahead; ++s)
                steps[now ^ 1][s] = {tile.keep[first + ahead + s][channel], tile.add[first + ahead + s][channel]};
        }
#pragma unroll
        for (int s = 0; s < ahead; ++s) {
            h = advance(h, steps[now][s]);
            tile.after[first + s][channel] = h;
        }
    }
    return h;
}

__global__ void __launch_bounds__(along_workers + 32)
    recur_along(BlockView block, MixerStates mixer, std::int32_t* states, int tokens, std::int32_t* mixed_states) {
    __shared__ AlongTile ring[2];
    let_next_kernel_start();
    wait_for_previous_kernel();
    const bool walks = threadIdx.x >= along_workers;
    const int worker = static_cast<int>(threadIdx.x) - (walks ? along_workers : 0);
    const int channel = worker % along_channels, slot = worker / along_channels;
    const int c = blockIdx.x * along_channels + channel;
    const bool mine = c < block.norms[output_norm].size && (!walks || slot == 0);
    const std::int32_t lower = mine ? block.one_minus_lower[c] : 0;
    std::int32_t h = mine && walks ? states[c] : 0;
    const auto load = [&](int matrix, int n) {
        return mine && !walks && n < tokens
                   ? __ldg(mixer.states + matrix * mixer.matrix_stride + static_cast<std::size_t>(n) * mixer.stride + c)
                   : 0;
    };
    std::int32_t f = load(0, slot), i = load(1, slot);
    std::int32_t g = load(2, slot), walked_g = 0;
    const int tiles = ceil_div(tokens, along_tile);
#pragma unroll 1
    for (int tile = 0; tile <= tiles; ++tile) {
        AlongTile &prepared = ring[tile % 2], &walked = ring[tile % 2 ^ 1];
        const int n = tile * along_tile + slot;
        if (walks) {
            if (mine && tile > 0) h = walk(walked, channel, h);
        } else if (tile < tiles) {
            RecurrenceStep step = recurrence_step(block.recurrence, f, i, lower);
            if (n >= tokens) step = {probability_one, half_of(probability_bits)};  // leaves h as it is
            prepared.keep[slot][channel] = step.keep;
            prepared.add[slot][channel] = step.add;
            f = load(0, n + along_tile);
            i = load(1, n + along_tile);
        }
        __syncthreads();
        if (!walks) {
            if (mine && tile > 0 && n - along_tile < tokens)
                mixed_states[static_cast<std::size_t>(n - along_tile) * mixer.stride + c] =
                    mixed(block.recurrence, walked_g, walked.after[slot][channel]);
            walked_g = g;
            g = load(2, n + along_tile);
        }
    }
    if (mine && walks) states[c] = h;
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

void launch_recur_along(const BlockView& block, const MixerStates& mixer, std::int32_t* h, int tokens, std::int32_t* t,
                        Stream stream) {
    const dim3 grid(static_cast<unsigned>(ceil_div(block.norms[output_norm].size, along_channels)));
    launch_overlapped(recur_along, grid, along_workers + 32, 0, stream, block, mixer, h, tokens, t);
}

}  // namespace tephra::cuda
