#pragma once
// A context and what follows it, as token ids: where a text is cut, as lm-eval cuts it (lm_eval/api/model.py of
// 0.4.13).
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "neuro/lm/layer_graph.hpp"
#include "neuro/lm/tokenizer.hpp"

namespace tephra {

/// Neither is empty; all ids are of the vocabulary.
struct TokenPair {
    std::vector<std::int32_t> context, continuation;
};

/// Ids of two texts. White space at the end of the context goes to the continuation; then both are encoded together,
/// and the first tokens, as many as the context has alone, are the context's. A context without text is the begin
/// token, or the end token where the model has no begin token. Errors: bad_input at `place` (a continuation without a
/// token, no token to begin with).
Result<TokenPair> encode_pair(const Tokenizer& tokenizer, const ModelConfig& config, std::string_view context,
                              std::string_view continuation, const std::string& place);

/// Of ids; an empty context as above. Errors: as above, and ids outside the vocabulary.
Result<TokenPair> pair_of_ids(const ModelConfig& config, std::span<const std::int32_t> context,
                              std::span<const std::int32_t> continuation, const std::string& place);

}  // namespace tephra
