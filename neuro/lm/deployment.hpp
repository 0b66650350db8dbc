#pragma once
// Deployment: all that a .tph file holds. The source of every engine and of lowering.
#include <memory>
#include <string>

#include "core/error.hpp"
#include "core/hash.hpp"
#include "neuro/lm/layer_graph.hpp"
#include "neuro/lm/quantized_model.hpp"

namespace tephra {

struct Deployment {
    LayerGraph graph;
    QuantizedModel quantized;
    std::string tokenizer;  ///< serialized SentencePiece model; empty when the model has none (synthetic)
    std::string origin;     ///< how the file was made, one JSON object: tool, source, seed or calibration
    Hash128 hash;           ///< content hash of the file
};

/// Maps a .tph file (docs/formats.md); weights and embeddings are not copied. Every section's hash is verified.
/// Errors: bad_input with the byte offset.
Result<std::shared_ptr<const Deployment>> load_model(const std::string& path);

}  // namespace tephra
