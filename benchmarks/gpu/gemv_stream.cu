// The product of batch 1 exists inside the persistent kernel only. This runs its device code over independent matrices:
// activations from memory, the rings of weights, sums, scales, states to memory; no stage waits for another block. What
// is left out beside the real kernel is the exchange between blocks and the norms.
#include "backends/cuda/decode_prepare.cuh"
#include "backends/cuda/decode_product.cuh"
#include "benchmarks/gpu/gemv.hpp"

namespace tephra::cuda {
namespace {

constexpr int streamed_stages = 4;  ///< all but the head

/// The serving warp brings the next product's activations while the others multiply.
__device__ void bring_activations(const StreamedProducts& p, std::uint8_t* to) {
    auto* const words = reinterpret_cast<std::int32_t*>(to);
    const auto* const from = reinterpret_cast<const int4*>(p.q);
    for (int quad = threadIdx.x % 32; quad < p.shape.cols / 16; quad += 32) {
        const int4 v = from[quad];
        words[activation_word(16 * quad)] = v.x;
        words[activation_word(16 * quad + 4)] = v.y;
        words[activation_word(16 * quad + 8)] = v.z;
        words[activation_word(16 * quad + 12)] = v.w;
    }
}

__device__ void set_up_stream(const DecodeWorker& worker, const StreamedProducts& p) {
    const DecodeArguments& a = worker.a;
    if (threadIdx.x < decode_stages * decode_warps) {
        const int stage = threadIdx.x / decode_warps, warp = threadIdx.x % decode_warps;
        UnitRange range{0, 0};
        if (stage < streamed_stages) {
            const Share share = worker.share(stage, p.shape.rows);
            const int tiles = share.count * p.shape.chunks();
            const int begin = tiles * warp / decode_warps, end = tiles * (warp + 1) / decode_warps;
            range = {static_cast<std::uint32_t>(share.first * p.shape.chunks() + begin),
                     static_cast<std::uint32_t>(end - begin)};
        }
        worker.shared.ranges[stage][warp] = range;
    }
    for (int i = threadIdx.x; i < 2 * a.plan.accumulators; i += decode_threads) worker.accumulators[i] = 0;
    if (worker.serves()) bring_activations(p, worker.activations);
    __syncthreads();
}

__global__ void __launch_bounds__(decode_threads, 1) streamed(const __grid_constant__ StreamedProducts p) {
    extern __shared__ __align__(128) std::uint8_t memory[];
    __shared__ DecodeShared shared;
    const DecodeArguments& a = p.decode;
    std::uint8_t* const vectors = memory + decode_warps * decode_ring_depth * tile_bytes;
    DecodeWorker worker{a, shared, vectors, reinterpret_cast<std::int32_t*>(vectors + 2 * a.plan.activation_bytes), 0};
    set_up_stream(worker, p);
    TileRing ring(a, shared, memory, !worker.serves());
    const ReadyState how = ready_state(p.scale, p.activation_sum);
#pragma unroll 1
    for (int step = 0; step < a.steps; ++step) {
#pragma unroll 1
        for (int product = 0; product < streamed_stages * a.layers; ++product) {
            const int stage = product % streamed_stages;
            worker.activations = vectors + worker.parity * a.plan.activation_bytes;
            if (worker.serves())
                bring_activations(p, vectors + (worker.parity ^ 1) * a.plan.activation_bytes);
            else
                multiply(worker, ring, stage, p.shape.chunks(), 1);
            __syncthreads();
            const Share share = worker.share(stage, p.shape.rows);
            std::int32_t* const out = p.out + static_cast<std::size_t>(product) * p.shape.rows;
            for (int i = threadIdx.x; i < share.count * tile_rows; i += decode_threads) {
                const int row = share.first * tile_rows + i;
                if (row < p.shape.rows) out[row] = state_of(worker.sums()[i], how);
                worker.sums()[i] = 0;
            }
            worker.parity ^= 1;
        }
    }
    asm volatile("cp.async.wait_all;" ::: "memory");
}

}  // namespace

StreamedProducts stream_products(const StageShape& shape, const std::uint8_t* tiles, int matrices,
                                 int multiprocessors) {
    StreamedProducts p{};
    DecodePlan& plan = p.decode.plan;
    plan.blocks = shape.packs() < multiprocessors ? shape.packs() : multiprocessors;
    plan.activation_bytes = shape.chunks() * tile_columns;
    plan.accumulators = ceil_div(shape.packs(), plan.blocks) * tile_rows;
    plan.shared_bytes = std::size_t{decode_warps} * decode_ring_depth * tile_bytes +
                        2 * static_cast<std::size_t>(plan.activation_bytes) +
                        2 * sizeof(std::int32_t) * static_cast<std::size_t>(plan.accumulators);
    for (int stage = 0; stage < streamed_stages; ++stage) {  // as plan_decode evens out what blocks read
        plan.shift[stage] = stage * (shape.packs() % plan.blocks) % plan.blocks;
        p.decode.tiles[stage] = tiles + static_cast<std::size_t>(stage) * shape.bytes();
    }
    p.decode.tiles[head_stage] = tiles;
    p.decode.block_bytes = streamed_stages * shape.bytes();
    p.decode.layers = matrices / streamed_stages;
    p.decode.steps = 1;
    p.shape = shape;
    return p;
}

int launch_streamed_products(const StreamedProducts& products, CUstream_st* stream) {
    const DecodePlan& plan = products.decode.plan;
    const cudaError_t status = cudaFuncSetAttribute(streamed, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                                    static_cast<int>(plan.shared_bytes));
    if (status != cudaSuccess) return status;
    streamed<<<static_cast<unsigned>(plan.blocks), decode_threads, plan.shared_bytes, stream>>>(products);
    return cudaGetLastError();
}

}  // namespace tephra::cuda
