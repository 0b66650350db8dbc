#pragma once
// How operands of the step kernel's products come into shared memory. Bulk copies load activations into a ring, for all
// warps. Each lane copies the weights that it will unpack, the first of them before the activations are made.
#include "backends/cuda/batch/product_ring.cuh"
#include "backends/cuda/hardware/async.cuh"
#include "backends/cuda/layout.hpp"
#include "backends/cuda/step/finish.cuh"
#include "backends/cuda/step/norm.cuh"
#include "backends/cuda/step/shared_memory.cuh"

namespace tephra::cuda {

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)

/// Activations of items of `tokens` tokens: chunk c in slot c % slots.
template <int tokens>
struct StepRing {
    static constexpr int slot_bytes = tokens * tile_columns;
    static constexpr int most_slots = ring_bytes / slot_bytes;
    std::uint32_t data, barriers;

    /// Slots that items with so many groups of chunks use: a multiple, so that each slot is one group's.
    __device__ static constexpr int slots(int chunk_groups) { return most_slots & -chunk_groups; }
    [[nodiscard]] __device__ std::uint32_t data_of(int slot) const { return data + slot * slot_bytes; }
    [[nodiscard]] __device__ std::uint32_t full(int slot) const { return barriers + 16 * slot; }
    [[nodiscard]] __device__ std::uint32_t empty(int slot) const { return barriers + 16 * slot + 8; }
    __device__ void init() const {
        for (int k = 0; k < most_slots; ++k) {
            barrier_init(full(k), 1);
            barrier_init(empty(k), step_warps);
        }
        barrier_init_fence();
    }
};

/// The rings of all widths lie in the same memory, but each has barriers of its own. A bit a slot says whether the next
/// phase of its barriers is an odd one.
struct StepRings {
    /// Slots of the rings of fewer tokens.
    template <int tokens>
    static constexpr int before = (tokens > 16 ? StepRing<16>::most_slots : 0) +
                                  (tokens > 32 ? StepRing<32>::most_slots : 0);
    static constexpr int slots = before<64> + StepRing<64>::most_slots;
    static_assert(StepRing<16>::most_slots <= 32, "a bit a slot");
    static_assert(StepRing<64>::slots(2) >= 2 * 2 && StepRing<32>::slots(4) >= 2 * 4, "as has_slots says");

    std::uint64_t barriers[2 * slots];
    std::uint32_t phases[3];

    template <int tokens>
    static constexpr int number = tokens == 16 ? 0 : (tokens == 32 ? 1 : 2);

    template <int tokens>
    __device__ StepRing<tokens> ring(const std::uint8_t* memory) const {
        return {shared_address(memory), shared_address(barriers + 2 * before<tokens>)};
    }
    __device__ void init(const std::uint8_t* memory) {
        ring<16>(memory).init();
        ring<32>(memory).init();
        ring<64>(memory).init();
        for (std::uint32_t& of_ring : phases) of_ring = 0;
    }
};

/// The weights of a warp's 16 rows: each lane copies what it will read itself.
class WeightLine {
public:
    /// memory: the lane's slot of the first chunk. Requests the first chunks.
    __device__ void open(const std::uint8_t* tiles, const ItemPart& part, int lane, std::uint32_t memory) {
        upper_ = tiles + part.weights + 16 * lane;
        memory_ = memory;
#pragma unroll
        for (int i = 0; i < weights_ahead; ++i) fetch(i, part);
    }
    /// Loads the lane's part of the warp's chunk i, in order.
    __device__ void load(int i, uint4& upper, uint4& lower) const {
        asm volatile("cp.async.wait_group %0;" ::"n"(weights_ahead - 1) : "memory");
        upper = load_shared(slot(i));
        lower = load_shared(slot(i) + tile_bytes);
    }
    /// Requests another chunk into the slot of chunk i, once the lane has used what it loaded.
    __device__ void refill(int i, const ItemPart& part) {
        fetch(i + weights_ahead, part);
    }

private:
    /// Requests chunk i, if there is one; a group of copies in any case, so that all chunks wait alike.
    __device__ void fetch(int i, const ItemPart& part) {
        if (i < part.chunks) {
            const std::uint8_t* const from = upper_ + (i * tile_bytes << part.chunk_shift);
            copy(slot(i), from);
            copy(slot(i) + tile_bytes, from + part.to_lower);
        }
        asm volatile("cp.async.commit_group;" ::: "memory");
    }
    __device__ static void copy(std::uint32_t to, const std::uint8_t* from) {
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(from) : "memory");
    }
    [[nodiscard]] __device__ std::uint32_t slot(int i) const {
        return memory_ + i % weights_ahead * (2 * tile_bytes);
    }

    const std::uint8_t* upper_;
    std::uint32_t memory_;
};

/// Whether this warp polls the grid barrier.
__device__ inline bool is_polling_warp() {
    return step_thread() < 32;
}

/// Loads the activations of an item's chunks.
template <int tokens>
class ActivationLoader {
public:
    /// Prepares the first chunks, one a slot, which all warps request in turn, side by side.
    __device__ void open(const ProductArguments& a, const ItemPart& part, const StepRing<tokens>& ring, int turn,
                         int lane) {
        first_ = nullptr;
        if (lane == 0 && turn < end(a, part)) first_ = expect(a, part, ring, turn, turn);
    }
    /// Requests them, once they are made.
    __device__ __forceinline__ void begin(const ProductArguments& a, const ItemPart& part, const StepRing<tokens>& ring,
                                          int turn, int lane) const {
        if (lane == 0) show_to_copies();
        if (first_ == nullptr) return;
        copy(first_, ring, turn);
        if constexpr (StepRing<tokens>::most_slots > step_warps) {
#pragma unroll 1
            for (int chunk = turn + step_warps; chunk < end(a, part); chunk += step_warps)
                copy(expect(a, part, ring, chunk, chunk), ring, chunk);
        }
    }
    /// Requests a chunk into a slot once all warps have released it, in a phase of that parity; one lane.
    __device__ static void refill(const ProductArguments& a, const ItemPart& part, const StepRing<tokens>& ring,
                                  int chunk, int slot, int parity) {
        barrier_wait_local(ring.empty(slot), parity);
        copy(expect(a, part, ring, chunk, slot), ring, slot);
    }

private:
    /// The end of the first chunks, one a slot.
    __device__ static int end(const ProductArguments& a, const ItemPart& part) {
        return min(StepRing<tokens>::slots(part.chunk_groups()), a.weights.chunks);
    }
    /// Where a chunk comes from; its slot's barrier then expects it.
    __device__ static const std::int8_t* expect(const ProductArguments& a, const ItemPart& part,
                                                const StepRing<tokens>& ring, int chunk, int slot) {
        barrier_expect(ring.full(slot), tokens * tile_columns);
        return a.activations.q + part.activations + chunk * (a.activations.tokens / 8 * 2048);
    }
    __device__ static void copy(const std::int8_t* from, const StepRing<tokens>& ring, int slot) {
        bulk_copy(ring.data_of(slot), from, tokens * tile_columns, ring.full(slot));
    }

    const std::int8_t* first_;  ///< the warp's first chunk, if it requests one
};

#endif

}  // namespace tephra::cuda
