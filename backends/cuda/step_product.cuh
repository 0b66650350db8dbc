#pragma once
// Products of the step kernel: what a block multiplies, and in which order.
#include "backends/cuda/step_operands.cuh"

namespace tephra::cuda {

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)

/// What all lanes have, in a uniform register, where products want their descriptors.
__device__ inline std::uint32_t uniform(std::uint32_t v) {
    return __reduce_or_sync(full_warp, v);
}

/// Half a chunk's codes as operands.
using HalfChunk = std::uint32_t[4][4];

/// Unpacks them here and not sooner: what the compiler moves before a loop's end makes products wait for each other.
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

/// A warpgroup's sums over its chunks. While a chunk is multiplied its second half is unpacked, and what the next chunk
/// needs is brought and taken. phases: of the ring.
template <int tokens>
__device__ __forceinline__ void multiply_item(const ProductArguments& arguments, const StepRing<tokens>& ring,
                                              std::uint32_t phases, const ItemPart& part, WeightLine& line, int lane,
                                              std::int32_t (&sums)[tokens / 2]) {
    const int count = part.chunks, every = part.chunk_groups(), places = StepRing<tokens>::places(every);
    const int leaves = part.leaves;
    const bool supplies = part.supplies(static_cast<unsigned>(step_thread()) / 32);
    if (count == 0) return;
    uint4 upper, lower;
    line.take(0, upper, lower);
    int place = part.chunk_group;
    barrier_wait_local(ring.full(place), phases >> place & 1);
#pragma unroll 1
    for (int i = 0; i < count; ++i) {
        HalfChunk first, second;
        const std::uint32_t descriptor = uniform(activation_descriptor(ring.data_of(place)));
        unpack_half(upper, lower, 0, first);
        begin_half<tokens>(first, descriptor, sums);
        unpack_half(upper, lower, 1, second);
        begin_half<tokens>(second, descriptor + 4 * (256 >> 4), sums);
        const std::uint32_t left = ring.empty(place);
        if (i + 1 < count) {
            line.refill(i, part);
            line.take(i + 1, upper, lower);
            const bool last = place < every;
            const int chunk = part.chunk_group + (i - 1) * every + places;
            if (supplies && i != 0 && chunk < arguments.weights.chunks) {  // the place before: soon all will have left
                const int before = place - every + (last ? places : 0);
                if (lane == 0)
                    Supply<tokens>::bring(arguments, part, ring, chunk, before,
                                          (last ? ~phases : phases) >> before & 1);
                __syncwarp();
            }
            place += every;
            if (place >= places) {
                place -= places;
                phases = ~phases;
            }
            barrier_wait_local(ring.full(place), phases >> place & 1);
        }
        finish_chunks();
        if (lane == 0) barrier_arrive(left, leaves);
    }
}

/// What the threads of a block share.
struct StepRoom {
    ReadyState tokens[step_most_tokens];
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

/// A stage's product. What shared memory has is read there again and again: registers are short.
template <int tokens>
class StageProduct {
public:
    __device__ StageProduct(const ProductArguments& a, int stage, std::uint8_t* memory, StepRoom& room)
        : a_(a), memory_(memory), room_(room), stage_(stage) {
        item_ = room.first[stage];
        part_ = room.first_parts[stage][warp()];
    }
    /// Begins with the block's first item, whose weights depend on nothing.
    __device__ void open_first() {
        if (index_ < room_.items[stage_]) open();
    }
    /// After the meeting that shows the activations. flag: of the states.
    __device__ __forceinline__ void run(const std::uint64_t* rules, std::uint32_t tag, std::uint32_t flag,
                                        std::uint64_t* best) {
        if (index_ >= room_.items[stage_]) return;
        begin();  // before what the compiler takes out of the loop
#pragma unroll 1
        while (true) {
            const int token = item_.first_token + step_thread();
            if (step_thread() < tokens && token < a_.tokens)
                room_.tokens[step_thread()] = await_rule(rules + item_.matrix * a_.tokens + token, tag);
            std::uint32_t& phases = room_.rings.phases[StepRings::number<tokens>];
            std::int32_t sums[tokens / 2] = {};
            multiply_item<tokens>(a_, ring(), phases, part_, line_, lane(), sums);
            __syncthreads();  // the ring is read to its end
            keep_sums<tokens>(kept(), sums);
            if (step_thread() == 0) phases ^= room_.turned[stage_];
            index_ += step_blocks();
            const bool more = index_ < room_.items[stage_];
            const WorkItem done = item_;
            if (more) {
                item_ = item_at(a_, {tokens, room_.row_groups[stage_]}, index_);
                part_ = part_of(a_, room_.row_groups[stage_], item_, warp());
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
    /// The warp's turn to bring chunks; the last is the one that looks whether all blocks have met.
    __device__ static int turn() {
        return (warp() + step_warps - 1) % step_warps;
    }
    __device__ static int lane() {
        return static_cast<unsigned>(step_thread()) % 32;
    }
    [[nodiscard]] __device__ StepRing<tokens> ring() const {
        return room_.rings.ring<tokens>(memory_);
    }
    /// Sums: [warpgroup][token][row], where the ring is.
    [[nodiscard]] __device__ std::int32_t* kept() const {
        return reinterpret_cast<std::int32_t*>(memory_);
    }
    __device__ void open() {
        line_.open(a_.weights.tiles, part_, lane(),
                   shared_address(memory_) + ring_bytes + step_gains_bytes + warp() * (weights_ahead * 2 * tile_bytes) +
                       16 * lane());
        supply_.open(a_, part_, ring(), turn(), lane());
    }
    __device__ __forceinline__ void begin() {
        supply_.begin(a_, part_, ring(), turn(), lane());
    }
    __device__ __forceinline__ void finish(const WorkItem& item, std::uint32_t flag, std::uint64_t* best) {
        const int row_groups = room_.row_groups[stage_];
        const auto finish_as = [&]<Finish how>() {
            finish_kept<how, tokens>(a_, item, row_groups, step_thread(), kept(), room_.tokens, room_.tables.sigmoids,
                                     flag);
        };
        if (stage_ == mixer_stage)
            finish_as.template operator()<Finish::states>();
        else if (stage_ == head_stage)
            choose_kept<tokens>(a_, item, row_groups, step_thread(), kept(), room_.tokens, best);
        else if (stage_ == gate_stage)
            finish_as.template operator()<Finish::unit>();
        else
            finish_as.template operator()<Finish::residual>();
    }

    const ProductArguments& a_;
    std::uint8_t* memory_;
    StepRoom& room_;
    WeightLine line_;
    Supply<tokens> supply_;
    WorkItem item_;
    ItemPart part_;
    int stage_, index_ = static_cast<int>(blockIdx.x);
};

#endif

}  // namespace tephra::cuda
