#pragma once
// Kernels of a batch follow each other on one stream. Each may be set up while the one before still runs, but for those
// of launch_alone. On devices before compute capability 9.0 these are plain launches.
#include <cuda_runtime_api.h>

#include "backends/cuda/views.hpp"

namespace tephra::cuda {

/// Waits until earlier kernels have ended: what they wrote can be read, and their inputs overwritten. Every kernel of a
/// batch calls it.
__device__ inline void wait_for_previous_kernel() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

/// The next kernel may be set up when all blocks have called this.
__device__ inline void let_next_kernel_start() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;");
#endif
}

/// Lets blocks of a kernel have `bytes` of dynamic shared memory; asks the driver once. A refusal shows as the error of
/// the launch.
template <auto kernel>
void allow_shared_memory(int bytes) {
    static const bool allowed =
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes) == cudaSuccess;
    static_cast<void>(allowed);
}

/// cluster: blocks that run together and reach each other's shared memory; 1 x 1 x 1 everywhere but on Hopper.
template <typename... Parameters, typename... Arguments>
void launch_overlapped(void (*kernel)(Parameters...), dim3 grid, int threads, int shared_bytes, Stream stream,
                       dim3 cluster, const Arguments&... arguments) {
    cudaLaunchAttribute attributes[2] = {};
    attributes[0].id = cudaLaunchAttributeProgrammaticStreamSerialization;
    attributes[0].val.programmaticStreamSerializationAllowed = 1;
    attributes[1].id = cudaLaunchAttributeClusterDimension;
    attributes[1].val.clusterDim.x = cluster.x;
    attributes[1].val.clusterDim.y = cluster.y;
    attributes[1].val.clusterDim.z = cluster.z;
    cudaLaunchConfig_t config{};
    config.gridDim = grid;
    config.blockDim = dim3(static_cast<unsigned>(threads));
    config.dynamicSmemBytes = static_cast<std::size_t>(shared_bytes);
    config.stream = stream;
    config.attrs = attributes;
    config.numAttrs = cluster.x * cluster.y * cluster.z > 1 ? 2 : 1;
    static_cast<void>(cudaLaunchKernelEx(&config, kernel, Parameters(arguments)...));  // errors: cudaGetLastError
}

template <typename... Parameters, typename... Arguments>
void launch_overlapped(void (*kernel)(Parameters...), dim3 grid, int threads, int shared_bytes, Stream stream,
                       const Arguments&... arguments) {
    launch_overlapped(kernel, grid, threads, shared_bytes, stream, dim3(1), arguments...);
}

/// A plain launch, for a kernel that does not wait for the one before.
template <typename... Parameters, typename... Arguments>
void launch_alone(void (*kernel)(Parameters...), dim3 grid, int threads, int shared_bytes, Stream stream,
                  const Arguments&... arguments) {
    kernel<<<grid, static_cast<unsigned>(threads), static_cast<std::size_t>(shared_bytes), stream>>>(
        Parameters(arguments)...);
}

}  // namespace tephra::cuda
