#pragma once
// Asks the device how the code that it runs was compiled.
#include "backends/cuda/limits.hpp"

namespace tephra::cuda {

/// Runs a kernel on the selected device. Errors (device): no code for this device, or the kernel failed.
Result<CompiledCode> compiled_code();

}  // namespace tephra::cuda
