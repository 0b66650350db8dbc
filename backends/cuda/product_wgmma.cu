// The product on Hopper. Bulk copies bring weights and activations of one 256-column chunk at a time into a ring in
// shared memory; warpgroups unpack the weights into registers and multiply. The warpgroups of a block are stacked over
// rows (many tokens: the products bound it) or over chunks (few tokens: the weights' way from memory bounds it).
#include "backends/cuda/finish.cuh"
#include "backends/cuda/launch.cuh"
#include "backends/cuda/layout.hpp"
#include "backends/cuda/wgmma.cuh"

namespace tephra::cuda {
namespace {

template <int stacked_rows, int stacked_chunks, int width>
struct Shape {
    static constexpr int row_groups = stacked_rows;      ///< warpgroups over rows, 64 each
    static constexpr int chunk_groups = stacked_chunks;  ///< warpgroups over chunks
    static constexpr int tokens = width;                 ///< of a block
    static constexpr int consumers = 128 * row_groups * chunk_groups;
    static constexpr int threads = consumers + 32;  ///< and the warp that issues the copies
    static constexpr int tile_rows_held = 8 * row_groups;
    static constexpr int weight_bytes = tile_rows_held * tile_bytes;
    static constexpr int activation_bytes = tokens * tile_columns;
    static constexpr int stage_bytes = weight_bytes + activation_bytes;
    static constexpr int stages = 200 * 1024 / stage_bytes < 8 ? 200 * 1024 / stage_bytes : 8;
    [[maybe_unused]] static constexpr int registers = tokens / 2;  ///< of sums a thread; only Hopper code reads it
    static constexpr int rows = 64 * row_groups;
    static constexpr int row_pitch = rows + 4;
    static constexpr int barriers_at = stages * stage_bytes;
    static constexpr int scales_at = barriers_at + 2 * stages * 8;
    static constexpr int shared_bytes = scales_at + tokens * static_cast<int>(sizeof(TokenScale)) + 128;
    static_assert(stages * stage_bytes >= 4 * chunk_groups * tokens * row_pitch, "the sums fit the ring");
};
using ManyTokens = Shape<3, 1, 128>;  // a fourth warpgroup would leave too few registers
using SomeTokens = Shape<2, 1, 128>;
using FewTokens = Shape<1, 4, 64>;
using FewestTokens = Shape<1, 4, 16>;

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)

__device__ inline std::uint32_t shared_address(const void* pointer) {
    return static_cast<std::uint32_t>(__cvta_generic_to_shared(pointer));
}
__device__ inline void barrier_init(std::uint32_t barrier, int count) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(count));
}
__device__ inline void barrier_arrive(std::uint32_t barrier) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}
__device__ inline void barrier_expect(std::uint32_t barrier, int bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}
__device__ inline void barrier_wait(std::uint32_t barrier, int parity) {
    asm volatile(
        "{\n"
        ".reg .pred done;\n"
        "again:\n"
        "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
        "@done bra finished;\n"
        "bra again;\n"
        "finished:\n"
        "}\n" ::"r"(barrier),
        "r"(parity)
        : "memory");
}
__device__ inline void bulk_copy(std::uint32_t to, const void* from, int bytes, std::uint32_t barrier) {
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(to),
                 "l"(from), "r"(bytes), "r"(barrier)
                 : "memory");
}

/// Shared-memory descriptor of activations without swizzle: 128-byte core matrices, 128 bytes apart along the columns,
/// 2048 bytes apart along the tokens.
__device__ inline std::uint64_t activation_descriptor(std::uint32_t address) {
    return std::uint64_t{(address & 0x3FFFF) >> 4} | std::uint64_t{128 >> 4} << 16 | std::uint64_t{2048 >> 4} << 32;
}

template <typename S>
struct Ring {
    std::uint32_t data, full, empty;
    __device__ std::uint32_t weights(int stage) const { return data + stage * S::stage_bytes + S::activation_bytes; }
    __device__ std::uint32_t activations(int stage) const { return data + stage * S::stage_bytes; }
};

/// The copying warp: lane l issues tile rows l, the first lane also the activations. Weights depend on nothing, so the
/// first ring of them is on its way before the kernel that makes the activations has ended.
template <typename S>
__device__ void copy_chunks(const ProductArguments& a, const Ring<S>& ring, int matrix, int lane) {
    const StageView& weights = a.weights;
    const auto row_bytes = static_cast<std::size_t>(weights.chunks) * tile_bytes;
    const int index = min(static_cast<int>(blockIdx.x) * S::tile_rows_held + lane, tile_rows_seen(weights) - 1);
    const std::uint8_t* from = weights.tiles + tile_row_of(weights, index, matrix) * row_bytes;
    const std::int8_t* const q = a.activations.q + matrix * a.activations.output_stride;
    const auto copy_weights = [&](int chunk) {
        const int stage = chunk % S::stages;
        if (lane == 0) barrier_expect(ring.full + 8 * stage, S::stage_bytes);
        __syncwarp();
        if (lane < S::tile_rows_held)
            bulk_copy(ring.weights(stage) + lane * tile_bytes, from + chunk * tile_bytes, tile_bytes,
                      ring.full + 8 * stage);
    };
    const auto copy_activations = [&](int chunk) {
        const int stage = chunk % S::stages;
        const auto block = static_cast<std::size_t>(chunk) * (a.activations.tokens / 8) + blockIdx.y * (S::tokens / 8);
        if (lane == 0) bulk_copy(ring.activations(stage), q + block * 2048, S::activation_bytes, ring.full + 8 * stage);
    };
    const int ahead = min(S::stages, weights.chunks);
    for (int chunk = 0; chunk < ahead; ++chunk) copy_weights(chunk);
    wait_for_previous_kernel();
    for (int chunk = 0; chunk < ahead; ++chunk) copy_activations(chunk);
    for (int chunk = ahead; chunk < weights.chunks; ++chunk) {
        barrier_wait(ring.empty + 8 * (chunk % S::stages), (chunk / S::stages - 1) & 1);
        copy_weights(chunk);
        copy_activations(chunk);
    }
}

__device__ inline uint4 load_shared(std::uint32_t address) {
    uint4 v;
    asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "r"(address));
    return v;
}

/// One warpgroup's share of a chunk: 8 steps of 32 columns.
template <typename S>
__device__ void multiply_chunk(const Ring<S>& ring, int stage, int row_group, int warp, int lane,
                               std::int32_t (&sums)[S::registers]) {
    const std::uint32_t tiles = ring.weights(stage) + (8 * row_group + 2 * warp) * tile_bytes + 16 * lane;
    const uint4 upper = load_shared(tiles), lower = load_shared(tiles + tile_bytes);
    const std::uint64_t descriptor = activation_descriptor(ring.activations(stage));
    std::uint32_t a[8][4];
#pragma unroll
    for (int step = 0; step < 8; ++step) unpack(upper, lower, step / 4, step % 4, a[step]);
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#pragma unroll
    for (int step = 0; step < 8; ++step) Wgmma<S::tokens>::multiply_add(sums, a[step], descriptor + step * (256 >> 4));
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
    asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
}

/// Leaves a warpgroup's sums in shared memory: [chunk_group][token][row of the block], padded against bank conflicts.
template <typename S>
__device__ void keep_sums(std::int32_t* kept, int row_group, int chunk_group, int warp, int lane,
                          const std::int32_t (&sums)[S::registers]) {
    asm volatile("bar.sync 1, %0;" ::"n"(S::consumers) : "memory");  // the ring is read to its end
    std::int32_t* const corner =
        kept + (chunk_group * S::tokens + 2 * (lane % 4)) * S::row_pitch + 64 * row_group + 16 * warp + lane / 4;
#pragma unroll
    for (int r = 0; r < S::registers; ++r) corner[(r / 4 * 8 + r % 2) * S::row_pitch + (r % 4 / 2) * 8] = sums[r];
    asm volatile("bar.sync 1, %0;" ::"n"(S::consumers) : "memory");
}

template <Finish finish, typename S>
__device__ void consume(const ProductArguments& arguments, const Ring<S>& ring, std::int32_t* kept, TokenScale* scales,
                        int matrix) {
    const int group = threadIdx.x / 128;
    const int row_group = group % S::row_groups, chunk_group = group / S::row_groups;
    const int warp = threadIdx.x / 32 % 4, lane = threadIdx.x % 32;
    const int token = blockIdx.y * S::tokens + threadIdx.x;
    if (threadIdx.x < S::tokens && token < arguments.tokens) {
        const int at = matrix * arguments.activations.tokens + token;
        scales[threadIdx.x] = {arguments.activations.dequantize[at], arguments.activations.sums[at]};
    }
    std::int32_t sums[S::registers] = {};
    for (int chunk = chunk_group; chunk < arguments.weights.chunks; chunk += S::chunk_groups) {
        const int stage = chunk % S::stages;
        barrier_wait(ring.full + 8 * stage, chunk / S::stages & 1);
        multiply_chunk<S>(ring, stage, row_group, warp, lane, sums);
        if (lane == 0) barrier_arrive(ring.empty + 8 * stage);
    }
    keep_sums<S>(kept, row_group, chunk_group, warp, lane, sums);
    finish_block<finish, S::rows, S::tokens>(arguments, matrix, blockIdx.x * S::rows, blockIdx.y * S::tokens,
                                             threadIdx.x, S::consumers, scales, [&](int n, int r) {
                                                 std::int32_t sum = 0;
#pragma unroll
                                                 for (int k = 0; k < S::chunk_groups; ++k)
                                                     sum += kept[(k * S::tokens + n) * S::row_pitch + r];
                                                 return sum;
                                             });
}

#endif

template <Finish finish, typename S>
__global__ void __launch_bounds__(S::threads, 1) product(const __grid_constant__ ProductArguments arguments) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
    extern __shared__ __align__(128) std::uint8_t shared[];
    const Ring<S> ring{shared_address(shared), shared_address(shared) + S::stages * S::stage_bytes,
                       shared_address(shared) + S::stages * S::stage_bytes + 8 * S::stages};
    if (threadIdx.x == 0) {
        for (int stage = 0; stage < S::stages; ++stage) {
            barrier_init(ring.full + 8 * stage, 1);
            barrier_init(ring.empty + 8 * stage, 4 * S::row_groups);
        }
        asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    }
    __syncthreads();
    let_next_kernel_start();
    const int matrix = blockIdx.z;
    if (threadIdx.x >= S::consumers) {
        copy_chunks<S>(arguments, ring, matrix, threadIdx.x - S::consumers);
        return;
    }
    wait_for_previous_kernel();
    consume<finish, S>(arguments, ring, reinterpret_cast<std::int32_t*>(shared),
                       reinterpret_cast<TokenScale*>(shared + S::scales_at), matrix);
#endif
}

template <Finish finish, typename S>
void launch(const ProductArguments& arguments, Stream stream) {
    static const bool raised = cudaFuncSetAttribute(product<finish, S>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                                    S::shared_bytes) == cudaSuccess;
    static_cast<void>(raised);  // a refusal shows as the error of the launch
    const dim3 grid(static_cast<unsigned>(ceil_div(tile_rows_seen(arguments.weights), S::tile_rows_held)),
                    static_cast<unsigned>(arguments.activations.tokens / S::tokens),
                    arguments.weights.matrices == 3 ? 3 : 1);
    launch_overlapped(product<finish, S>, grid, S::threads, S::shared_bytes, stream, arguments);
}

template <typename S>
int blocks(const ProductArguments& arguments) {
    return ceil_div(tile_rows_seen(arguments.weights), S::tile_rows_held) * (arguments.activations.tokens / S::tokens) *
           (arguments.weights.matrices == 3 ? 3 : 1);
}

/// The largest tile that still gives most multiprocessors a block.
template <Finish finish>
void choose(const ProductArguments& arguments, Stream stream) {
    constexpr int enough_blocks = 96;
    if (arguments.activations.tokens == 16) return launch<finish, FewestTokens>(arguments, stream);
    if (arguments.activations.tokens % 128 == 0) {
        if (blocks<ManyTokens>(arguments) >= enough_blocks) return launch<finish, ManyTokens>(arguments, stream);
        if (blocks<SomeTokens>(arguments) >= enough_blocks) return launch<finish, SomeTokens>(arguments, stream);
    }
    launch<finish, FewTokens>(arguments, stream);
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
    }
}

}  // namespace tephra::cuda
