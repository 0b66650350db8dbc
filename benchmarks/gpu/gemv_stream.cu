// The product of batch 1 exists inside the persistent kernel only. This runs its device code over independent matrices:
// activations from memory, the rings of weights, sums, scales, states to memory; no stage waits for another block. What
// is left out beside the real kernel is the exchange between blocks and the norms.
#include "backends/cuda/decode_prepare.cuh"
#include "backends/cuda/decode_product.cuh"
#include "benchmarks/gpu/gemv.hpp"

namespace tephra::cuda {
namespace {

constexpr int streamed_stages = 4;  ///< all but the head

/// A thread's 16 activations on their way from memory; those of 512 threads are the widest vector.
struct Brought {
    uint4 words;
    bool mine;

    __device__ explicit Brought(const StreamedProducts& p) : words{}, mine(16 * threadIdx.x < p.shape.cols) {
        if (mine) words = load_relaxed(reinterpret_cast<const std::uint32_t*>(p.q) + 4 * threadIdx.x);
    }
    __device__ void put(std::uint8_t* vector) const {
        if (!mine) return;
        auto* const to = reinterpret_cast<std::uint32_t*>(vector);
        const int column = 16 * static_cast<int>(threadIdx.x);
        to[activation_word(column)] = words.x;
        to[activation_word(column + 4)] = words.y;
        to[activation_word(column + 8)] = words.z;
        to[activation_word(column + 12)] = words.w;
    }
};

/// Shares out the rows as the persistent kernel does; true for a warp that has any tiles.
__device__ bool set_up_stream(const DecodeWorker& worker, const StreamedProducts& p) {
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
    if (!worker.serves()) Brought(p).put(worker.activations);
    __syncthreads();
    if (worker.serves()) return false;
    std::uint32_t tiles = 0;
    for (int stage = 0; stage < streamed_stages; ++stage) tiles += worker.shared.ranges[stage][threadIdx.x / 32].count;
    return tiles != 0;
}

/// The serving warp turns the sums of product `k` into states and clears them for product k + 2.
__device__ void finish_product(const DecodeWorker& worker, const StreamedProducts& p, const ReadyState& how, int k) {
    const Share share = worker.share(k % streamed_stages, p.shape.rows);
    std::int32_t* const sums = worker.accumulators + k % 2 * worker.a.plan.accumulators;
    std::int32_t* const out = p.out + static_cast<std::size_t>(k % (streamed_stages * worker.a.layers)) * p.shape.rows;
    for (int i = threadIdx.x % 32; i < share.count * tile_rows; i += 32) {
        const int row = share.first * tile_rows + i;
        if (row < p.shape.rows) out[row] = state_of(sums[i], how);
        sums[i] = 0;
    }
}

__global__ void __launch_bounds__(decode_threads, 1) streamed(const __grid_constant__ StreamedProducts p) {
    extern __shared__ __align__(128) std::uint8_t memory[];
    __shared__ DecodeShared shared;
    const DecodeArguments& a = p.decode;
    std::uint8_t* const vectors = memory + decode_warps * decode_ring_depth * tile_bytes;
    DecodeWorker worker{a, shared, vectors, reinterpret_cast<std::int32_t*>(vectors + 2 * a.plan.activation_bytes), 0};
    const bool active = set_up_stream(worker, p);
    TileRing ring(a, shared, memory, active);
    const ReadyState how = ready_state(p.scale, p.activation_sum);
    const int products = a.steps * streamed_stages * a.layers;
#pragma unroll 1
    for (int k = 0; k < products; ++k) {
        worker.parity = k % 2;
        worker.activations = vectors + worker.parity * a.plan.activation_bytes;
        if (worker.serves()) {
            if (k > 0) finish_product(worker, p, how, k - 1);
        } else {
            const Brought next(p);
            multiply(worker, ring, k % streamed_stages, p.shape.chunks(), 1);
            next.put(vectors + (worker.parity ^ 1) * a.plan.activation_bytes);
        }
        __syncthreads();
    }
    if (worker.serves()) finish_product(worker, p, how, products - 1);
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
