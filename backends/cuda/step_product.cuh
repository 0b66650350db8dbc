#pragma once
// Products of the step kernel: what a block multiplies, and in which order.
#include "backends/cuda/step_operands.cuh"

namespace tephra::cuda {

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)

/// Adds a chunk's product to a warpgroup's sums, 2^high_codes times. Half a chunk is unpacked while the other is
/// multiplied; nothing runs any more when it returns.
template <int tokens>
__device__ __forceinline__ void multiply_whole_chunk(const uint4& upper, const uint4& lower, std::uint32_t descriptor,
                                                     std::int32_t (&sums)[tokens / 2]) {
    std::uint32_t a[2][4][4];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
#pragma unroll
        for (int k = 0; k < 4; ++k) unpack<true>(upper, lower, half, k, a[half][k]);
        asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#pragma unroll
        for (int k = 0; k < 4; ++k)
            Wgmma<tokens>::multiply_add(sums, a[half][k], descriptor + (4 * half + k) * (256 >> 4));
        asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
    }
    finish_chunks();
}

/// Where places are used again: sees chunks from `next` to before `end` come and leaves them to who brings others. All
/// warps must: a barrier tells a phase only from the one before.
template <int tokens>
__device__ inline void pass(const StepRing<tokens>& ring, unsigned position, int& next, int end, int lane) {
#pragma unroll 1
    for (; next < end; ++next) {
        const auto place = ring.at(position + next);
        barrier_wait_local(place.full, place.round & 1);
        if (lane == 0) barrier_arrive(place.empty);
    }
}

/// A warpgroup's sums over its chunks.
template <int tokens>
__device__ __forceinline__ void multiply_item(const ProductArguments& arguments, const StepRing<tokens>& ring,
                                              unsigned position, Supply<tokens>& supply, std::uint8_t* phases,
                                              const ItemPart& part, WeightLine& line, int lane,
                                              std::int32_t (&sums)[tokens / 2]) {
    int next = 0;  // chunk not seen yet
    const int count = line.count(), every = part.chunk_groups();
    const int again = max(0, arguments.weights.chunks - StepRing<tokens>::places);  // chunks that others follow
#pragma unroll 1
    for (int i = 0; i < count; ++i) {
        const int chunk = part.chunk_group + i * every;
        pass(ring, position, next, min(chunk, again), lane);
        uint4 upper, lower;
        line.take(i, upper, lower);
        const auto place = ring.at(position + chunk);
        barrier_wait_local(place.full, place.round & 1);
        multiply_whole_chunk<tokens>(upper, lower, activation_descriptor(place.data), sums);
        line.refill(i);
        if (chunk < again) {
            if (lane == 0) barrier_arrive(place.empty);
            ++next;
        }
        // This warp has left the places of chunks before, and soon all will have.
        if (supplies())
            supply.until(arguments, ring, position, chunk + 1 + max(every, StepRing<tokens>::places - 2 * every),
                         phases, lane);
    }
    pass(ring, position, next, again, lane);
}

/// What the threads of a block share.
struct StepRoom {
    ReadyState tokens[step_most_tokens];
    int items[stage_count], row_groups[stage_count];
    WorkItem first[stage_count];  ///< of this block
    ItemPart first_parts[stage_count][step_warps];
    std::uint64_t gains;  ///< barrier of the gains
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
        position_ = room.rings.position<tokens>();
    }
    /// Begins with the block's first item, whose weights depend on nothing.
    __device__ void open_first() {
        if (index_ < room_.items[stage_]) open();
    }
    /// After the meeting that shows the activations. flag: of the states.
    __device__ __forceinline__ void run(const std::uint64_t* rules, std::uint32_t tag, std::uint32_t flag,
                                        std::uint64_t* best) {
        if (index_ >= room_.items[stage_]) return;
        supply_.begin(a_, ring(), position_, turn(), lane());  // before what the compiler takes out of the loop
#pragma unroll 1
        while (true) {
            const int token = item_.first_token + step_thread();
            if (step_thread() < tokens && token < a_.tokens)
                room_.tokens[step_thread()] = await_rule(rules + item_.matrix * a_.tokens + token, tag);
            std::int32_t sums[tokens / 2] = {};
            multiply_item<tokens>(a_, ring(), position_, supply_, room_.rings.phases_of<tokens>(), part_, line_, lane(),
                                  sums);
            __syncthreads();  // the ring is read to its end
            keep_sums<tokens>(kept(), sums);
            position_ += a_.weights.chunks;
            const WorkItem done = item_;
            index_ += static_cast<int>(gridDim.x);
            const bool more = index_ < room_.items[stage_];
            if (more) {
                item_ = item_at(a_, {tokens, room_.row_groups[stage_]}, index_);
                part_ = part_of(a_, room_.row_groups[stage_], item_, warp());
                open();
            }
            __syncthreads();
            finish(done, flag, best);
            if (!more) {
                if (step_thread() == 0) room_.rings.position<tokens>() = position_;
                break;
            }
            release_to_copies();
            __syncthreads();  // the kept sums and the tokens are read to their end
            supply_.begin(a_, ring(), position_, turn(), lane());
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
    __device__ std::int32_t* kept() const {
        return reinterpret_cast<std::int32_t*>(memory_);
    }
    __device__ void open() {
        line_.open(a_.weights.tiles, part_, lane(),
                   shared_address(memory_) + ring_bytes + step_gains_bytes + warp() * (weights_ahead * 2 * tile_bytes) +
                       16 * lane());
        supply_.open(a_, a_.activations.q + part_.activations, ring(), position_, turn(), lane());
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
    unsigned position_;  ///< places of the ring used before
    WeightLine line_;
    Supply<tokens> supply_;
    WorkItem item_;
    ItemPart part_;
    int stage_, index_ = static_cast<int>(blockIdx.x);
};

#endif

}  // namespace tephra::cuda
