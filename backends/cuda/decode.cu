// The schedule. Every token passes 4 stages a layer and the head. In a stage each block
//   1. takes the whole input vector from memory as soon as every word of it is there, and gathers its statistics;
//   2. quantizes it into shared memory, while one warp works out the scales;
//   3. multiplies its rows: warps read weights from rings that were filled long before, because the order of the
//      weights does not depend on the activations, and refill them with the weights of later stages;
//   4. finishes its rows and publishes them.
// A published word carries its 24-bit value and an 8-bit tag in one store, so that no fence or barrier lies between
// writer and reader: who sees the tag has the value. A buffer is written again one layer later; by then every block has
// published results that needed the old contents, so nothing that someone still reads is overwritten.
#include "backends/cuda/decode.hpp"

#include "backends/cuda/decode_finish.cuh"
#include "backends/cuda/decode_prepare.cuh"
#include "backends/cuda/decode_product.cuh"

namespace tephra::cuda {
namespace {

/// Runs steps 1 to 3 of a stage; afterwards the sums of the block's rows and the scales are in shared memory.
__device__ void accumulate_stage(DecodeWorker& worker, TileRing& ring, const BlockView& view, int stage, int layer,
                                 const NormView& norm, const std::uint32_t* vector, std::uint32_t version) {
    if (worker.serves()) {
        hold_rows(worker, view, stage, layer);
        serve_scales(worker, norm, stage == output_stage, version);
    } else {
        if (stage == mixer_stage)
            prepare<3, 2>(worker, norm, vector, byte_tag(version));
        else
            prepare<1, 4>(worker, norm, vector, byte_tag(version));
        multiply(worker, ring, stage, ceil_div(norm.size, tile_columns), norm.outputs);
    }
    __syncthreads();
}

__device__ void copy_view(BlockView& to, const BlockView& from) {
    static_assert(sizeof(BlockView) % 4 == 0);
    for (unsigned i = threadIdx.x % 32; i < sizeof(BlockView) / 4; i += 32)
        reinterpret_cast<std::uint32_t*>(&to)[i] = reinterpret_cast<const std::uint32_t*>(&from)[i];
}

__device__ StageView stage_of(const DecodeArguments& a, int stage) {
    if (stage == head_stage) return a.head;
    const BlockView& view = a.blocks[0];
    return stage == mixer_stage ? view.mixer
                                : (stage == output_stage ? view.output : (stage == gate_stage ? view.gate : view.down));
}

__device__ void set_up(const DecodeWorker& worker) {
    const DecodeArguments& a = worker.a;
    if (threadIdx.x < decode_stages * decode_warps) {
        const int stage = threadIdx.x / decode_warps, warp = threadIdx.x % decode_warps;
        const StageView view = stage_of(a, stage);
        const Share share = worker.share(stage, view.rows);
        const int pack = view.matrices * view.chunks;
        const int tiles = share.count * pack;
        const int begin = tiles * warp / decode_warps, end = tiles * (warp + 1) / decode_warps;
        worker.shared.ranges[stage][warp] = {static_cast<std::uint32_t>(share.first * pack + begin),
                                             static_cast<std::uint32_t>(end - begin)};
    }
    for (int i = threadIdx.x; i < 2 * a.plan.accumulators; i += decode_threads) worker.accumulators[i] = 0;
    if (threadIdx.x < 6) worker.shared.activation_sums[threadIdx.x / 3][threadIdx.x % 3] = 0;
    if (threadIdx.x == 0) {
        worker.shared.best = 0;
        worker.shared.token = *a.first;
        worker.shared.head_norm = a.head_norm;
    }
    if (worker.serves()) copy_view(worker.shared.views[0], a.blocks[0]);
    __syncthreads();
}

__global__ void __launch_bounds__(decode_threads, 1) decode(const __grid_constant__ DecodeArguments a) {
    extern __shared__ __align__(128) std::uint8_t memory[];
    __shared__ DecodeShared shared;
    std::uint8_t* const rings = memory;
    std::uint8_t* const activations = rings + decode_warps * decode_ring_depth * tile_bytes;
    DecodeWorker worker{a, shared, activations, reinterpret_cast<std::int32_t*>(activations + a.plan.activation_bytes),
                        0};
    set_up(worker);
    TileRing ring(a, shared, rings, !worker.serves());

    // One loop body for all stages: the code of a stage must stay in the instruction cache.
    std::uint32_t version = a.version;
    int view_parity = 0;
#pragma unroll 1
    for (int step = 0; step < a.steps; ++step) {
        publish_embedding(worker, shared.token, ++version);
#pragma unroll 1
        for (int layer = 0, stage = mixer_stage; stage < decode_stages;) {
            const BlockView& view = shared.views[view_parity];
            const NormView& norm = stage == head_stage ? shared.head_norm : view.norms[stage];
            accumulate_stage(worker, ring, view, stage, layer, norm, input_of(a.exchange, stage), version);
            finish_stage(worker, view, stage, layer, step + 1 == a.steps, version);
            worker.parity ^= 1;
            if (stage == mixer_stage && worker.serves())
                copy_view(shared.views[view_parity ^ 1], a.blocks[layer + 1 < a.layers ? layer + 1 : 0]);
            if (stage == down_stage) {
                view_parity ^= 1;
                ++version;
                ++layer;
                stage = layer < a.layers ? mixer_stage : head_stage;
            } else {
                ++stage;
            }
        }
        if (a.chosen != nullptr && blockIdx.x == 0 && threadIdx.x == 0) a.chosen[step] = shared.token;
    }
    asm volatile("cp.async.wait_all;" ::: "memory");
}

}  // namespace

int launch_decode(const DecodeArguments& arguments, CUstream_st* stream) {
    const auto shared_bytes = arguments.plan.shared_bytes;
    cudaError_t status =
        cudaFuncSetAttribute(decode, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes));
    if (status != cudaSuccess) return status;
    void* parameters[] = {const_cast<DecodeArguments*>(&arguments)};
    return cudaLaunchCooperativeKernel(reinterpret_cast<const void*>(decode),
                                       dim3(static_cast<unsigned>(arguments.plan.blocks)), dim3(decode_threads),
                                       parameters, shared_bytes, stream);
}

}  // namespace tephra::cuda