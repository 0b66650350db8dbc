#pragma once
// Taps on the device: copies buffers to the host and shows them stream by stream.
#include "backends/cuda/batch/runner.hpp"
#include "neuro/lm/engine.hpp"

namespace tephra::cuda {

/// Shows what a batch of `tokens` tokens leaves behind, one call of `tap` a stream; token n belongs to stream
/// first_stream + n. Waits for the device at every buffer. A failed copy shows nothing and is the error of the batch.
BatchTap copying_tap(const Tap& tap, int first_stream, int tokens, Stream stream);

}  // namespace tephra::cuda
