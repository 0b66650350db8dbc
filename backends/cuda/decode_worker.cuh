#pragma once
// What a block of the persistent kernel keeps, and how its warps meet.
#include "backends/cuda/async.cuh"
#include "backends/cuda/decode.hpp"
#include "backends/cuda/quick.cuh"
#include "backends/cuda/reduce.cuh"
#include "backends/cuda/relaxed.cuh"

namespace tephra::cuda {

inline constexpr int multiplying_threads = 32 * decode_warps;
/// Multiplying and serving threads: all who meet.
inline constexpr int meeting_threads = multiplying_threads + 32 * serving_warps;
/// Portions of weights that a warp has on the way at most.
inline constexpr int portions_ahead = 8;

/// A warp's tiles of a stage.
struct TileRange {
    int first;  ///< from the stage's start
    int count;
    int row;    ///< tile row of the first, from the block's first
    int chunk;  ///< of that row
    int input;  ///< chunk of the activations that it takes
};

struct DecodeShared {
    BlockView views[serving_warps][2];  ///< of this layer and of the next
    NormView head_norm;
    TileRange ranges[stage_count][decode_warps];
    Share shares[stage_count];
    std::uint32_t peaks[2][3];                         ///< largest |p| of the stage's input, by the parity of the stage
    StateRule rules[3];                                ///< how the sums of the stage become states; three for the mixer
    std::uint64_t full[decode_warps][portions_ahead];  ///< barriers: a portion of weights is there
    std::uint32_t taken[decode_warps];                 ///< what each multiplying warp took of them
    SharedTables tables;
};
static_assert(sizeof(DecodeShared) <= decode_fixed_shared);

/// The same value, of which the compiler knows nothing: it neither computes it again, where that takes longer than to
/// keep it, nor keeps all that follows from it, where registers are short. By the whole warp.
__device__ inline int opaque(int v) {
    return __shfl_sync(full_warp, v, static_cast<int>(threadIdx.x % 32));
}
/// The same for a place in shared memory.
template <typename T>
__device__ inline T* opaque_shared(T* p) {
    return static_cast<T*>(__cvta_shared_to_generic(
        static_cast<std::size_t>(static_cast<std::uint32_t>(opaque(static_cast<int>(shared_address(p)))))));
}

/// What a block keeps while it runs.
struct DecodeWorker {
    const DecodeArguments& a;
    DecodeShared& shared;
    std::uint8_t* rings;         ///< shared memory, [decode_warps][plan.ring_tiles] tiles
    std::uint8_t* activations;   ///< shared memory, bit planes: see Filling
    std::int32_t* accumulators;  ///< shared memory, [plan.accumulators]
};

// Meetings of a stage: the block has published its elements, and the accumulators are zero; the input has been taken;
// the same, for the warp that makes rules, for which nobody waits; the bit planes are there; the rules are there; the
// sums are there. Who only announces does not wait. Rules have a meeting of their own, although who waits for the sums
// meets their maker there too: racecheck orders what was done before announcing, not what others did who waited.
inline constexpr int published_meeting = 1, taken_meeting = 2, peaks_meeting = 3, filled_meeting = 4, rules_meeting = 5,
                     multiplied_meeting = 6;

template <int meeting, int threads>
__device__ inline void announce() {
    asm volatile("bar.arrive %0, %1;" ::"n"(meeting), "n"(threads) : "memory");
}
template <int meeting, int threads>
__device__ inline void meet() {
    asm volatile("bar.sync %0, %1;" ::"n"(meeting), "n"(threads) : "memory");
}

/// A gain, into a whole word at once: what must be widened must first be there.
__device__ inline std::int32_t load_gain(const std::int16_t* p) {
    std::int32_t v;
    asm volatile("ld.global.nc.s16 %0, [%1];" : "=r"(v) : "l"(p));
    return v;
}

/// Elements that others publish when this block does take at least so long to get here (measured on an H100).
inline constexpr int cycles_to_elements = 300;

/// Lets time pass before a first look at what can't be there yet: each look is in the way of what it looks for.
__device__ inline void let_pass(int cycles) {
    const long long start = clock64();
    while (clock64() - start < cycles) {
    }
}

}  // namespace tephra::cuda
