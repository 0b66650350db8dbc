// The product of batch 1 exists inside the persistent kernel only. This runs its device code over independent matrices:
// activations from memory into bit planes, the rings of weights, sums, states to memory; no stage waits for another
// block. What is left out beside the real kernel is the exchange between blocks and the norms.
#include "backends/cuda/decode/product.cuh"
#include "benchmarks/gpu/gemv.hpp"

namespace tephra::cuda {
namespace {

constexpr int streamed_stages = 4;  ///< all but the head

#if __CUDA_ARCH__ >= 900

/// Shares out the rows as the persistent kernel does.
__device__ void set_up_stream(const DecodeWorker& worker, const StreamedProducts& p) {
    const DecodePlan& plan = worker.a.plan;
    DecodeShared& shared = worker.shared;
    if (threadIdx.x < stage_count * decode_warps) {
        const int stage = threadIdx.x / decode_warps, warp = threadIdx.x % decode_warps;
        Share share = share_of(p.shape.packs(), plan.blocks, plan.shift[stage], blockIdx.x);
        if (stage >= streamed_stages) share.count = 0;
        shared.ranges[stage][warp] = range_of(share, 1, p.shape.chunks(), 1, warp);
        shared.shares[stage] = share;
    }
    clear(worker);
    __syncthreads();
}

__device__ void multiply_streamed(const DecodeWorker& worker, const StreamedProducts& p) {
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, pieces = 2 * p.shape.chunks();
    const PlaneWeights weights;
    TileRing ring(worker);
    const int products = worker.a.steps * streamed_stages * worker.a.layers;
#pragma unroll 1
    for (int k = 0; k < products; ++k) {
        multiply_stage(
            worker, ring, worker.shared.ranges[k % streamed_stages][warp], p.shape.chunks(), 1, weights, [&] {
                synchronize<published_barrier, exchange_threads>();
                for (int piece = warp; piece < pieces; piece += decode_warps) {
                    const int column = 128 * piece + 4 * lane;
                    const std::uint32_t word =
                        column < p.shape.cols ? __ldg(reinterpret_cast<const std::uint32_t*>(p.q + column)) : 0;
                    store_planes(planes_at(worker.activations, piece), two_planes(word));
                }
            });
    }
}

/// The serving warps turn sums into states.
__device__ void finish_streamed(const DecodeWorker& worker, const StreamedProducts& p) {
    const StateRule rule = state_rule(wide(p.scale));
    const int products = worker.a.steps * streamed_stages * worker.a.layers;
    arrive<published_barrier, exchange_threads>();
#pragma unroll 1
    for (int k = 0; k < products; ++k) {
        const Share share = worker.shared.shares[k % streamed_stages];
        std::int32_t* const out =
            p.out + static_cast<std::size_t>(k % (streamed_stages * worker.a.layers)) * p.shape.rows;
        synchronize<sums_barrier, exchange_threads>();
        for (int i = threadIdx.x - multiplying_threads; i < share.count * tile_rows; i += 32 * serving_warps) {
            const int row = share.first * tile_rows + i;
            if (row < p.shape.rows) out[row] = state_of(worker.accumulators[i], rule);
            worker.accumulators[i] = 0;
        }
        if (k + 1 < products) arrive<published_barrier, exchange_threads>();
    }
}

#endif

__global__ void __launch_bounds__(decode_threads, 1) streamed(const __grid_constant__ StreamedProducts p) {
#if __CUDA_ARCH__ >= 900
    extern __shared__ __align__(128) std::uint8_t memory[];
    __shared__ DecodeShared shared;
    const DecodePlan& plan = p.decode.plan;
    std::uint8_t* const planes = memory + decode_warps * plan.ring_tiles * tile_bytes;
    const DecodeWorker worker{p.decode, shared, memory, planes,
                              reinterpret_cast<std::int32_t*>(planes + plan.activation_bytes)};
    set_up_stream(worker, p);
    if (threadIdx.x < multiplying_threads)
        multiply_streamed(worker, p);
    else if (threadIdx.x < exchange_threads)
        finish_streamed(worker, p);
    else
        WeightStream(worker, p.batch_bytes).run();
#else
    __trap();
#endif
}

}  // namespace

StreamedProducts stream_products(const StageShape& shape, const std::uint8_t* tiles, int matrices,
                                 int multiprocessors) {
    StreamedProducts p{};
    DecodePlan& plan = p.decode.plan;
    plan.blocks = shape.packs() < multiprocessors ? shape.packs() : multiprocessors;
    plan.ring_tiles = 30;
    plan.activation_bytes = shape.chunks() * plane_chunk_bytes;
    plan.accumulators = ceil_div(shape.packs(), plan.blocks) * tile_rows;
    plan.shared_bytes = std::size_t{decode_warps} * static_cast<std::size_t>(plan.ring_tiles) * tile_bytes +
                        static_cast<std::size_t>(plan.activation_bytes) +
                        sizeof(std::int32_t) * static_cast<std::size_t>(plan.accumulators);
    for (int stage = 0; stage < streamed_stages; ++stage) {  // as plan_decode evens out what blocks read
        plan.shift[stage] = stage * (shape.packs() % plan.blocks) % plan.blocks;
        p.decode.tiles[stage] = tiles + static_cast<std::size_t>(stage) * shape.bytes();
    }
    p.decode.tiles[head_stage] = tiles;
    p.decode.block_bytes = streamed_stages * shape.bytes();
    p.decode.layers = matrices / streamed_stages;
    p.decode.steps = 1;
    p.shape = shape;
    p.batch_bytes = H100Timings::bytes_of_requests;
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
