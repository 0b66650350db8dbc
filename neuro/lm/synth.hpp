#pragma once
// Synthetic models: a published or any other shape with random ternary weights, so that scale can be tested without
// a checkpoint.
#include <cstdint>
#include <memory>
#include <string>

#include "core/error.hpp"
#include "neuro/lm/deployment.hpp"

namespace tephra {

struct SynthOptions {
    std::string name = "synthetic";
    ModelConfig config;
    std::uint64_t seed = 0;
    int calibration_tokens = 32;  ///< random ids that quantize() sees
    int threads = 1;
};

/// Shape of "mmfree-370m", "mmfree-1.3b" or "mmfree-2.7b" (arXiv 2406.02528 and the published config.json files).
/// Errors: usage naming the nearest preset.
Result<SynthOptions> synth_preset(const std::string& name);

/// What a caller says of a shape; zero: not said.
struct SynthShape {
    std::string preset;  ///< whose sizes the others override; empty: none
    int hidden = 0, layers = 0;
    int intermediate = 0;  ///< without a preset 8/3 of hidden, rounded up to a multiple of 256
    int vocab = 0;         ///< without a preset 4096
};

/// Errors: those of synth_preset(); usage without a preset, or hidden and layers.
Result<SynthOptions> synth_options_of(const SynthShape& shape);

/// A small shape for tests: any sizes from 1 up, such as hidden 96 or 300.
SynthOptions synth_shape(int hidden, int layers, int intermediate, int vocab, std::uint64_t seed = 0);

/// Writes the model: a third of the weights are zero, scales and norms keep activations near 1, all of it a function of
/// shape and seed alone. Errors: bad_input (sizes, writing).
Result<void> write_synthetic_model(const SynthOptions& options, const std::string& path);

/// The same model loaded, through a temporary file that is gone when this returns.
Result<std::shared_ptr<const Deployment>> make_synthetic_model(const SynthOptions& options);

/// A model of a shape whose weights are all the code of -1, in the memory of one matrix: enough to lower and map it.
std::shared_ptr<const Deployment> make_blank_model(const SynthOptions& options);

}  // namespace tephra
