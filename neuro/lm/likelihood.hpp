#pragma once
// Log-likelihoods of continuations, many at a time: what multiple-choice questions and lm-eval ask of a language model.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "neuro/lm/engine.hpp"
#include "neuro/lm/token_pair.hpp"

namespace tephra {

struct Likelihood {
    double log_likelihood = 0;  ///< sum over the continuation's tokens, nats
    bool greedy = true;         ///< each of them is the most likely one, the lowest id among equals
    std::int64_t tokens = 0;    ///< of the continuation
};

/// What costs time and memory alone: results depend on neither.
struct LikelihoodOptions {
    int threads = 1;   ///< share the pairs, an engine each; with fewer pairs than threads, engines get several
    int streams = 64;  ///< pairs that go through an engine together
};

struct Likelihoods {
    std::string engine;             ///< "float", or the name that the engine gives itself
    std::vector<Likelihood> pairs;  ///< in the order of the question
    std::int64_t fed = 0;           ///< tokens that went through the model
};

/// Log-likelihood of each continuation after its context, from the zero state, by the logits of an integer engine read
/// as reals. Contexts that begin alike are fed once as far as they do; continuations go through the engine side by
/// side. Pairs that share a context should follow each other. Errors: bad_input (an id outside the vocabulary, an empty
/// part, a number of threads or streams outside its limits), and those of the engine.
Result<Likelihoods> engine_likelihoods(const std::shared_ptr<const Deployment>& model, const EngineFactory& make_engine,
                                       std::span<const TokenPair> pairs, const LikelihoodOptions& options);

/// The same by the float reference. Errors: as above.
Result<Likelihoods> float_likelihoods(const LayerGraph& graph, std::span<const TokenPair> pairs,
                                      const LikelihoodOptions& options);

}  // namespace tephra
