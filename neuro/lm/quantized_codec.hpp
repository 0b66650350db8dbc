#pragma once
// The integer section of a deployment file: QuantizedModel to bytes and back (docs/formats.md, "integers").
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/error.hpp"
#include "neuro/lm/layer_graph.hpp"
#include "neuro/lm/quantized_model.hpp"

namespace tephra {

/// Errors: internal, when a vector of the model does not have the length that the configuration implies.
Result<std::string> encode_quantized(const QuantizedModel& model, const ModelConfig& config);

/// Length of what encode_quantized returns.
std::uint64_t quantized_bytes(const ModelConfig& config);

/// Reads what encode_quantized wrote. Errors: bad_input (length; a format or scale outside docs/numerics.md).
Result<QuantizedModel> decode_quantized(std::span<const std::byte> bytes, const ModelConfig& config,
                                        const std::string& place);

}  // namespace tephra
