#include "backends/cuda/step.hpp"

#include "backends/cuda/launch.cuh"
#include "backends/cuda/step_product.cuh"

namespace tephra::cuda {
namespace {

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)

/// A layer as stages see it, in shared memory.
struct StepLayer {
    BlockView view;
    ProductArguments products[head_stage];

    /// A warp brings layer `number`, or what follows the last.
    __device__ void bring(const StepArguments& a, int number, int lane) {
        if (number == a.layers) {
            if (lane != 0) return;
            view.norms[0] = a.head_norm;
            set(0, a, a.head, a.hidden_q, nullptr, 0);
            return;
        }
        static_assert(sizeof(BlockView) % 8 == 0);
        const auto* const from = reinterpret_cast<const unsigned long long*>(a.blocks + number);
        for (unsigned k = lane; k < sizeof(BlockView) / 8; k += 32)
            reinterpret_cast<unsigned long long*>(&view)[k] = __ldg(from + k);
        __syncwarp();
        if (lane != 0) return;
        const std::size_t plane = static_cast<std::size_t>(a.tokens) * a.stride;
        set(mixer_stage, a, view.mixer, a.hidden_q, a.mixer, a.stride, plane);
        set(output_stage, a, view.output, a.hidden_q, a.attended, a.stride);
        products[output_stage].x = a.x;
        products[output_stage].shift = view.attended_shift;
        set(gate_stage, a, view.gate, a.hidden_q, a.unit, a.wide);
        products[gate_stage].z_bits = view.z_bits;
        products[gate_stage].y_bits = view.y_bits;
        set(down_stage, a, view.down, a.wide_q, a.x, a.stride);
        products[down_stage].x = a.attended;
        products[down_stage].shift = view.residual_shift;
    }

private:
    __device__ void set(int stage, const StepArguments& a, const StageView& weights, const ActivationView& q,
                        std::int32_t* out, int stride, std::size_t matrix_stride = 0) {
        ProductArguments& p = products[stage];
        p.weights = weights;
        p.activations = q;
        p.tokens = a.tokens;
        p.out = out;
        p.stride = stride;
        p.matrix_stride = matrix_stride;
        p.x = nullptr;
        p.shift = p.z_bits = p.y_bits = 0;
    }
};

/// A block's place in the step, and what it keeps from stage to stage.
template <int tokens>
struct StepBlock {
    const StepArguments& a;
    std::uint8_t* memory;
    StepRing<tokens> ring;
    StepRoom<tokens>& room;
    NormRoom (&norms)[2];
    StepLayer* layers;  ///< of even and of odd number
    Meeting meeting;
    unsigned position = 0;  ///< places of the ring used
};

/// The number of the last layer; the head counts as one.
__device__ inline int last_layer(const StepArguments& a) {
    return a.chosen != nullptr ? a.layers : a.layers - 1;
}

/// The norm that feeds a stage, then its product.
template <int tokens>
__device__ __forceinline__ void run_stage(StepBlock<tokens>& block, int number, int stage) {
    const StepArguments& a = block.a;
    const StepLayer& layer = block.layers[number % 2];
    const int place = stage % head_stage;  // the head's norm and product are its layer's first
    const NormView& norm = layer.view.norms[place];
    const ProductArguments& product = layer.products[place];
    {
        const Team team(a.tokens, block.memory);
        block.meeting.arrive();
        bring_gains(team, norm);
        if (stage == mixer_stage && number < last_layer(a) && step_thread() / 32 == step_threads / 32 - 1)
            block.layers[(number + 1) % 2].bring(a, number + 1, step_thread() % 32);
        block.meeting.wait();
        asm volatile("cp.async.wait_all;" ::: "memory");
        const int every = team.teams * static_cast<int>(gridDim.x);
#pragma unroll 1
        for (int n = team.teams * static_cast<int>(blockIdx.x) + team.number; n < a.tokens; n += every) {
            std::int64_t squares = 0;
            if (stage == output_stage) {
                squares = hold_recurrence(team, layer.view, a, number, n, block.room.tables.sigmoids);
            } else {
                const std::int32_t* const states =
                    place == mixer_stage ? a.x : (stage == gate_stage ? a.attended : a.unit);
                hold_states(team, quads_of(norm), states, stage == down_stage ? a.wide : a.stride, n);
            }
            normalize_held(team, block.norms[team.number], block.room.tables, norm, squares, n, product.activations);
        }
        release_to_copies();  // the vectors make way for activations
        block.meeting.arrive();
    }
    multiply_stage<tokens>(stage, product, a.plan.row_groups[stage], block.ring, block.position, block.room, a.best,
                           block.meeting);
}

__device__ void embed_tokens(const StepArguments& a) {
    for (int n = blockIdx.x; n < a.tokens; n += gridDim.x) {
        const std::int32_t id = a.ids[n];
        for (int c = threadIdx.x; c < a.hidden; c += step_threads)
            a.x[static_cast<std::size_t>(n) * a.stride + c] = embedded(a.embedding, id, c);
    }
}

#endif

template <int tokens>
__global__ void __launch_bounds__(step_threads, 1) step(const __grid_constant__ StepArguments a) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
    extern __shared__ __align__(128) std::uint8_t shared[];
    __shared__ __align__(8) std::uint64_t barriers[2 * StepRing<tokens>::places];
    __shared__ StepLayer layers[2];
    __shared__ StepRoom<tokens> room;
    __shared__ NormRoom norms[2];
    StepBlock<tokens> block{
        a, shared, {shared_address(shared), shared_address(barriers)}, room, norms, layers, Meeting(a.meeting)};
    if (threadIdx.x == 0) {
        block.ring.init();
        room.kept = reinterpret_cast<std::int32_t*>(shared);
    }
    room.tables.fill(threadIdx.x, step_threads);
    const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
    if (warp == 1) layers[0].bring(a, 0, lane);
    embed_tokens(a);
    __syncthreads();
    if (threadIdx.x < stage_count) {
        const int stage = static_cast<int>(threadIdx.x);
        ProductArguments p = layers[0].products[stage % head_stage];
        if (stage == head_stage) p.weights = a.head;
        room.items[stage] = items_of<tokens>(p, a.plan.row_groups[stage]);
        room.first[stage] = item_at<tokens>(p, a.plan.row_groups[stage], static_cast<int>(blockIdx.x));
    }
#pragma unroll 1
    for (int number = 0; number <= last_layer(a); ++number) {
        const int first = number < a.layers ? mixer_stage : head_stage,
                  end = number < a.layers ? head_stage : stage_count;
#pragma unroll 1
        for (int stage = first; stage < end; ++stage) run_stage(block, number, stage);
    }
    if (a.chosen != nullptr) {
        block.meeting.arrive();
        block.meeting.wait();
        for (int n = threadIdx.x; n < a.tokens && blockIdx.x == 0; n += step_threads) {
            a.chosen[n] = candidate_token(__ldcg(a.best + n));
            a.best[n] = 0;
        }
    }
    block.meeting.leave();
#endif
}

template <int tokens>
void launch(const StepArguments& arguments, int multiprocessors, Stream stream) {
    allow_shared_memory<step<tokens>>(step_shared_bytes);
    cudaLaunchAttribute together{};
    together.id = cudaLaunchAttributeCooperative;
    together.val.cooperative = 1;
    cudaLaunchConfig_t config{};
    config.gridDim = dim3(static_cast<unsigned>(multiprocessors));
    config.blockDim = dim3(step_threads);
    config.dynamicSmemBytes = step_shared_bytes;
    config.stream = stream;
    config.attrs = &together;
    config.numAttrs = 1;
    static_cast<void>(cudaLaunchKernelEx(&config, step<tokens>, arguments));  // errors: cudaGetLastError
}

}  // namespace

bool step_fits(const BlockView& block) {
    ProductArguments gate{};
    gate.z_bits = block.z_bits;
    gate.y_bits = block.y_bits;
    for (const NormView& norm : block.norms)
        if (norm.size > step_widest) return false;
    return QuickFinish::fits(Finish::unit, gate);
}

void launch_step(const StepArguments& arguments, int multiprocessors, Stream stream) {
    if (arguments.plan.tokens == 64) return launch<64>(arguments, multiprocessors, stream);
    if (arguments.plan.tokens == 32) return launch<32>(arguments, multiprocessors, stream);
    launch<16>(arguments, multiprocessors, stream);
}

}  // namespace tephra::cuda
