// The product on Hopper. Bulk copies load weights and activations, one chunk of 256 columns at a time, into a ring in
// shared memory. Warpgroups unpack the weights into registers and multiply. Where there are too few tiles for all
// multiprocessors, the blocks of a cluster divide the chunks of a tile.
#include "backends/cuda/batch/finish.cuh"
#include "backends/cuda/batch/product_ring.cuh"
#include "backends/cuda/hardware/launch.cuh"
#include "backends/cuda/timings.hpp"

namespace tephra::cuda {
namespace {

using SomeTokens = Shape<2, 1, 64>;
using FewTokens = Shape<1, 2, 64>;
using FewestTokens = Shape<1, 2, 16>;

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)

/// Stores a warpgroup's sums in shared memory: [chunk_group][token][row of the block], padded against bank conflicts.
template <typename S>
__device__ void keep_sums(std::int32_t* kept, int row_group, int chunk_group, int warp, int lane,
                          const std::int32_t (&sums)[S::registers]) {
    keep_registers<S::row_pitch>(kept, chunk_group * S::tokens, 64 * row_group + 16 * warp, lane, sums);
}

/// What the block knows of its tokens before it finishes them.
template <typename S>
struct Tokens {
    StateRules<S::tokens> rules;
    alignas(16) SigmoidEntry sigmoids[sigmoid_entries];
};

/// Thread t of the consumers fills in token t, and a part of the table.
template <Finish finish, typename S>
__device__ void fill(Tokens<S>& tokens, const ProductArguments& arguments, const ChunkRange& part) {
    const int token = blockIdx.y * S::tokens + threadIdx.x;
    if (threadIdx.x < S::tokens && token < arguments.tokens) {
        const int at = part.matrix * arguments.activations.tokens + token;
        tokens.rules.set(threadIdx.x, state_rule(arguments.activations.dequantize[at], arguments.activations.sums[at]));
    }
    if constexpr (finish == Finish::unit) copy_sigmoids(tokens.sigmoids, threadIdx.x, S::consumers);
}

/// Finishes the block's share of the tile's tokens: all of them, or 1 / split. Each block of the cluster holds a part
/// of their sums.
template <Finish finish, typename S, int split>
__device__ void finish_kept(const ProductArguments& arguments, std::int32_t* kept, const Tokens<S>& of_tokens,
                            const ChunkRange& part) {
    constexpr int tokens = S::tokens / split;
    const int first = split == 1 ? 0 : static_cast<int>(part.rank) * tokens;
    std::uint32_t theirs[split];
#pragma unroll
    for (int k = 0; k < split; ++k) theirs[k] = split == 1 ? 0 : cluster_address(shared_address(kept), k);
    const BlockPart block{part.matrix, static_cast<int>(blockIdx.x) * S::rows,
                          static_cast<int>(blockIdx.y) * S::tokens + first, static_cast<int>(threadIdx.x)};
    finish_block<finish, S::rows, tokens, S::consumers>(
        FinishArithmetic(arguments, of_tokens.sigmoids), arguments, block, of_tokens.rules, first, [&](int n, int r) {
            std::int32_t sum = 0;
#pragma unroll
            for (int group = 0; group < S::chunk_groups; ++group) {
                const int at = (group * S::tokens + first + n) * S::row_pitch + r;
#pragma unroll
                for (int k = 0; k < split; ++k) sum += split == 1 ? kept[at] : load_cluster(theirs[k] + 4 * at);
            }
            return sum;
        });
}

/// The consuming warpgroups' work. With sums in parts they wait for the other blocks of the cluster and the copying
/// warp before they finish.
template <Finish finish, typename S, int split>
__device__ void consume(const ProductArguments& arguments, const Ring<S>& ring, std::int32_t* kept, Tokens<S>& tokens,
                        const ChunkRange& part) {
    constexpr bool in_parts = split > 1 || S::chunk_groups > 1;
    const int group = threadIdx.x / 128, row_group = group % S::row_groups, chunk_group = group / S::row_groups;
    const int warp = threadIdx.x / 32 % 4, lane = threadIdx.x % 32;
    wait_for_previous_kernel();
    fill<finish>(tokens, arguments, part);
    std::int32_t sums[S::registers] = {};
    multiply_chunks<S>(ring, part, row_group, chunk_group, warp, lane, sums);
    asm volatile("bar.sync 1, %0;" ::"n"(S::consumers)
                 : "memory");  // the ring is read to its end, the tokens are filled
    if constexpr (in_parts) {
        keep_sums<S>(kept, row_group, chunk_group, warp, lane, sums);
        if constexpr (split > 1)
            cluster_sync();
        else
            asm volatile("bar.sync 1, %0;" ::"n"(S::consumers) : "memory");
        finish_kept<finish, S, split>(arguments, kept, tokens, part);
    } else {
        const Fragment at{part.matrix, static_cast<int>(blockIdx.x) * (S::rows / 16) + 4 * row_group + warp, lane,
                          static_cast<int>(blockIdx.y) * S::tokens};
        finish_registers<finish>(arguments, at, tokens.rules, tokens.sigmoids, sums);
    }
}

#endif

/// split: blocks of a cluster that divide the chunks of a tile among them.
template <Finish finish, typename S, int split>
__global__ void __launch_bounds__(S::threads, S::residents)
    product_wgmma(const __grid_constant__ ProductArguments arguments) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
    extern __shared__ __align__(128) std::uint8_t shared[];
    __shared__ Tokens<S> tokens;
    const Ring<S> ring{shared_address(shared), shared_address(shared) + S::slots * S::slot_bytes,
                       shared_address(shared) + S::slots * S::slot_bytes + 8 * S::slots};
    if (threadIdx.x == 0) {
        for (int slot = 0; slot < S::slots; ++slot) {
            barrier_init(ring.full + 8 * slot, 1);
            barrier_init(ring.empty + 8 * slot, 4 * S::row_groups);
        }
        barrier_init_fence();
    }
    __syncthreads();
    let_next_kernel_start();
    const ChunkRange part = chunk_range_of<split>(arguments.weights);
    if (threadIdx.x < S::consumers) {
        consume<finish, S, split>(arguments, ring, reinterpret_cast<std::int32_t*>(shared), tokens, part);
    } else {
        copy_chunks<S>(arguments, ring, part, threadIdx.x - S::consumers);
        __syncwarp();
        if constexpr (split > 1) cluster_sync();  // the consumers have stored their sums
    }
    if constexpr (split > 1) cluster_sync_relaxed();  // a block's sums must outlive their readers
#else
    __trap();
#endif
}

template <Finish finish, typename S, int split>
void launch(const ProductArguments& arguments, Stream stream) {
    allow_shared_memory<product_wgmma<finish, S, split>>(S::shared_bytes);
    const dim3 grid(static_cast<unsigned>(ceil_div(tile_rows_seen(arguments.weights), S::tile_rows_held)),
                    static_cast<unsigned>(ceil_div(arguments.tokens, S::tokens)),
                    static_cast<unsigned>((arguments.weights.matrices == 3 ? 3 : 1) * split));
    launch_overlapped(product_wgmma<finish, S, split>, grid, S::threads, S::shared_bytes, stream, dim3(1, 1, split),
                      arguments);
}

/// Divides the chunks of a tile as long as all blocks are at work at once.
template <Finish finish, typename S>
void divide(const ProductArguments& arguments, Stream stream) {
    constexpr int places = S::residents * H100Timings::multiprocessors;
    const int blocks = ceil_div(tile_rows_seen(arguments.weights), S::tile_rows_held) *
                       (arguments.activations.tokens / S::tokens) * (arguments.weights.matrices == 3 ? 3 : 1);
    if (4 * blocks <= places && arguments.weights.chunks >= 8) return launch<finish, S, 4>(arguments, stream);
    if (2 * blocks <= places && arguments.weights.chunks >= 4) return launch<finish, S, 2>(arguments, stream);
    launch<finish, S, 1>(arguments, stream);
}

/// Large tiles where there are tokens for them: they read fewer bytes a product.
template <Finish finish>
void choose(const ProductArguments& arguments, Stream stream) {
    const int tokens = arguments.activations.tokens;
    if (tokens >= many_tokens) return launch_product_many(finish, arguments, stream);
    if (tokens % 128 == 0) return divide<finish, SomeTokens>(arguments, stream);
    if (tokens == 64) return divide<finish, FewTokens>(arguments, stream);
    divide<finish, FewestTokens>(arguments, stream);
}

}  // namespace

void launch_product_wgmma(Finish finish, const ProductArguments& arguments, Stream stream) {
    switch (finish) {
        case Finish::states:
            return choose<Finish::states>(arguments, stream);
        case Finish::residual:
            return choose<Finish::residual>(arguments, stream);
        case Finish::unit:
            return choose<Finish::unit>(arguments, stream);
        case Finish::choose:
            return launch_product_many(finish, arguments, stream);
    }
}

}  // namespace tephra::cuda
