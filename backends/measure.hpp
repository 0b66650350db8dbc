#pragma once
// measure: energy and speed of the CUDA engine, by the GPU's own energy counter.
#include <memory>

#include "backends/measurement.hpp"

namespace tephra {

/// Errors: device (no GPU, no counter, and what the engine reports).
Result<Measurement> measure(const std::shared_ptr<const Deployment>& model, const MeasureOptions& options);

}  // namespace tephra
