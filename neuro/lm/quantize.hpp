#pragma once
// quantize: the last place where floating point is used. Chooses formats by calibration on text.
#include <cstdint>
#include <span>

#include "core/error.hpp"
#include "neuro/lm/layer_graph.hpp"
#include "neuro/lm/quantized_model.hpp"

namespace tephra {

/// Runs the float model on the calibration ids (windows of at most 256), records the largest value at every point of
/// BlockFormats, gives each headroom, and derives gains, factors and epsilons.
/// Errors: bad_input (no ids, id out of the vocabulary, a parameter that is not finite or does not fit its format,
/// threads that the system has no room for).
Result<QuantizedModel> quantize(const LayerGraph& graph, std::span<const std::int32_t> calibration_ids,
                                int threads = 1);

}  // namespace tephra
