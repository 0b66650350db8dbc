#pragma once
// What a block of the persistent kernel keeps, and how its warps synchronise.
#include "backends/cuda/arithmetic/reduce.cuh"
#include "backends/cuda/arithmetic/scales.cuh"
#include "backends/cuda/decode/decode.hpp"
#include "backends/cuda/hardware/async.cuh"
#include "backends/cuda/hardware/relaxed.cuh"

namespace tephra::cuda {

inline constexpr int multiplying_threads = 32 * decode_warps;
/// Multiplying and serving threads: those that exchange vectors.
inline constexpr int exchange_threads = multiplying_threads + 32 * serving_warps;
/// Portions of weights under way to a warp at most.
inline constexpr int portions_ahead = 8;

/// A warp's tiles of a stage.
struct TileRange {
    int first;  ///< from the stage's start
    int count;
    int row;    ///< tile row of the first, from the block's first
    int chunk;  ///< of that row
    int input;  ///< chunk of the activations that it multiplies
};

struct DecodeShared {
    BlockView views[serving_warps][2];  ///< of this layer and of the next
    NormView head_norm;
    TileRange ranges[stage_count][decode_warps];
    Share shares[stage_count];
    std::uint32_t peaks[2][3];                         ///< largest |p| of the stage's input, by the parity of the stage
    StateRule rules[3];                                ///< how the sums of the stage become states; three for the mixer
    std::uint64_t full[decode_warps][portions_ahead];  ///< barriers: a portion of weights is there
    std::uint32_t released[decode_warps];              ///< what each multiplying warp has released
    SharedTables tables;
};
static_assert(sizeof(DecodeShared) <= decode_fixed_shared);

/// Hides v from the optimizer, so that it is neither recomputed nor kept in extra registers. By the whole warp.
__device__ inline int opaque(int v) {
    return __shfl_sync(full_warp, v, static_cast<int>(threadIdx.x % 32));
}
/// The same for an address in shared memory.
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
    std::uint8_t* activations;   ///< shared memory, bit planes: see BitPlaneWriter
    std::int32_t* accumulators;  ///< shared memory, [plan.accumulators]
};

// Barriers of a stage, in the order in which they complete:
//   published: the block has stored its elements, and the accumulators are zero;
//   loaded: the multiplying warps have loaded the input;
//   peaks: the same for the warp that makes rules, for which nobody waits;
//   planes: the bit planes are stored;
//   rules: the rules are stored;
//   sums: the sums are complete.
// A warp that only arrives does not wait. The rules need their own barrier, although their maker also arrives at
// `sums`: racecheck does not see ordering that comes through a third warp.
inline constexpr int published_barrier = 1, loaded_barrier = 2, peaks_barrier = 3, planes_barrier = 4,
                     rules_barrier = 5, sums_barrier = 6;

template <int barrier, int threads>
__device__ inline void arrive() {
    asm volatile("bar.arrive %0, %1;" ::"n"(barrier), "n"(threads) : "memory");
}
template <int barrier, int threads>
__device__ inline void synchronize() {
    asm volatile("bar.sync %0, %1;" ::"n"(barrier), "n"(threads) : "memory");
}

/// Loads a gain into a whole word at once. A widening after the load would wait for it.
__device__ inline std::int32_t load_gain(const std::int16_t* p) {
    std::int32_t v;
    asm volatile("ld.global.nc.s16 %0, [%1];" : "=r"(v) : "l"(p));
    return v;
}

/// Waits before the first poll of what cannot be there yet: polling slows the data down.
__device__ inline void wait_cycles(int cycles) {
    const long long start = clock64();
    while (clock64() - start < cycles) {
    }
}

}  // namespace tephra::cuda
