#pragma once
// Products of the step kernel: what a block multiplies, and in which order.
#include "backends/cuda/step/operands.cuh"

namespace tephra::cuda {

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)

/// A value that all lanes have, in a uniform register, where products want their descriptors.
__device__ inline std::uint32_t uniform(std::uint32_t v) {
    return __reduce_or_sync(full_warp, v);
}

/// Half a chunk's codes as operands.
using HalfChunk = std::uint32_t[4][4];

/// Unpacks them here and not sooner. If the compiler moved this before the end of the loop, products would wait for
/// each other.
__device__ __forceinline__ void unpack_half(uint4& upper, uint4& lower, int half, HalfChunk& a) {
    asm volatile(""
                 : "+r"(upper.x), "+r"(upper.y), "+r"(upper.z), "+r"(upper.w), "+r"(lower.x), "+r"(lower.y),
                   "+r"(lower.z), "+r"(lower.w));
#pragma unroll
    for (int k = 0; k < 4; ++k) unpack<true>(upper, lower, half, k, a[k]);
}
/// Begins to add the product of half a chunk to a warpgroup's sums, 2^high_codes times.
template <int tokens>
__device__ __forceinline__ void begin_half(const HalfChunk& a, std::uint32_t descriptor,
                                           std::int32_t (&sums)[tokens / 2]) {
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#pragma unroll
    for (int k = 0; k < 4; ++k) Wgmma<tokens>::multiply_add(sums, a[k], descriptor + k * (256 >> 4));
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

/// A warpgroup's sums over its chunks. While a chunk is multiplied, its second half is unpacked and the operands of the
/// next chunk are requested and loaded. phases: of the ring.
template <int tokens>
__device__ __forceinline__ void multiply_item(const ProductArguments& arguments, const StepRing<tokens>& ring,
                                              std::uint32_t phases, const ItemPart& part, WeightLine& line, int lane,
                                              std::int32_t (&sums)[tokens / 2]) {
    const int count = part.chunks, every = part.chunk_groups(), slots = StepRing<tokens>::slots(every);
    const int releases = part.releases;
    const bool loads = part.loads_activations(static_cast<unsigned>(step_thread()) / 32);
    if (count == 0) return;
    uint4 upper, lower;
    line.load(0, upper, lower);
    int slot = part.chunk_group;
    barrier_wait_local(ring.full(slot), phases >> slot & 1);
#pragma unroll 1
    for (int i = 0; i < count; ++i) {
        HalfChunk first, second;
        const std::uint32_t descriptor = uniform(activation_descriptor(ring.data_of(slot)));
        unpack_half(upper, lower, 0, first);
        begin_half<tokens>(first, descriptor, sums);
        unpack_half(upper, lower, 1, second);
        begin_half<tokens>(second, descriptor + 4 * (256 >> 4), sums);
        const std::uint32_t released = ring.empty(slot);
        if (i + 1 < count) {
            line.refill(i, part);
            line.load(i + 1, upper, lower);
            const bool last = slot < every;
            const int chunk = part.chunk_group + (i - 1) * every + slots;
            if (loads && i != 0 &&
                chunk < arguments.weights.chunks) {  // the slot before: soon all warps have released it
                const int before = slot - every + (last ? slots : 0);
                if (lane == 0)
                    ActivationLoader<tokens>::refill(arguments, part, ring, chunk, before,
                                                     (last ? ~phases : phases) >> before & 1);
                __syncwarp();
            }
            slot += every;
            if (slot >= slots) {
                slot -= slots;
                phases = ~phases;
            }
            barrier_wait_local(ring.full(slot), phases >> slot & 1);
        }
        finish_chunks();
        if (lane == 0) barrier_arrive(released, releases);
    }
}

/// What the threads of a block share.
struct StepProductShared {
    StateRules<step_most_tokens> rules;
    int items[stage_count], row_groups[stage_count];
    WorkItem first[stage_count];  ///< of this block
    ItemPart first_parts[stage_count][step_warps];
    std::uint32_t turned[stage_count];  ///< phases of the ring that a stage's item turns round
    std::uint64_t gains;                ///< barrier of the gains
    SharedTables tables;
    StepRings rings;

    /// By one thread; memory: dynamic shared memory.
    __device__ void init(std::uint8_t* memory) {
        rings.init(memory);
        barrier_init(shared_address(&gains), 1);
        barrier_init_fence();
    }
};

/// A stage's product. It reads shared memory again and again, because registers are short.
template <int tokens>
class StageProduct {
public:
    __device__ StageProduct(const ProductArguments& a, int stage, std::uint8_t* memory, StepProductShared& shared)
        : a_(a), memory_(memory), shared_(shared), stage_(stage) {
        item_ = shared.first[stage];
        part_ = shared.first_parts[stage][warp()];
    }
    /// Begins with the block's first item, whose weights depend on nothing.
    __device__ void open_first() {
        if (index_ < shared_.items[stage_]) open();
    }
    /// After the grid barrier behind the activations. flag: of the states.
    __device__ __forceinline__ void run(const std::uint64_t* rules, std::uint32_t tag, std::uint32_t flag,
                                        std::uint64_t* best) {
        if (index_ >= shared_.items[stage_]) return;
        begin();  // before what the compiler takes out of the loop
#pragma unroll 1
        while (true) {
            const int token = item_.first_token + step_thread();
            if (step_thread() < tokens && token < a_.tokens)
                shared_.rules.set(step_thread(), await_rule(rules + item_.matrix * a_.tokens + token, tag));
            std::uint32_t& phases = shared_.rings.phases[StepRings::number<tokens>];
            std::int32_t sums[tokens / 2] = {};
            multiply_item<tokens>(a_, ring(), phases, part_, line_, lane(), sums);
            __syncthreads();  // the ring is read to its end
            keep_sums<tokens>(kept(), sums);
            if (step_thread() == 0) phases ^= shared_.turned[stage_];
            index_ += step_blocks();
            const bool more = index_ < shared_.items[stage_];
            const WorkItem done = item_;
            if (more) {
                item_ = item_at(a_, {tokens, shared_.row_groups[stage_]}, index_);
                part_ = item_part(a_, shared_.row_groups[stage_], item_, warp());
                open();
            }
            __syncthreads();
            finish(done, flag, best);
            if (!more) break;
            release_to_copies();
            __syncthreads();  // the kept sums and the tokens are read to their end
            begin();
        }
    }

private:
    __device__ static int warp() {
        return static_cast<unsigned>(step_thread()) / 32;
    }
    /// The warp's turn to request chunks; the last is the warp that polls the grid barrier.
    __device__ static int turn() {
        return (warp() + step_warps - 1) % step_warps;
    }
    __device__ static int lane() {
        return static_cast<unsigned>(step_thread()) % 32;
    }
    [[nodiscard]] __device__ StepRing<tokens> ring() const {
        return shared_.rings.ring<tokens>(memory_);
    }
    /// Sums: [warpgroup][token][row], where the ring is.
    [[nodiscard]] __device__ std::int32_t* kept() const {
        return reinterpret_cast<std::int32_t*>(memory_);
    }
    __device__ void open() {
        line_.open(a_.weights.tiles, part_, lane(),
                   shared_address(memory_) + ring_bytes + step_gains_bytes + warp() * (weights_ahead * 2 * tile_bytes) +
                       16 * lane());
        loader_.open(a_, part_, ring(), turn(), lane());
    }
    __device__ __forceinline__ void begin() {
        loader_.begin(a_, part_, ring(), turn(), lane());
    }
    __device__ __forceinline__ void finish(const WorkItem& item, std::uint32_t flag, std::uint64_t* best) {
        const KeptSums sums{item, shared_.row_groups[stage_], kept(), shared_.rules};
        const auto finish_as = [&]<Finish how>() { finish_kept<how, tokens>(a_, sums, shared_.tables.sigmoids, flag); };
        if (stage_ == mixer_stage)
            finish_as.template operator()<Finish::states>();
        else if (stage_ == head_stage)
            choose_kept<tokens>(a_, sums, best);
        else if (stage_ == gate_stage)
            finish_as.template operator()<Finish::unit>();
        else
            finish_as.template operator()<Finish::residual>();
    }

    const ProductArguments& a_;
    std::uint8_t* memory_;
    StepProductShared& shared_;
    WeightLine line_;
    ActivationLoader<tokens> loader_;
    WorkItem item_;
    ItemPart part_;
    int stage_, index_ = static_cast<int>(blockIdx.x);
};

#endif

}  // namespace tephra::cuda
