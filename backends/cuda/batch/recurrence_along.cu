// The recurrence along the tokens of one stream. A block owns a few channels and takes tiles of steps through three
// stations, one tile at each: workers prepare the steps of a tile, one thread a channel walks through the tile before,
// workers finish the tile that was walked before that. The walk is a chain that nothing shortens, so a step of it is a
// single multiplication.
#include "backends/cuda/arithmetic/recurrence.cuh"
#include "backends/cuda/batch/batch.hpp"
#include "backends/cuda/hardware/launch.cuh"
#include "backends/cuda/layout.hpp"
#include "backends/cuda/timings.hpp"

namespace tephra::cuda {
namespace {

constexpr int along_channels = 8;
constexpr int along_steps = 128;

/// How the workers of a block share a tile: many where a multiprocessor has one block only.
template <int count>
struct Workers {
    static constexpr int workers = count;
    static constexpr int at_once = count / along_channels;  ///< steps
    static constexpr int items = along_steps / at_once;     ///< steps of a worker
    static constexpr int blocks = count <= 256 ? 3 : 1;     ///< of a multiprocessor
};

/// Padded so that the channels of a tile lie 16 bytes apart in the banks. `keep` becomes s after the step.
struct Tile {
    std::uint32_t keep[along_channels][along_steps + 4];
    alignas(16) std::uint64_t add[along_channels][along_steps + 2];
};

/// Walks a channel through a tile; its operands are in registers before it needs them.
__device__ inline std::uint32_t walk(Tile& tile, int channel, std::uint32_t s) {
    constexpr int ahead = 8;
    uint4 keep[2][ahead / 4];
    ulonglong2 add[2][ahead / 2];
    const auto load = [&](int at, int first) {
#pragma unroll
        for (int k = 0; k < ahead / 4; ++k)
            keep[at][k] = *reinterpret_cast<const uint4*>(&tile.keep[channel][first + 4 * k]);
#pragma unroll
        for (int k = 0; k < ahead / 2; ++k)
            add[at][k] = *reinterpret_cast<const ulonglong2*>(&tile.add[channel][first + 2 * k]);
    };
    load(0, 0);
#pragma unroll
    for (int first = 0; first < along_steps; first += ahead) {
        const int now = first / ahead % 2;
        if (first + ahead < along_steps) load(now ^ 1, first + ahead);
#pragma unroll
        for (int k = 0; k < ahead / 4; ++k) {
            uint4 after;
            after.x = advance(s, keep[now][k].x, add[now][2 * k].x);
            after.y = advance(after.x, keep[now][k].y, add[now][2 * k].y);
            after.z = advance(after.y, keep[now][k].z, add[now][2 * k + 1].x);
            after.w = s = advance(after.z, keep[now][k].w, add[now][2 * k + 1].y);
            *reinterpret_cast<uint4*>(&tile.keep[channel][first + 4 * k]) = after;
        }
    }
    return s;
}

/// A worker's channel. What lies beyond the last channel or token reads the last and writes nothing.
struct Along {
    const std::int32_t *f, *i, *g;  ///< of token 0
    std::int32_t* t;
    int channel;  ///< in the tiles
    bool mine;    ///< whether the model has it
    int tokens, stride;

    __device__ Along(const BlockView& block, const RecurrenceArguments& a, int of_tile)
        : channel(of_tile), tokens(a.tokens), stride(a.mixer.stride) {
        const int c = blockIdx.x * along_channels + channel, last = block.norms[output_norm].size - 1;
        mine = c <= last;
        f = a.mixer.states + min(c, last);
        i = f + a.mixer.matrix_stride;
        g = i + a.mixer.matrix_stride;
        t = a.t + c;
    }
    __device__ int line(int n) const { return min(n, tokens - 1) * stride; }
};

/// A worker's part of all tiles: prepares tile k and finishes tile k - 2 while tile k - 1 is walked.
template <typename W>
__device__ inline void work(const GatedRecurrence& steps, const Along& along, Tile (&ring)[3], std::int32_t lower) {
    const int first_step = static_cast<int>(threadIdx.x) / along_channels, tiles = ceil_div(along.tokens, along_steps);
    std::int32_t f[W::items], i[W::items], g[W::items] = {};
#pragma unroll
    for (int k = 0; k < W::items; ++k) {
        f[k] = __ldg(along.f + along.line(first_step + W::at_once * k));
        i[k] = __ldg(along.i + along.line(first_step + W::at_once * k));
    }
    int now = 0;  // of the ring
#pragma unroll 1
    for (int tile = 0; tile < tiles + 2; ++tile) {
        const int next = now == 2 ? 0 : now + 1;
        Tile &prepared = ring[now], &walked = ring[next];
        now = next;
        const int first = tile * along_steps + first_step;
#pragma unroll
        for (int k = 0; tile < tiles && k < W::items; ++k) {
            const int at = first_step + W::at_once * k;
            const RecurrenceStep step = steps.prepare(f[k], i[k], lower);
            prepared.keep[along.channel][at] = step.keep;
            prepared.add[along.channel][at] = step.add;
            const int line = along.line(first + W::at_once * k + along_steps);
            f[k] = __ldg(along.f + line);
            i[k] = __ldg(along.i + line);
        }
        std::int32_t t[W::items];
#pragma unroll
        for (int k = 0; tile >= 2 && k < W::items; ++k)
            t[k] = steps.gate(
                g[k], static_cast<std::int32_t>(walked.keep[along.channel][first_step + W::at_once * k]) + state_min);
#pragma unroll
        for (int k = 0; k < W::items; ++k) {
            const int n = first + W::at_once * k - 2 * along_steps;
            if (n >= 0 && along.mine && n < along.tokens) along.t[n * along.stride] = t[k];
            g[k] = __ldg(along.g + along.line(max(n + along_steps, 0)));
        }
        __syncthreads();
    }
}

template <typename W>
__global__ void __launch_bounds__(W::workers + 32, W::blocks)
    recur_along(const __grid_constant__ BlockView block, const __grid_constant__ RecurrenceArguments a) {
    std::int32_t* const states = a.h;
    const int tokens = a.tokens;
    __shared__ Tile ring[3];
    __shared__ alignas(16) SigmoidEntry sigmoids[sigmoid_entries];
    copy_sigmoids(sigmoids, threadIdx.x, W::workers + 32);
    __syncthreads();
    if (threadIdx.x < W::workers) {
        const Along along(block, a, threadIdx.x % along_channels);
        const int c = blockIdx.x * along_channels + along.channel;
        const std::int32_t lower = along.mine ? block.one_minus_lower[c] : 0;
        work<W>(GatedRecurrence(block.recurrence, sigmoids), along, ring, lower);
        return;
    }
    const int channel = threadIdx.x % 32, c = blockIdx.x * along_channels + channel;
    const bool mine = channel < along_channels && c < block.norms[output_norm].size;
    std::uint32_t s = mine ? static_cast<std::uint32_t>(states[c] - state_min) : 0;
    const int tiles = ceil_div(tokens, along_steps);
#pragma unroll 1
    for (int tile = 0; tile < tiles + 2; ++tile) {
        if (mine && tile > 0 && tile <= tiles) s = walk(ring[(tile + 2) % 3], channel, s);
        __syncwarp();
        __syncthreads();
    }
    // The last tile may have steps of no token behind the last.
    if (mine)
        states[c] =
            static_cast<std::int32_t>(ring[(tiles + 2) % 3].keep[channel][(tokens - 1) % along_steps]) + state_min;
}

}  // namespace

void launch_recur_along(const BlockView& block, const RecurrenceArguments& arguments, Stream stream) {
    const int blocks = ceil_div(block.norms[output_norm].size, along_channels);
    const auto launch = [&](auto kernel, int workers) {
        launch_alone(kernel, dim3(static_cast<unsigned>(blocks)), workers + 32, 0, stream, block, arguments);
    };
    if (blocks > H100Timings::multiprocessors) return launch(recur_along<Workers<256>>, 256);
    launch(recur_along<Workers<512>>, 512);
}

}  // namespace tephra::cuda
