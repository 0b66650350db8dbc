#pragma once
// How operands of the step kernel's products come into shared memory: bulk copies bring activations into a ring, for
// all warps, and each lane copies the weights that it will unpack, the first of them before the activations are made.
#include "backends/cuda/async.cuh"
#include "backends/cuda/layout.hpp"
#include "backends/cuda/product_ring.cuh"
#include "backends/cuda/step_finish.cuh"
#include "backends/cuda/step_norm.cuh"

namespace tephra::cuda {

inline constexpr int weights_ahead = 4;  ///< chunks whose weights are on their way or there
inline constexpr int weight_bytes = step_warps * weights_ahead * 2 * tile_bytes;
/// Dynamic shared memory: the ring, gains, weights.
inline constexpr int ring_bytes = step_shared_bytes - weight_bytes - step_gains_bytes;
static_assert(4 * step_most_tokens * kept_pitch * 4 <= ring_bytes, "sums lie where nothing is brought ahead");
static_assert(step_sums_at + static_cast<int>(sizeof(NormSums)) <= ring_bytes, "and so does what norms leave");

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)

/// Activations of items of `tokens` tokens: chunk c in place c, and those beyond the last place in turn.
template <int tokens>
struct StepRing {
    static constexpr int place_bytes = tokens * tile_columns;
    static constexpr int most_places = ring_bytes / place_bytes;
    std::uint32_t data, barriers;

    /// Places that items with so many groups of chunks use: a multiple, so that each place is one group's.
    __device__ static constexpr int places(int chunk_groups) { return most_places & -chunk_groups; }
    [[nodiscard]] __device__ std::uint32_t data_of(int place) const { return data + place * place_bytes; }
    [[nodiscard]] __device__ std::uint32_t full(int place) const { return barriers + 16 * place; }
    [[nodiscard]] __device__ std::uint32_t empty(int place) const { return barriers + 16 * place + 8; }
    __device__ void init() const {
        for (int k = 0; k < most_places; ++k) {
            barrier_init(full(k), 1);
            barrier_init(empty(k), step_warps);
        }
        barrier_init_fence();
    }
};

/// The rings of all widths lie in the same memory, but each has barriers of its own. A bit a place says whether the
/// next phase of its barriers is an odd one.
struct StepRings {
    /// Places of the rings of fewer tokens.
    template <int tokens>
    static constexpr int before = (tokens > 16 ? StepRing<16>::most_places : 0) +
                                  (tokens > 32 ? StepRing<32>::most_places : 0);
    static constexpr int places = before<64> + StepRing<64>::most_places;
    static_assert(StepRing<16>::most_places <= 32, "a bit a place");
    static_assert(StepRing<64>::places(2) >= 2 * 2 && StepRing<32>::places(4) >= 2 * 4, "as has_places says");

    std::uint64_t barriers[2 * places];
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
    /// memory: the lane's place of the first chunk. Brings the first chunks.
    __device__ void open(const std::uint8_t* tiles, const ItemPart& part, int lane, std::uint32_t memory) {
        upper_ = tiles + part.weights + 16 * lane;
        memory_ = memory;
#pragma unroll
        for (int i = 0; i < weights_ahead; ++i) fetch(i, part);
    }
    /// The lane's part of the warp's chunk i, in order.
    __device__ void take(int i, uint4& upper, uint4& lower) const {
        asm volatile("cp.async.wait_group %0;" ::"n"(weights_ahead - 1) : "memory");
        upper = load_shared(place(i));
        lower = load_shared(place(i) + tile_bytes);
    }
    /// Brings another chunk into the place of chunk i, once the lane has used what it took.
    __device__ void refill(int i, const ItemPart& part) {
        fetch(i + weights_ahead, part);
    }

private:
    /// Brings chunk i, if there is one; a group of copies in any case, so that all chunks wait alike.
    __device__ void fetch(int i, const ItemPart& part) {
        if (i < part.chunks) {
            const std::uint8_t* const from = upper_ + (i * tile_bytes << part.chunk_shift);
            copy(place(i), from);
            copy(place(i) + tile_bytes, from + part.to_lower);
        }
        asm volatile("cp.async.commit_group;" ::: "memory");
    }
    __device__ static void copy(std::uint32_t to, const std::uint8_t* from) {
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(from) : "memory");
    }
    [[nodiscard]] __device__ std::uint32_t place(int i) const {
        return memory_ + i % weights_ahead * (2 * tile_bytes);
    }

    const std::uint8_t* upper_;
    std::uint32_t memory_;
};

/// Whether the warp looks whether all blocks have met.
__device__ inline bool looks() {
    return step_thread() < 32;
}

/// Brings the activations of an item's chunks.
template <int tokens>
class Supply {
public:
    /// Prepares the first chunks, one a place, which all warps bring in turn, side by side.
    __device__ void open(const ProductArguments& a, const ItemPart& part, const StepRing<tokens>& ring, int turn,
                         int lane) {
        first_ = nullptr;
        if (lane == 0 && turn < end(a, part)) first_ = expect(a, part, ring, turn, turn);
    }
    /// Brings them, once they are there.
    __device__ __forceinline__ void begin(const ProductArguments& a, const ItemPart& part, const StepRing<tokens>& ring,
                                          int turn, int lane) const {
        if (lane == 0) show_to_copies();
        if (first_ == nullptr) return;
        copy(first_, ring, turn);
        if constexpr (StepRing<tokens>::most_places > step_warps) {
#pragma unroll 1
            for (int chunk = turn + step_warps; chunk < end(a, part); chunk += step_warps)
                copy(expect(a, part, ring, chunk, chunk), ring, chunk);
        }
    }
    /// Brings a chunk to a place once all have left it, in a phase of that parity; one lane.
    __device__ static void bring(const ProductArguments& a, const ItemPart& part, const StepRing<tokens>& ring,
                                 int chunk, int place, int parity) {
        barrier_wait_local(ring.empty(place), parity);
        copy(expect(a, part, ring, chunk, place), ring, place);
    }

private:
    /// Of the first chunks, one a place.
    __device__ static int end(const ProductArguments& a, const ItemPart& part) {
        return min(StepRing<tokens>::places(part.chunk_groups()), a.weights.chunks);
    }
    /// Where a chunk comes from, once its place knows that it will come.
    __device__ static const std::int8_t* expect(const ProductArguments& a, const ItemPart& part,
                                                const StepRing<tokens>& ring, int chunk, int place) {
        barrier_expect(ring.full(place), tokens * tile_columns);
        return a.activations.q + part.activations + chunk * (a.activations.tokens / 8 * 2048);
    }
    __device__ static void copy(const std::int8_t* from, const StepRing<tokens>& ring, int place) {
        bulk_copy(ring.data_of(place), from, tokens * tile_columns, ring.full(place));
    }

    const std::int8_t* first_;  ///< the warp's first chunk, if it brings one
};

#endif

}  // namespace tephra::cuda
