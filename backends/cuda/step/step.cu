#include "backends/cuda/step/step.hpp"

#include "backends/cuda/hardware/launch.cuh"
#include "backends/cuda/step/product.cuh"

namespace tephra::cuda {
namespace {

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)

/// A layer as stages see it, in shared memory.
struct StepLayer {
    BlockView view;
    ProductArguments products[head_stage];

    /// One warp loads layer `number`, or the head behind the last.
    __device__ void load(const StepArguments& a, int number, int lane) {
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

/// What the threads of a block share beside the dynamic shared memory.
struct StepShared {
    StepLayer layers[2];  ///< of even and of odd number
    StepProductShared product;
    std::uint32_t peaks[2][3];  ///< of the norms of the block's groups
};

/// The number of the last layer; the head counts as one.
__device__ inline int last_layer(const StepArguments& a) {
    return a.chosen != nullptr ? a.layers : a.layers - 1;
}

/// The flag of what layer `number` reads and passes on; x, which goes to the next layer, has the flag of that one.
__device__ inline std::uint32_t flag_of(int number) {
    return (static_cast<unsigned>(number) + 1) & 1;
}

__device__ inline Gains gains_of(StepShared& shared, std::uint8_t* memory) {
    return {reinterpret_cast<const int2*>(memory + ring_bytes), shared_address(&shared.product.gains)};
}

__device__ inline NormSums& sums_of(std::uint8_t* memory) {
    return *reinterpret_cast<NormSums*>(memory + step_sums_at);
}

/// Requests the gains of the norm before stage `stage`, if there is such a stage and the block has a token; one warp.
__device__ inline void load_gains(const StepArguments& a, StepShared& shared, std::uint8_t* memory, int number,
                                  int stage, int lane) {
    if (number > last_layer(a) || TokenThreads(a.tokens, memory).first_token() >= a.tokens) return;
    gains_of(shared, memory).load(shared.layers[number % 2].view.norms[stage % head_stage], lane);
}

/// The norm that feeds a stage, by those groups of the block that have a token.
__device__ __forceinline__ void normalize_stage(const StepArguments& a, StepShared& shared, std::uint8_t* memory,
                                                int number, int stage) {
    asm volatile("" : "+r"(number));  // or the layer's address would be kept from stage to stage, and spill
    const StepLayer& layer = shared.layers[number % 2];
    const int in_layer = stage % head_stage;  // the head's norm and product are its layer's first
    const NormView& norm = layer.view.norms[in_layer];
    const TokenThreads group(a.tokens, memory);
    const int n = group.token();
    if (n >= a.tokens) return;
    const bool gated = stage == output_stage;
    std::int64_t squares = 0;
    if (gated) {
        TokenRecurrence recurrence(group, layer.view, a, number, n);
        squares = recurrence.hold(shared.product.tables.sigmoids, flag_of(number));
        group.synchronize();
    } else {
        const std::int32_t* const states = stage == gate_stage ? a.attended : (stage == down_stage ? a.unit : a.x);
        const int stride = stage == down_stage ? a.wide : a.stride;
        hold_states(group, norm, states + static_cast<std::size_t>(n) * stride, flag_of(number));
    }
    const Gains gains = gains_of(shared, memory);
    gains.wait(stage);
    const auto normalize = [&]<int outputs>() {
        const NormMemory norm_memory{shared.peaks[group.number], sums_of(memory), shared.product.tables, gains.quads};
        normalize_held<outputs>(group, norm_memory, norm, {n, gated, squares}, layer.products[in_layer].activations);
    };
    if (stage == mixer_stage)
        normalize.template operator()<inputs_of(mixer_stage)>();
    else
        normalize.template operator()<1>();
}

/// What single warps do during the grid barrier: one loads the next layer's view and the next norm's gains, and one for
/// each token publishes its rules.
__device__ __forceinline__ void work_during_barrier(const StepArguments& a, StepShared& shared, std::uint8_t* memory,
                                                    int number, int stage) {
    const int from_last = step_warps - 1 - step_thread() / 32, lane = step_thread() % 32;
    if (from_last == 0) {
        if (stage == mixer_stage && number < last_layer(a)) shared.layers[(number + 1) % 2].load(a, number + 1, lane);
        load_gains(a, shared, memory, stage < down_stage ? number : number + 1, (stage + 1) % head_stage, lane);
        return;
    }
    const TokenThreads group(a.tokens, memory);
    const int token = group.first_token() + from_last - 1;
    if (from_last > group.groups || token >= a.tokens) return;
    const NormMemory norm_memory{shared.peaks[from_last - 1], sums_of(memory), shared.product.tables, nullptr};
    publish_rules(norm_memory, shared.layers[number % 2].view.norms[stage % head_stage], stage == output_stage,
                  {from_last - 1, group.threads, token}, a, tag_of(number, stage));
}

/// The number of the barrier before a stage's product.
__device__ inline unsigned barrier_number(int number, int stage) {
    return static_cast<unsigned>(head_stage * number + stage % head_stage) + 1;
}

/// A stage's product. Its weights are requested before all blocks have made their activations.
template <int tokens>
__device__ __forceinline__ void multiply_stage(const StepArguments& a, StepShared& shared, std::uint8_t* memory,
                                               const GridBarrier& barrier, int number, int stage) {
    asm volatile("" : "+r"(number), "+r"(stage));  // or the compiler computes for all widths what fits no registers
    const StepLayer& layer = shared.layers[number % 2];
    StageProduct<tokens> product(layer.products[stage % head_stage], stage, memory, shared.product);
#pragma unroll 1
    for (int pass = 0; pass < 2; ++pass) {  // the warp that polls the barrier opens its weights after it
        if ((is_polling_warp() ? 1 : 0) == pass) product.open_first();
        if (pass == 0) barrier.wait(barrier_number(number, stage));
    }
    product.run(a.rules, tag_of(number, stage), flag_of(stage == down_stage ? number + 1 : number), a.best);
}

/// A group's part of the exchange before the first layer: only x is new.
__device__ void embed_tokens(const StepArguments& a) {
    const TokenThreads group(a.tokens, nullptr);
    const std::size_t plane = static_cast<std::size_t>(a.tokens) * a.stride;
    const int n = group.token();
    if (n >= a.tokens) return;
    if (group.thread < 3) store_relaxed(a.rules + group.thread * a.tokens + n, std::uint64_t{0});
    const std::int32_t id = a.ids[n];
    const std::size_t line = static_cast<std::size_t>(n) * a.stride;
    for (int c = group.thread; c < a.stride; c += group.threads) {
        a.x[line + c] = 2 * (c < a.hidden ? embedded(a.embedding, id, c) : 0) + static_cast<int>(flag_of(0));
        a.attended[line + c] = 0;
        for (int k = 0; k < 3; ++k) a.mixer[k * plane + line + c] = 0;
    }
    for (int c = group.thread; c < a.wide; c += group.threads) a.unit[static_cast<std::size_t>(n) * a.wide + c] = 0;
}

/// Stores the last x as plain states.
__device__ void store_plain_states(const StepArguments& a) {
    const TokenThreads group(a.tokens, nullptr);
    if (group.token() >= a.tokens) return;
    std::int32_t* const line = a.x + static_cast<std::size_t>(group.token()) * a.stride;
    for (int c = 4 * group.thread; c < a.hidden; c += 4 * group.threads) {
        int4 v;
        for (unsigned waits = 0;; trap_if_stuck(waits)) {
            v = load_relaxed_quad(line + c);
            const std::int32_t all = v.x & v.y & v.z & v.w, any = v.x | v.y | v.z | v.w;
            if (((flag_of(a.layers) != 0 ? ~all : any) & 1) == 0) break;
        }
        store_relaxed(line + c, unflagged(v));
    }
}

#endif

/// narrow, wide: tokens of the items of all stages.
template <int narrow, int wide>
__global__ void __launch_bounds__(step_threads, 1) step(const __grid_constant__ StepArguments a) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
    extern __shared__ __align__(128) std::uint8_t memory[];
    __shared__ StepShared shared;
    StepProductShared& product = shared.product;
    const GridBarrier barrier(a.barrier_words);
    if (threadIdx.x == 0) product.init(memory);
    product.tables.fill(threadIdx.x, step_threads);
    if (threadIdx.x < 6) shared.peaks[threadIdx.x / 3][threadIdx.x % 3] = 0;
    const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
    if (warp == 1) shared.layers[0].load(a, 0, lane);
    embed_tokens(a);
    __syncthreads();
    if (warp == 1) load_gains(a, shared, memory, 0, 0, lane);
    if (lane < stage_count) {
        const int stage = lane;
        ProductArguments p = shared.layers[0].products[stage % head_stage];
        if (stage == head_stage) p.weights = a.head;
        const StepTile& tile = a.plan.tiles[stage];
        const WorkItem first = item_at(p, tile, static_cast<int>(blockIdx.x));
        product.first_parts[stage][warp] = item_part(p, tile.row_groups, first, warp);
        if (warp == 0) {
            product.row_groups[stage] = tile.row_groups;
            product.items[stage] = items_of(p.weights, p.tokens, tile);
            product.first[stage] = first;
            const int groups = product.first_parts[stage][0].chunk_groups();
            product.turned[stage] =
                turned_phases(p.weights.chunks,
                              tile.tokens == narrow ? StepRing<narrow>::slots(groups) : StepRing<wide>::slots(groups));
        }
    }
#pragma unroll 1
    for (int number = 0; number <= last_layer(a); ++number) {
        const int first = number < a.layers ? mixer_stage : head_stage,
                  end = number < a.layers ? head_stage : stage_count;
#pragma unroll 1
        for (int stage = first; stage < end; ++stage) {
            __syncthreads();  // kept sums and weights are read to their end; a layer's view is loaded
            normalize_stage(a, shared, memory, number, stage);
            release_to_copies();  // activations may overwrite shared memory
            barrier.arrive();
            work_during_barrier(a, shared, memory, number, stage);
            if (a.plan.tiles[stage].tokens == narrow)
                multiply_stage<narrow>(a, shared, memory, barrier, number, stage);
            else
                multiply_stage<wide>(a, shared, memory, barrier, number, stage);
        }
    }
    if (a.chosen != nullptr) {
        barrier.arrive();
        barrier.wait(barrier_number(last_layer(a), head_stage) + 1);
        for (int n = threadIdx.x; n < a.tokens && blockIdx.x == 0; n += step_threads) {
            a.chosen[n] = candidate_token(__ldcg(a.best + n));
            a.best[n] = 0;
        }
    } else {
        store_plain_states(a);
    }
    barrier.reset();
#else
    __trap();
#endif
}

template <int narrow, int wide>
void launch(const StepArguments& arguments, int multiprocessors, Stream stream) {
    allow_shared_memory<step<narrow, wide>>(step_shared_bytes);
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
    static_cast<void>(cudaLaunchKernelEx(&config, step<narrow, wide>, arguments));  // errors: cudaGetLastError
}

}  // namespace

void launch_step(const StepArguments& arguments, int multiprocessors, Stream stream) {
    const StepPlan& plan = arguments.plan;
    if (plan.wide == 32) return launch<16, 32>(arguments, multiprocessors, stream);
    if (plan.narrow == 16) return launch<16, 64>(arguments, multiprocessors, stream);
    launch<32, 64>(arguments, multiprocessors, stream);
}

}  // namespace tephra::cuda
