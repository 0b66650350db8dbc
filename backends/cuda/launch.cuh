#pragma once
// Kernels of a batch follow each other on one stream; each may be set up while the one before still runs. On devices
// before compute capability 9.0 these are plain launches.
#include <cuda_runtime_api.h>

#include "backends/cuda/batch.hpp"

namespace tephra::cuda {

/// From here on, what earlier kernels wrote can be read, and their inputs overwritten. Every kernel of a batch calls
/// it.
__device__ inline void wait_for_previous_kernel() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

/// The next kernel may be set up when all blocks have come here.
__device__ inline void let_next_kernel_start() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;");
#endif
}

template <typename... Parameters, typename... Arguments>
void launch_overlapped(void (*kernel)(Parameters...), dim3 grid, int threads, int shared_bytes, Stream stream,
                       const Arguments&... arguments) {
    cudaLaunchAttribute attribute{};
    attribute.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    attribute.val.programmaticStreamSerializationAllowed = 1;
    cudaLaunchConfig_t config{};
    config.gridDim = grid;
    config.blockDim = dim3(static_cast<unsigned>(threads));
    config.dynamicSmemBytes = static_cast<std::size_t>(shared_bytes);
    config.stream = stream;
    config.attrs = &attribute;
    config.numAttrs = 1;
    static_cast<void>(cudaLaunchKernelEx(&config, kernel, Parameters(arguments)...));  // errors: cudaGetLastError
}

}  // namespace tephra::cuda
