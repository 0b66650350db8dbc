#pragma once
// Import of a Hugging Face checkpoint directory: config.json, safetensors, tokenizer.model -> .tph
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace tephra {

struct ImportOptions {
    std::string calibration_path;  ///< text, or token ids in a file named *.u16; empty: the text that ships
    int calibration_tokens = 0;    ///< ids used at most; 0: as many as take some seconds for a model of this size
    int threads = 1;               ///< of the calibration
};

/// Imports the checkpoint of `directory` into the deployment file `path`. Tensors are streamed: memory holds the result
/// and one piece of a tensor. Errors: bad_input for anything missing, of another shape, not finite or not implemented;
/// then no file is written.
Result<void> import_checkpoint(const std::string& directory, const ImportOptions& options, const std::string& path);

/// The calibration text that ships (models/calibration.txt): English prose in the public domain.
std::string_view calibration_text();

}  // namespace tephra
