#pragma once
// Perplexity on held-out text: the quality of the float reference and of every integer engine, by one rule.
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/error.hpp"
#include "neuro/lm/engine.hpp"

namespace tephra {

/// Windows of `length` tokens, one after the other without overlap, each from the zero state; token t of a window is
/// scored on token t + 1, so that a window reads length + 1 ids (the reference's `loss`).
struct PerplexityOptions {
    int windows = 128;
    int length = 256;
    int threads = 1;  ///< share the windows; the result does not depend on them
};

struct Perplexity {
    std::string engine;     ///< "float", or the name that the engine gives itself
    double loss = 0;        ///< mean negative log-likelihood of a token, nats
    double perplexity = 0;  ///< exp(loss)
    int windows = 0;
    std::int64_t tokens = 0;  ///< scored
};

/// Perplexity of the float reference. Errors: bad_input (too few ids, id out of the vocabulary, a number of threads
/// outside its limits or more than the system has room for).
Result<Perplexity> float_perplexity(const LayerGraph& graph, std::span<const std::int32_t> ids,
                                    const PerplexityOptions& options);

/// Perplexity of an integer engine: its logits, read as reals, are scored in double precision; one engine a thread.
/// Errors: as above, and those of the engine.
Result<Perplexity> engine_perplexity(const std::shared_ptr<const Deployment>& model, const EngineFactory& make_engine,
                                     std::span<const std::int32_t> ids, const PerplexityOptions& options);

}  // namespace tephra
