#pragma once
// Hopper's asynchronous copies, the barriers in shared memory that they complete on, and clusters of blocks. Shared
// memory is addressed by 32-bit addresses of the shared window. Only for code compiled for compute capability 9.0.
#include <cstdint>

namespace tephra::cuda {

__device__ inline std::uint32_t shared_address(const void* pointer) {
    return static_cast<std::uint32_t>(__cvta_generic_to_shared(pointer));
}

/// Makes the barriers that this thread initialises known to copies.
__device__ inline void barrier_init_fence() {
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}
__device__ inline void barrier_init(std::uint32_t barrier, int count) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(count));
}
__device__ inline void barrier_arrive(std::uint32_t barrier) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}
/// Arrives without a branch: between products of a warpgroup a branch makes ptxas (CUDA 13.0) run them one by one.
__device__ inline void barrier_arrive_if(bool wanted, std::uint32_t barrier) {
    asm volatile(
        "{\n"
        ".reg .pred wanted;\n"
        "setp.ne.s32 wanted, %1, 0;\n"
        "@wanted mbarrier.arrive.shared::cta.b64 _, [%0];\n"
        "}\n" ::"r"(barrier),
        "r"(wanted ? 1 : 0)
        : "memory");
}
/// As if `count` arrived.
__device__ inline void barrier_arrive(std::uint32_t barrier, int count) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(count) : "memory");
}
__device__ inline void barrier_expect(std::uint32_t barrier, int bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}
/// For a barrier that only this block and its copies arrive at: waiting for others would drop the first-level cache.
__device__ inline void barrier_wait_local(std::uint32_t barrier, int parity) {
    asm volatile(
        "{\n"
        ".reg .pred done;\n"
        "again:\n"
        "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
        "@done bra finished;\n"
        "bra again;\n"
        "finished:\n"
        "}\n" ::"r"(barrier),
        "r"(parity)
        : "memory");
}

/// Whether the phase of that parity is over.
__device__ inline bool barrier_passed(std::uint32_t barrier, int parity) {
    std::uint32_t passed;
    asm volatile(
        "{\n"
        ".reg .pred done;\n"
        "mbarrier.test_wait.parity.shared::cta.b64 done, [%1], %2;\n"
        "selp.u32 %0, 1, 0, done;\n"
        "}\n"
        : "=r"(passed)
        : "r"(barrier), "r"(parity)
        : "memory");
    return passed != 0;
}

__device__ inline void bulk_copy(std::uint32_t to, const void* from, int bytes, std::uint32_t barrier) {
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(to),
                 "l"(from), "r"(bytes), "r"(barrier)
                 : "memory");
}

/// Adds to a word of shared memory and returns what it was. Accesses before it are over for whoever sees the sum.
__device__ inline std::uint32_t add_shared(std::uint32_t address, std::uint32_t value) {
    std::uint32_t before;
    asm volatile("atom.acq_rel.cta.shared::cta.add.u32 %0, [%1], %2;"
                 : "=r"(before)
                 : "r"(address), "r"(value)
                 : "memory");
    return before;
}

/// Synchronises all threads of all blocks of the cluster; what they wrote to shared memory is visible to all.
__device__ inline void cluster_sync() {
    asm volatile("barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;" ::: "memory");
}
/// The same without memory ordering: reads whose values were used are over.
__device__ inline void cluster_sync_relaxed() {
    asm volatile("barrier.cluster.arrive.relaxed.aligned;\nbarrier.cluster.wait.aligned;" ::: "memory");
}
__device__ inline std::uint32_t cluster_rank() {
    std::uint32_t rank;
    asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return rank;
}
/// Where block `block` of the cluster has what this block has at `address`; for load_cluster.
__device__ inline std::uint32_t cluster_address(std::uint32_t address, std::uint32_t block) {
    std::uint32_t there;
    asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there) : "r"(address), "r"(block));
    return there;
}
__device__ inline std::int32_t load_cluster(std::uint32_t address) {
    std::int32_t v;
    asm volatile("ld.shared::cluster.s32 %0, [%1];" : "=r"(v) : "r"(address) : "memory");
    return v;
}

}  // namespace tephra::cuda
