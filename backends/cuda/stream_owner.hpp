#pragma once
// A stream that its owner destroys.
#include <cuda_runtime_api.h>

namespace tephra::cuda {

class StreamOwner {
public:
    StreamOwner() { status_ = cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking); }
    StreamOwner(const StreamOwner&) = delete;
    StreamOwner& operator=(const StreamOwner&) = delete;
    ~StreamOwner() {
        if (stream_ != nullptr) static_cast<void>(cudaStreamDestroy(stream_));
    }
    [[nodiscard]] cudaStream_t get() const { return stream_; }
    [[nodiscard]] cudaError_t status() const { return status_; }

private:
    cudaStream_t stream_ = nullptr;
    cudaError_t status_ = cudaSuccess;
};

}  // namespace tephra::cuda
