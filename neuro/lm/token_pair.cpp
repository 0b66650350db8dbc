#include "neuro/lm/token_pair.hpp"

#include "core/text.hpp"

namespace tephra {
namespace {

/// Puts the first token before a context that has none, and refuses what can't be scored.
Result<TokenPair> complete(TokenPair pair, const ModelConfig& config, const std::string& place) {
    if (pair.context.empty()) {
        const int first = config.bos_token_id >= 0 ? config.bos_token_id : config.eos_token_id;
        if (first < 0)
            return bad_input("the context is empty, and the model has neither a begin token nor an end token", place,
                             "give a context");
        pair.context.push_back(first);
    }
    if (pair.continuation.empty()) return bad_input("the continuation has no tokens", place, "give some text");
    return pair;
}

}  // namespace

Result<TokenPair> encode_pair(const Tokenizer& tokenizer, const ModelConfig& config, std::string_view context,
                              std::string_view continuation, const std::string& place) {
    const std::string_view kept = without_trailing_space(context);
    const std::string whole = std::string(context) + std::string(continuation);
    TokenPair pair;
    if (kept.empty()) {
        pair.continuation = tokenizer.encode(whole);
    } else {
        pair.context = tokenizer.encode(kept, config.bos_token_id);
        const std::vector<std::int32_t> ids = tokenizer.encode(whole, config.bos_token_id);
        if (ids.size() > pair.context.size())
            pair.continuation.assign(ids.begin() + static_cast<std::ptrdiff_t>(pair.context.size()), ids.end());
    }
    return complete(std::move(pair), config, place);
}

Result<TokenPair> pair_of_ids(const ModelConfig& config, std::span<const std::int32_t> context,
                              std::span<const std::int32_t> continuation, const std::string& place) {
    for (const std::span<const std::int32_t> ids : {context, continuation})
        for (const std::int32_t id : ids)
            if (id < 0 || id >= config.vocab_size)
                return bad_input(
                    "id " + std::to_string(id) + " is not in the vocabulary of " + std::to_string(config.vocab_size),
                    place, "give ids of the model's tokenizer");
    return complete({{context.begin(), context.end()}, {continuation.begin(), continuation.end()}}, config, place);
}

}  // namespace tephra
