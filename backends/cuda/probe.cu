#include "backends/cuda/probe.hpp"

#include "backends/cuda/device.hpp"

namespace tephra::cuda {
namespace {

__global__ void report_code(int* hopper) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
    *hopper = 1;
#else
    *hopper = 0;
#endif
}

}  // namespace

Result<CompiledCode> compiled_code() {
    Buffer<int> word;
    if (auto ok = word.allocate(1); !ok) return tl::unexpected(ok.error());
    report_code<<<1, 1>>>(word.data());
    const cudaError_t status = cudaGetLastError();
    if (status == cudaErrorNoKernelImageForDevice)
        return fail(ErrorCode::device, "this program has no CUDA code for this GPU", "cuda",
                    "build with TEPHRA_CUDA_ARCHITECTURES for it, or choose --engine native");
    if (auto ok = checked(status, "start a kernel"); !ok) return tl::unexpected(ok.error());
    int hopper = 0;
    if (auto ok = checked(cudaMemcpy(&hopper, word.data(), sizeof hopper, cudaMemcpyDeviceToHost), "run a kernel"); !ok)
        return tl::unexpected(ok.error());
    return CompiledCode{hopper != 0};
}

}  // namespace tephra::cuda
