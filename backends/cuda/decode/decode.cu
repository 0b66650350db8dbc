// The schedule. Every token passes 4 stages a layer and the head. In a stage
//   1. the serving warps of all blocks publish the elements of the input that each owns, and their squares;
//   2. the multiplying warps load the input, find its largest magnitudes and quantize it into bit planes;
//   3. they multiply the block's rows. The weights are there already: their order does not depend on the activations,
//   so
//      each warp has them in registers, and those of later stages are under way through a ring. Meanwhile a serving
//      warp makes the scales of the sums;
//   4. the serving warps turn the sums into elements of the next stage's input.
// Every published word carries a flag that says whether it is new. So no fence or barrier lies between writer and
// reader: a reader that sees the flag has the value. The word is written again one layer later. By then every block has
// published results that needed all of the old words, so no word is overwritten while somebody still reads it.
#include "backends/cuda/decode/decode.hpp"

#include "backends/cuda/decode/product.cuh"
#include "backends/cuda/decode/serve.cuh"

namespace tephra::cuda {
namespace {

#if __CUDA_ARCH__ >= 900

__device__ StageView stage_of(const DecodeArguments& a, int stage) {
    if (stage == head_stage) return a.head;
    const BlockView& view = a.blocks[0];
    return stage == mixer_stage ? view.mixer
                                : (stage == output_stage ? view.output : (stage == gate_stage ? view.gate : view.down));
}

__device__ void set_up(const DecodeWorker& worker) {
    const DecodeArguments& a = worker.a;
    DecodeShared& shared = worker.shared;
    static_assert(stage_count * decode_warps <= decode_threads);
    if (threadIdx.x < stage_count * decode_warps) {
        const int stage = threadIdx.x / decode_warps, warp = threadIdx.x % decode_warps;
        const StageView view = stage_of(a, stage);
        const Share share = share_of(ceil_div(view.rows, tile_rows), a.plan.blocks, a.plan.shift[stage], blockIdx.x);
        shared.ranges[stage][warp] = range_of(share, view.matrices, view.chunks, inputs_of(stage), warp);
        shared.shares[stage] = share;
    }
    shared.tables.fill(threadIdx.x, decode_threads);
    if (threadIdx.x < 6) shared.peaks[threadIdx.x / 3][threadIdx.x % 3] = 0;
    if (threadIdx.x == 0) shared.head_norm = a.head_norm;
    clear(worker);
    __syncthreads();
}

/// Every stage of every token in order, as the multiplying warps see them. One loop body for all stages: the code must
/// stay in the instruction cache.
__device__ void multiply_all(const DecodeWorker& worker) {
    const DecodeArguments& a = worker.a;
    const int warp = threadIdx.x / 32;
    const PlaneWeights weights;
    TileRing ring(worker);
    Version version{a.version + 1, a.head_version + 1};
    int step = 0, layer = 0, parity = 0;
#pragma unroll 1
    for (int stage = mixer_stage; step < a.steps;) {
        multiply_stage(worker, ring, worker.shared.ranges[stage][warp], a.exchanges.stages[stage].pitch / tile_columns,
                       inputs_of(stage), weights, [&] {
                           BitPlaneWriter writer(worker, stage, version);
                           std::uint32_t* const peaks = worker.shared.peaks[parity];
                           synchronize<published_barrier, exchange_threads>();
                           wait_cycles(H100Timings::cycles_to_elements);
                           writer.load_words(peaks, inputs_of(stage));
                           arrive<peaks_barrier, multiplying_threads + 32>();
                           synchronize<loaded_barrier, multiplying_threads>();
                           writer.write_planes(peaks, inputs_of(stage));
                       });
        parity ^= 1;
        if (stage == head_stage) {
            ++step;
            ++version.token;
            stage = mixer_stage;
            layer = 0;
        } else if (stage == down_stage) {
            ++version.layer;
            stage = ++layer < a.layers ? mixer_stage : head_stage;
        } else {
            ++stage;
        }
    }
}

/// The same as the serving warps see them.
__device__ void serve_all(const DecodeWorker& worker) {
    const DecodeArguments& a = worker.a;
    Server server(worker);
    Version version{a.version + 1, a.head_version + 1};
    int token = *a.first, parity = 0;
#pragma unroll 1
    for (int step = 0; step < a.steps; ++step, ++version.token) {
        server.embed(token);
        Exchange<mixer_stage> to_mixer = server.exchange<mixer_stage>(version);
#pragma unroll 1
        for (int layer = 0; layer < a.layers; ++layer, ++version.layer) {
            server.feed(to_mixer, layer, parity);
            const Exchange<output_stage> to_output = server.exchange<output_stage>(version);
            server.finish_mixer(layer);
            server.feed(to_output, layer, parity ^ 1);
            const Exchange<gate_stage> to_gate = server.exchange<gate_stage>(version);
            server.finish_residual<output_stage>(layer);
            server.feed(to_gate, layer, parity);
            const Exchange<down_stage> to_down = server.exchange<down_stage>(version);
            server.finish_unit(layer);
            server.feed(to_down, layer, parity ^ 1);
            to_mixer = server.exchange<mixer_stage>({version.layer + 1, version.token});
            server.finish_residual<down_stage>(layer);
        }
        server.feed(server.exchange<head_stage>(version), a.layers, parity);
        token = server.finish_head(step + 1 == a.steps, version);
        parity ^= 1;
        if (a.chosen != nullptr && blockIdx.x == 0 && threadIdx.x == multiplying_threads) a.chosen[step] = token;
    }
}

#endif

__global__ void __launch_bounds__(decode_threads, 1) decode(const __grid_constant__ DecodeArguments a) {
#if __CUDA_ARCH__ >= 900
    extern __shared__ __align__(128) std::uint8_t memory[];
    __shared__ DecodeShared storage;
    std::uint8_t* const activations = memory + decode_warps * a.plan.ring_tiles * tile_bytes;
    const DecodeWorker worker{a, *opaque_shared(&storage), memory, opaque_shared(activations),
                              opaque_shared(reinterpret_cast<std::int32_t*>(activations + a.plan.activation_bytes))};
    set_up(worker);
    if (threadIdx.x < multiplying_threads)
        multiply_all(worker);
    else if (threadIdx.x < exchange_threads)
        serve_all(worker);
    else
        WeightStream(worker).run();
#else
    __trap();
#endif
}

}  // namespace

int launch_decode(const DecodeArguments& arguments, CUstream_st* stream) {
    const auto shared_bytes = static_cast<int>(arguments.plan.shared_bytes);
    const cudaError_t status = cudaFuncSetAttribute(decode, cudaFuncAttributeMaxDynamicSharedMemorySize, shared_bytes);
    if (status != cudaSuccess) return status;
    void* parameters[] = {const_cast<DecodeArguments*>(&arguments)};
    return cudaLaunchCooperativeKernel(reinterpret_cast<const void*>(decode),
                                       dim3(static_cast<unsigned>(arguments.plan.blocks)), dim3(decode_threads),
                                       parameters, arguments.plan.shared_bytes, stream);
}

}  // namespace tephra::cuda
