#pragma once
// Engines by name, for the verbs that let the user choose.
#include <memory>
#include <string>

#include "backends/cuda/engine.hpp"
#include "tools/command.hpp"

namespace tephra::tools {

/// "native", "golden" or "cuda", one stream unless told. Never falls back to another: ends the verb with the error.
inline std::unique_ptr<Engine> require_engine(const std::string& name, std::shared_ptr<const Deployment> model,
                                              const EngineOptions& options) {
    if (name == "cuda")
        return require(make_cuda_engine(std::move(model), {.streams = options.streams, .threads = options.threads}));
    return require((name == "golden" ? make_golden_engine : make_native_engine)(std::move(model), options));
}

}  // namespace tephra::tools
