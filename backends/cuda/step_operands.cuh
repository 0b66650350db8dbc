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

/// Activations of items of `tokens` tokens, a chunk a place.
template <int tokens>
struct StepRing {
    static constexpr int place_bytes = tokens * tile_columns;
    static constexpr int places = ring_bytes / place_bytes;
    std::uint32_t data, barriers;

    /// A place by the number of places used before it.
    struct Place {
        std::uint32_t data, full, empty;
        unsigned round;
    };
    __device__ Place at(unsigned position) const {
        const unsigned k = position % places;
        return {data + k * place_bytes, barriers + 16 * k, barriers + 16 * k + 8, position / places};
    }
    __device__ void init() const {
        for (unsigned k = 0; k < places; ++k) {
            barrier_init(at(k).full, 1);
            barrier_init(at(k).empty, step_warps);
        }
        barrier_init_fence();
    }
};

/// The rings of all widths lie in the same memory, but each has barriers of its own and counts its places.
struct StepRings {
    /// Places of the rings of fewer tokens.
    template <int tokens>
    static constexpr int before = (tokens > 16 ? StepRing<16>::places : 0) + (tokens > 32 ? StepRing<32>::places : 0);
    static constexpr int places = before<64> + StepRing<64>::places;

    std::uint64_t barriers[2 * places];
    unsigned positions[3];        ///< places used
    std::uint8_t phases[places];  ///< of `empty`

    template <int tokens>
    __device__ StepRing<tokens> ring(const std::uint8_t* memory) const {
        return {shared_address(memory), shared_address(barriers + 2 * before<tokens>)};
    }
    template <int tokens>
    __device__ std::uint8_t* phases_of() {
        return phases + before<tokens>;
    }
    template <int tokens>
    __device__ unsigned& position() {
        return positions[tokens == 16 ? 0 : (tokens == 32 ? 1 : 2)];
    }
    __device__ void init(const std::uint8_t* memory) {
        ring<16>(memory).init();
        ring<32>(memory).init();
        ring<64>(memory).init();
        for (unsigned& position : positions) position = 0;
        for (std::uint8_t& phase : phases) phase = 0;
    }
};

/// The weights of a warp's 16 rows: each lane copies what it will read itself.
class WeightLine {
public:
    /// memory: the lane's place of the first chunk. Brings the first chunks.
    __device__ void open(const std::uint8_t* tiles, const ItemPart& part, int lane, std::uint32_t memory) {
        upper_ = tiles + part.weights + 16 * lane;
        to_lower_ = part.to_lower;
        step_ = tile_bytes << part.chunk_shift;
        count_ = part.chunks;
        memory_ = memory;
#pragma unroll
        for (int i = 0; i < weights_ahead; ++i) fetch(i);
    }
    [[nodiscard]] __device__ int count() const {
        return count_;
    }
    /// The lane's part of the warp's chunk i, in order.
    __device__ void take(int i, uint4& upper, uint4& lower) const {
        asm volatile("cp.async.wait_group %0;" ::"n"(weights_ahead - 1) : "memory");
        upper = load_shared(place(i));
        lower = load_shared(place(i) + tile_bytes);
    }
    /// Brings another chunk into the place of chunk i, once the lane has used what it took.
    __device__ void refill(int i) {
        fetch(i + weights_ahead);
    }

private:
    /// Brings chunk i, if there is one; a group of copies in any case, so that all chunks wait alike.
    __device__ void fetch(int i) {
        if (i < count_) {
            copy(place(i), upper_ + i * step_);
            copy(place(i) + tile_bytes, upper_ + i * step_ + to_lower_);
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
    int to_lower_, step_, count_;
    std::uint32_t memory_;
};

/// Whether the warp brings chunks beyond the first ring; it is also the one that looks whether all blocks have met.
__device__ inline bool supplies() {
    return step_thread() < 32;
}

/// Brings the activations of an item's chunks.
template <int tokens>
class Supply {
public:
    /// Prepares the first ring of chunks, which all warps bring in turn, side by side. from: the item's activations.
    __device__ void open(const ProductArguments& a, const std::int8_t* from, const StepRing<tokens>& ring,
                         unsigned position, int turn, int lane) {
        from_ = from;
        next_ = min(StepRing<tokens>::places, a.weights.chunks);
        if (lane == 0 && turn < next_) first_ = expect(a, ring, position, turn);
    }
    /// Brings them, once they are there.
    __device__ __forceinline__ void begin(const ProductArguments& a, const StepRing<tokens>& ring, unsigned position,
                                          int turn, int lane) const {
        if (lane == 0 || supplies()) show_to_copies();
        if (lane != 0 || turn >= next_) return;
        copy(first_);
#pragma unroll 1
        for (int chunk = turn + step_warps; chunk < next_; chunk += step_warps) copy(expect(a, ring, position, chunk));
    }
    /// Chunks before `end`, one a lane of the warp that supplies, once their places are empty. phases: of all places.
    __device__ void until(const ProductArguments& a, const StepRing<tokens>& ring, unsigned position, int end,
                          std::uint8_t* phases, int lane) {
        end = min(end, a.weights.chunks);
        if (end <= next_) return;
#pragma unroll 1
        for (int chunk = next_ + lane; chunk < end; chunk += 32) {
            std::uint8_t& phase = phases[(position + chunk) % StepRing<tokens>::places];
            barrier_wait_local(ring.at(position + chunk).empty, phase);
            phase ^= 1;
            copy(expect(a, ring, position, chunk));
        }
        next_ = end;
        __syncwarp();
    }

private:
    /// Where a chunk comes from and goes to, and the barrier that it completes on.
    struct Copy {
        const std::int8_t* from;
        std::uint32_t to, barrier;
    };
    __device__ Copy expect(const ProductArguments& a, const StepRing<tokens>& ring, unsigned position,
                           int chunk) const {
        const auto place = ring.at(position + chunk);
        barrier_expect(place.full, tokens * tile_columns);
        return {from_ + chunk * (a.activations.tokens / 8 * 2048), place.data, place.full};
    }
    __device__ static void copy(const Copy& c) {
        bulk_copy(c.to, c.from, tokens * tile_columns, c.barrier);
    }

    const std::int8_t* from_;  ///< of the item
    Copy first_;               ///< of the warp's first chunk
    int next_ = 0;             ///< chunk not asked for yet
};

#endif

}  // namespace tephra::cuda
