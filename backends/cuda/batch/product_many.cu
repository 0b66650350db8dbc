// The product of many tokens on Hopper, bound by the tensor cores. Two blocks share a multiprocessor: one finishes its
// tile while the other multiplies. Bulk copies load activations into a ring. Each thread loads its own weights, 32
// bytes for 256 columns, straight into registers: no other thread needs them.
#include "backends/cuda/batch/finish_in_quads.cuh"
#include "backends/cuda/batch/product_ring.cuh"
#include "backends/cuda/hardware/launch.cuh"
#include "backends/cuda/timings.hpp"

namespace tephra::cuda {
namespace {

constexpr int many_threads = 256;  ///< two warpgroups of 64 rows
constexpr int many_warps = many_threads / 32;
constexpr int many_rows = 128;
constexpr int many_packs = many_rows / tile_rows;

/// A tile of `width` tokens.
template <int width>
struct ManyShared {
    static constexpr int chunk_bytes = width * tile_columns;
    static constexpr int slots = 96 * 1024 / chunk_bytes;  ///< of the ring, a chunk each
    alignas(128) std::uint8_t ring[slots][chunk_bytes];
    StateRules<width> rules;
    alignas(16) SigmoidEntry sigmoids[sigmoid_entries];
    alignas(16) std::int32_t turned[many_warps][turn_words];
    std::uint64_t full[slots];
    std::uint32_t passed[slots];  ///< warps that have passed the slot's chunks, all rounds together
    std::uint64_t known;          ///< rules and sigmoids
};

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)

/// The two tile rows of a warp.
struct WeightRows {
    const uint4 *upper, *lower;

    __device__ WeightRows(const StageView& weights, int index, int matrix, int lane) {
        const auto row = [&](int i) {
            const auto at = static_cast<std::size_t>(tile_row_of(weights, min(i, tile_rows_seen(weights) - 1), matrix));
            return reinterpret_cast<const uint4*>(weights.tiles + at * weights.chunks * tile_bytes) + lane;
        };
        upper = row(index);
        lower = row(index + 1);
    }
};

/// The ring of activations. Sharing it among the blocks of a cluster saves reading them from the second-level cache,
/// which is not what binds, and lets no block go ahead of the others.
template <int width>
struct Activations {
    using Shared = ManyShared<width>;
    const std::int8_t* from;
    std::size_t stride;  ///< bytes of a chunk of all tokens
    std::uint32_t ring, full, passed;

    __device__ void copy(int chunk) const {
        const int slot = chunk % Shared::slots;
        barrier_expect(full + 8 * slot, Shared::chunk_bytes);
        bulk_copy(ring + slot * Shared::chunk_bytes, from + chunk * stride, Shared::chunk_bytes, full + 8 * slot);
    }
    /// By a lane of each warp that has passed the chunk. The last of them fills its slot again: nobody waits.
    __device__ void pass(int chunk) const {
        if (add_shared(passed + 4 * (chunk % Shared::slots), 1) % many_warps == many_warps - 1)
            copy(chunk + Shared::slots);
    }
};

/// A warpgroup's sums of all chunks.
template <int width>
__device__ inline void multiply_all(const Activations<width>& activations, const WeightRows& weights, uint4 upper,
                                    uint4 lower, int chunks, int lane, std::int32_t (&sums)[width / 2]) {
    using Shared = ManyShared<width>;
    std::uint32_t a[2][2][4];
#pragma unroll 1
    for (int chunk = 0; chunk < chunks; ++chunk) {
        const int slot = chunk % Shared::slots, next = min(chunk + 1, chunks - 1) * (tile_bytes / 16);
        const uint4 next_upper = __ldg(weights.upper + next), next_lower = __ldg(weights.lower + next);
        barrier_wait_local(activations.full + 8 * slot, chunk / Shared::slots & 1);
        const int last = chunk - 1;
        const std::uint32_t descriptor = activation_descriptor(activations.ring + slot * Shared::chunk_bytes);
        multiply_chunk<width>(upper, lower, descriptor, a, sums, [] {});
        if (lane == 0 && last >= 0 && last + Shared::slots < chunks) activations.pass(last);
        __syncwarp();
        upper = next_upper;
        lower = next_lower;
    }
    finish_chunks();
}

/// A thread's token. Its rule is needed behind the products; to make it there would let all wait for the slowest warp.
template <int width>
struct Token {
    Scale scale{};
    std::int32_t sum = 0;
    bool real = false;

    __device__ Token(const ProductArguments& a, int matrix) {
        const int token = blockIdx.y * width + threadIdx.x;
        if (threadIdx.x >= width || token >= a.tokens) return;
        const int at = matrix * a.activations.tokens + token;
        const auto word = __ldg(reinterpret_cast<const std::uint32_t*>(a.activations.dequantize) + at);
        scale = {static_cast<std::uint16_t>(word), static_cast<std::int16_t>(word >> 16)};
        sum = __ldg(a.activations.sums + at);
        real = true;
    }
};

/// Prefetches the residuals that the tile's finish reads into the second-level cache.
template <int width>
__device__ inline void prefetch_residuals(const ProductArguments& a) {
    const int token = blockIdx.y * width + threadIdx.x, row = blockIdx.x * many_rows;
    if (threadIdx.x >= width || token >= a.tokens || row >= a.stride) return;
    const std::int32_t* const from = a.x + static_cast<std::size_t>(token) * a.stride + row;
    const int bytes = min(many_rows, a.stride - row) * static_cast<int>(sizeof(*from));
    asm volatile("cp.async.bulk.prefetch.L2.global [%0], %1;" ::"l"(from), "r"(bytes) : "memory");
}

#endif

template <Finish finish, int width>
__global__ void __launch_bounds__(many_threads, 2) product_many(const __grid_constant__ ProductArguments arguments) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
    extern __shared__ __align__(128) std::uint8_t memory[];
    using Shared = ManyShared<width>;
    auto& shared = *reinterpret_cast<Shared*>(memory);
    const int matrix = static_cast<int>(blockIdx.z), warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const std::size_t first = static_cast<std::size_t>(blockIdx.y) * (width / 8) * 2048;
    const Activations<width> activations{arguments.activations.q + matrix * arguments.activations.output_stride + first,
                                         static_cast<std::size_t>(arguments.activations.tokens) * tile_columns,
                                         shared_address(shared.ring), shared_address(shared.full),
                                         shared_address(shared.passed)};
    if (threadIdx.x == 0) {
        for (int slot = 0; slot < Shared::slots; ++slot) {
            barrier_init(activations.full + 8 * slot, 1);
            shared.passed[slot] = 0;
        }
        barrier_init(shared_address(&shared.known), many_threads);
        barrier_init_fence();
    }
    __syncthreads();
    const int chunks = arguments.weights.chunks;
    const WeightRows weights(arguments.weights, static_cast<int>(blockIdx.x) * many_packs + 2 * warp, matrix, lane);
    const uint4 upper = __ldg(weights.upper), lower = __ldg(weights.lower);
    let_next_kernel_start();
    wait_for_previous_kernel();
    if (threadIdx.x == 0)
        for (int chunk = 0; chunk < min(Shared::slots, chunks); ++chunk) activations.copy(chunk);
    __syncwarp();
    if constexpr (finish == Finish::residual) prefetch_residuals<width>(arguments);
    const Token<width> token(arguments, matrix);
    if constexpr (finish == Finish::unit) copy_sigmoids(shared.sigmoids, threadIdx.x, many_threads);
    if (token.real) shared.rules.set(threadIdx.x, state_rule(token.scale, token.sum));
    barrier_arrive(shared_address(&shared.known));
    std::int32_t sums[width / 2] = {};
    multiply_all(activations, weights, upper, lower, chunks, lane, sums);
    barrier_wait_local(shared_address(&shared.known), 0);
    const Fragment at{matrix, static_cast<int>(blockIdx.x) * (many_rows / 16) + warp, lane,
                      static_cast<int>(blockIdx.y) * width};
    if constexpr (finish == Finish::choose)
        finish_in_quads<finish>(arguments, at, shared.rules, shared.turned[warp], sums);
    else if (finish != Finish::unit && !in_pairs<finish>(arguments) && arguments.stride % 4 == 0)
        finish_in_quads<finish>(arguments, at, shared.rules, shared.turned[warp], sums);
    else
        finish_registers<finish>(arguments, at, shared.rules, shared.sigmoids, sums);
#else
    __trap();
#endif
}

/// How many tiles a product has: along rows, along tokens, and for how many matrices.
struct Tiles {
    int rows, tokens, matrices;
    Tiles(const ProductArguments& a, int width)
        : rows(ceil_div(tile_rows_seen(a.weights), many_packs)),
          tokens(ceil_div(a.tokens, width)),
          matrices(a.weights.matrices == 3 ? 3 : 1) {}
};

template <Finish finish, int width>
void launch(const ProductArguments& arguments, Stream stream) {
    constexpr int bytes = static_cast<int>(sizeof(ManyShared<width>));
    allow_shared_memory<product_many<finish, width>>(bytes);
    const Tiles tiles(arguments, width);
    const dim3 grid(static_cast<unsigned>(tiles.rows), static_cast<unsigned>(tiles.tokens),
                    static_cast<unsigned>(tiles.matrices));
    launch_overlapped(product_many<finish, width>, grid, many_threads, bytes, stream, arguments);
}

/// Narrow tiles give two blocks to multiprocessors that would have one.
template <Finish finish>
void choose(const ProductArguments& arguments, Stream stream) {
    const Tiles tiles(arguments, 128);
    if (tiles.rows * tiles.tokens * tiles.matrices <= H100Timings::multiprocessors)
        launch<finish, 64>(arguments, stream);
    else
        launch<finish, 128>(arguments, stream);
}

}  // namespace

void launch_product_many(Finish finish, const ProductArguments& arguments, Stream stream) {
    if (finish == Finish::states) return choose<Finish::states>(arguments, stream);
    if (finish == Finish::residual) return choose<Finish::residual>(arguments, stream);
    if (finish == Finish::choose) return choose<Finish::choose>(arguments, stream);
    choose<Finish::unit>(arguments, stream);
}

}  // namespace tephra::cuda
