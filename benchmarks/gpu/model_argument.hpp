#pragma once
// Models of the GPU programs: a deployment file, a published shape by name, or "HIDDENxINTERMEDIATExLAYERSxVOCABULARY".
#include <cstdio>
#include <filesystem>
#include <string>

#include "neuro/lm/synth.hpp"

namespace tephra::gpu {

/// What results call the model of an argument: a file by its name alone.
inline std::string model_name(const std::string& argument) {
    return argument.ends_with(".tph") ? std::filesystem::path(argument).stem().string() : argument;
}

inline Result<std::shared_ptr<const Deployment>> open_model(const std::string& argument, std::uint64_t seed,
                                                            int threads) {
    if (argument.ends_with(".tph")) return load_model(argument);
    int hidden = 0, intermediate = 0, layers = 0, vocabulary = 0;
    SynthOptions options;
    if (std::sscanf(argument.c_str(), "%dx%dx%dx%d", &hidden, &intermediate, &layers, &vocabulary) == 4) {
        options = synth_shape(hidden, layers, intermediate, vocabulary, seed);
    } else {
        auto preset = synth_preset(argument);
        if (!preset) return tl::unexpected(preset.error());
        options = *preset;
        options.seed = seed;
        options.calibration_tokens = 8;
    }
    options.threads = threads;
    return make_synthetic_model(options);
}

}  // namespace tephra::gpu
