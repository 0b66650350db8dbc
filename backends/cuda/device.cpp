#include "backends/cuda/device.hpp"

#include "backends/cuda/limits.hpp"

namespace tephra::cuda {
namespace {

std::string version_text(int version) {
    return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

tl::unexpected<Error> no_device(cudaError_t status, int driver, int runtime) {
    static_cast<void>(cudaGetLastError());
    if (driver == 0)
        return fail(ErrorCode::device, "no NVIDIA driver on this machine", "cuda",
                    "install the driver, or choose --engine native");
    if (status == cudaErrorInsufficientDriver || driver / 1000 < runtime / 1000)
        return fail(ErrorCode::device,
                    "the NVIDIA driver supports CUDA " + version_text(driver) + ", this program was built with CUDA " +
                        version_text(runtime),
                    "cuda", "update the driver, or build with an older CUDA toolkit");
    return fail(ErrorCode::device, std::string("no usable GPU: ") + cudaGetErrorString(status), "cuda",
                "check nvidia-smi and CUDA_VISIBLE_DEVICES, or choose --engine native");
}

}  // namespace

Result<void> checked(cudaError_t status, const char* what) {
    if (status == cudaSuccess) return {};
    static_cast<void>(cudaGetLastError());
    return fail(ErrorCode::device, std::string(what) + ": " + cudaGetErrorString(status), "cuda");
}

Result<void> send(void* to, const void* from, std::size_t bytes, const char* what) {
    if (auto ok = checked(cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice), what); !ok) return ok;
    return checked(cudaStreamSynchronize(nullptr), what);
}

Result<std::string> device_bus_id() {
    int count = 0, driver = 0, runtime = 0;
    char text[32] = "";
    cudaError_t status = cudaGetDeviceCount(&count);
    if (status == cudaSuccess && count == 0) status = cudaErrorNoDevice;
    if (status == cudaSuccess) status = cudaDeviceGetPCIBusId(text, sizeof text, 0);
    if (status == cudaSuccess) return std::string(text);
    static_cast<void>(cudaDriverGetVersion(&driver));
    static_cast<void>(cudaRuntimeGetVersion(&runtime));
    return no_device(status, driver, runtime);
}

Result<DeviceInfo> open_device() {
    DeviceInfo info;
    static_cast<void>(cudaDriverGetVersion(&info.driver));
    static_cast<void>(cudaRuntimeGetVersion(&info.runtime));
    int count = 0;
    cudaError_t status = cudaGetDeviceCount(&count);
    if (status == cudaSuccess && count == 0) status = cudaErrorNoDevice;
    cudaDeviceProp properties{};
    if (status == cudaSuccess) status = cudaSetDevice(0);
    if (status == cudaSuccess) status = cudaGetDeviceProperties(&properties, 0);
    if (status != cudaSuccess) return no_device(status, info.driver, info.runtime);
    info.name = properties.name;
    info.capability = 10 * properties.major + properties.minor;
    info.multiprocessors = properties.multiProcessorCount;
    info.shared_bytes = properties.sharedMemPerBlockOptin;
    info.memory_bytes = properties.totalGlobalMem;
    if (auto ok = check_capability(info.name, info.capability); !ok) return tl::unexpected(ok.error());
    return info;
}

}  // namespace tephra::cuda
