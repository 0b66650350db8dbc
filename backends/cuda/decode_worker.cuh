#pragma once
// What a block of the persistent kernel keeps, and the words that blocks publish for each other.
#include "backends/cuda/decode.hpp"
#include "backends/cuda/reduce.cuh"

namespace tephra::cuda {

inline constexpr int compute_threads = 32 * decode_warps;

/// A warp's tiles of a stage.
struct UnitRange {
    std::uint32_t first;  ///< tile of the stage, from the stage's start
    std::uint32_t count;
};

struct DecodeShared {
    BlockView views[2];
    NormView head_norm;
    UnitRange ranges[decode_stages][decode_warps];
    std::uint64_t sum[decode_warps];
    std::uint32_t peak[3][decode_warps];
    std::int32_t activation_sums[2][3];
    ReadyState states[3];  ///< how accumulators become states; their sums are activation_sums
    unsigned long long best;
    int token;
};
static_assert(sizeof(DecodeShared) <= 4096, "plan_decode keeps 4096 bytes for it");

__device__ inline uint4 load_relaxed(const std::uint32_t* p) {
    uint4 v;
    asm volatile("ld.relaxed.gpu.global.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "l"(p)
                 : "memory");
    return v;
}
__device__ inline std::uint32_t load_relaxed_word(const std::uint32_t* p) {
    std::uint32_t v;
    asm volatile("ld.relaxed.gpu.global.u32 %0, [%1];" : "=r"(v) : "l"(p) : "memory");
    return v;
}
__device__ inline std::uint64_t load_relaxed_long(const std::uint64_t* p) {
    std::uint64_t v;
    asm volatile("ld.relaxed.gpu.global.u64 %0, [%1];" : "=l"(v) : "l"(p) : "memory");
    return v;
}
__device__ inline void store_relaxed(std::uint32_t* p, std::uint32_t v) {
    asm volatile("st.relaxed.gpu.global.u32 [%0], %1;" ::"l"(p), "r"(v) : "memory");
}
__device__ inline void store_relaxed_long(std::uint64_t* p, std::uint64_t v) {
    asm volatile("st.relaxed.gpu.global.u64 [%0], %1;" ::"l"(p), "l"(v) : "memory");
}

/// A wait that cannot end is a bug of ours: stop the kernel instead of the machine.
__device__ inline void count_wait(unsigned& waits) {
    if (++waits > (1U << 24)) __trap();
}

__device__ inline std::uint32_t tagged(std::int32_t value, std::uint32_t tag) {
    return static_cast<std::uint32_t>(value) << 8 | tag;
}
__device__ inline std::int32_t untagged(std::uint32_t word) {
    return static_cast<std::int32_t>(word) >> 8;
}
__device__ inline std::uint32_t byte_tag(std::uint32_t version) {
    return 1 + version % 255;
}

/// What a block keeps while it runs.
struct DecodeWorker {
    const DecodeArguments& a;
    DecodeShared& shared;
    std::uint8_t* activations;   ///< shared memory
    std::int32_t* accumulators;  ///< shared memory, [2][plan.accumulators]
    int parity;                  ///< which half of the accumulators the stage uses
    /// Of the serving warp: what the rows of its lanes need in step 4, fetched before step 3 has ended.
    std::int32_t held_state = 0, held_bound = 0;

    __device__ bool serves() const { return threadIdx.x >= compute_threads; }
    __device__ Share share(int stage, int rows) const {
        return share_of(ceil_div(rows, tile_rows), a.plan.blocks, a.plan.shift[stage], blockIdx.x);
    }
    __device__ std::int32_t* sums() const { return accumulators + parity * a.plan.accumulators; }
};

}  // namespace tephra::cuda
