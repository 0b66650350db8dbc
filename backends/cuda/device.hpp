#pragma once
// The device: finding one, its memory, and its errors as values. Include it from sources of this folder only.
#include <cuda_runtime_api.h>

#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "core/error.hpp"

namespace tephra::cuda {

struct DeviceInfo {
    std::string name;
    int capability = 0;  ///< 10 major + minor
    int multiprocessors = 0;
    std::size_t shared_bytes = 0;  ///< a block may ask for
    std::size_t memory_bytes = 0;
    int driver = 0, runtime = 0;  ///< as 1000 major + 10 minor
};

/// Selects device 0. Errors (device): no GPU or driver, driver too old, compute capability below 8.0.
Result<DeviceInfo> open_device();

/// PCI address of device 0; makes no context. Errors (device): no GPU or driver.
Result<std::string> device_bus_id();

/// The error of a CUDA call, or success.
Result<void> checked(cudaError_t status, const char* what);

/// Copies from the host and waits until it is there: engines work on streams that do not wait for the default stream,
/// on which a plain copy from pageable memory may still be under way when it returns.
Result<void> send(void* to, const void* from, std::size_t bytes, const char* what);

/// Device memory of n elements, or none.
template <typename T>
class Buffer {
public:
    Buffer() = default;
    Buffer(Buffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    Buffer& operator=(Buffer&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~Buffer() {
        if (data_ != nullptr) static_cast<void>(cudaFree(data_));
    }
    /// Errors (device): out of memory, with the sizes.
    [[nodiscard]] Result<void> allocate(std::size_t count) {
        *this = Buffer();
        void* memory = nullptr;
        const cudaError_t status = cudaMalloc(&memory, count * sizeof(T) + 16);
        if (status != cudaSuccess) return out_of_memory(status, count * sizeof(T));
        data_ = static_cast<T*>(memory);
        size_ = count;
        if (auto ok = checked(cudaMemset(data_, 0, count * sizeof(T)), "clear device memory"); !ok) return ok;
        return checked(cudaStreamSynchronize(nullptr), "clear device memory");
    }
    [[nodiscard]] Result<void> upload(std::span<const T> values) {
        if (auto ok = allocate(values.size()); !ok) return ok;
        return send(data_, values.data(), values.size_bytes(), "upload");
    }
    [[nodiscard]] T* data() const { return data_; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t bytes() const { return size_ * sizeof(T); }

private:
    static Result<void> out_of_memory(cudaError_t status, std::size_t bytes) {
        std::size_t free = 0, total = 0;
        static_cast<void>(cudaGetLastError());
        if (status != cudaErrorMemoryAllocation || cudaMemGetInfo(&free, &total) != cudaSuccess)
            return checked(status, "allocate device memory");
        return fail(ErrorCode::device,
                    "out of device memory: " + std::to_string(bytes) + " bytes wanted, " + std::to_string(free) +
                        " of " + std::to_string(total) + " free",
                    "cuda", "use fewer streams, a smaller model or a GPU with more memory");
    }

    T* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace tephra::cuda
