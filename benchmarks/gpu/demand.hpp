#pragma once
// GPU benchmarks end where the device refuses to work: nothing after it could be trusted.
#include <cstdlib>
#include <iostream>

#include "backends/cuda/device.hpp"

namespace tephra::gpu {

inline void demand(const Result<void>& result) {
    if (result) return;
    std::cout << std::flush;
    std::cerr << to_string(result.error()) << std::endl;
    std::exit(static_cast<int>(result.error().code));
}

/// status: a cudaError_t; what: what was tried.
inline void demand(int status, const char* what) {
    demand(cuda::checked(static_cast<cudaError_t>(status), what));
}

}  // namespace tephra::gpu
