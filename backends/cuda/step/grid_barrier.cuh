#pragma once
// How the blocks of the step kernel synchronise between stages.
#include <cstdint>

namespace tephra::cuda {

inline constexpr int step_threads =
    512;  ///< four warpgroups: one more warp would cost all a quarter of their registers
inline constexpr int step_warps = step_threads / 32;

/// The thread's number, read anew, so that what follows from it is computed where it is used. Kept from stage to stage
/// it would spill, and grid barriers drop local memory from the first-level cache.
__device__ inline int step_thread() {
    int thread;
    asm volatile("mov.u32 %0, %%tid.x;" : "=r"(thread));
    return thread;
}

/// Blocks of the kernel, read anew as well.
__device__ inline int step_blocks() {
    int blocks;
    asm volatile("mov.u32 %0, %%nctaid.x;" : "=r"(blocks));
    return blocks;
}

/// Bulk copies that start after a barrier may overwrite what this thread has stored in shared memory.
__device__ inline void release_to_copies() {
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}
/// Bulk copies of this thread see what it sees in global memory.
__device__ inline void show_to_copies() {
    asm volatile("fence.proxy.async.global;" ::: "memory");
}

/// A barrier of all threads of all blocks. What a thread wrote before it arrived is visible to every thread that has
/// waited.
class GridBarrier {
public:
    __device__ explicit GridBarrier(std::uint32_t* words) : words_(words) {}

    __device__ void arrive() const {
        __syncthreads();
        if (threadIdx.x == 0) asm volatile("red.release.gpu.global.add.u32 [%0], 1;" ::"l"(words_) : "memory");
    }
    /// number: of the barrier, from 1.
    __device__ void wait(unsigned number) const {
        if (threadIdx.x == 0) {
            const std::uint32_t due = number * static_cast<unsigned>(step_blocks());
            std::uint32_t arrived;
            do {
                asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(arrived) : "l"(words_) : "memory");
            } while (arrived < due);
        }
        __syncthreads();
    }
    /// After the last barrier. The last block to call it makes the words zero again.
    __device__ void reset() const {
        if (threadIdx.x == 0 && atomicAdd(words_ + 1, 1U) == gridDim.x - 1) {
            words_[0] = 0;
            words_[1] = 0;
        }
    }

private:
    std::uint32_t* words_;
};

}  // namespace tephra::cuda
