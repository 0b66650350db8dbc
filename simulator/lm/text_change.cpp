#include "simulator/lm/text_change.hpp"

#include <algorithm>
#include <cmath>

#include "neuro/lm/likelihood.hpp"

namespace tephra {
namespace {

using Text = std::vector<std::int32_t>;

Result<Text> continued(Engine& engine, std::size_t vocabulary, int stream, const Text& prompt, int samples,
                       const TokenChoice& choose) {
    std::vector<std::int32_t> logits(vocabulary);
    Text text;
    if (auto fed = engine.prefill(0, prompt, Logits::last, logits); !fed) return tl::unexpected(fed.error());
    while (static_cast<int>(text.size()) < samples) {
        const std::int32_t id = choose(stream, static_cast<int>(prompt.size() + text.size()) - 1, logits);
        if (id < 0) break;
        text.push_back(id);
        if (static_cast<int>(text.size()) == samples) break;
        if (auto fed = engine.decode({&id, 1}, logits); !fed) return tl::unexpected(fed.error());
    }
    return text;
}

void compare(const Text& sound, const Text& faulty, int stream, TextChange& change) {
    const std::size_t longer = std::max(sound.size(), faulty.size());
    change.tokens += std::ssize(sound);
    for (std::size_t k = 0; k < longer; ++k) {
        if (k < sound.size() && k < faulty.size() && sound[k] == faulty[k]) continue;
        ++change.changed;
        if (!change.first || static_cast<int>(k) < change.first->token) change.first = {stream, static_cast<int>(k)};
    }
}

Result<std::optional<double>> perplexity_of(const std::shared_ptr<const Deployment>& model,
                                            const EngineFactory& make_engine, std::span<const Text> prompts,
                                            const std::vector<Text>& texts) {
    std::vector<TokenPair> pairs;
    for (std::size_t s = 0; s < texts.size(); ++s)
        if (!texts[s].empty()) pairs.push_back({prompts[s], texts[s]});
    if (pairs.empty()) return std::optional<double>();
    const auto scored = engine_likelihoods(model, make_engine, pairs, {.threads = 1, .streams = 1});
    if (!scored) return tl::unexpected(scored.error());
    double sum = 0;
    std::int64_t tokens = 0;
    for (const Likelihood& pair : scored->pairs) sum += pair.log_likelihood, tokens += pair.tokens;
    return std::optional(std::exp(-sum / static_cast<double>(tokens)));
}

}  // namespace

Result<TextChange> text_change(const std::shared_ptr<const Deployment>& model, const EngineFactory& make_engine,
                               std::span<const std::vector<std::int32_t>> prompts, int samples,
                               const TokenChoice& choose, const Run& run) {
    std::vector<Text> faulty(prompts.size()), sound;
    for (const TokenRecord& token : run.tokens)
        if (token.output >= 0) faulty[static_cast<std::size_t>(token.stream)].push_back(token.output);
    TextChange change;
    for (std::size_t s = 0; s < prompts.size(); ++s) {
        auto engine = make_engine(model, {1, 1});
        if (!engine) return tl::unexpected(engine.error());
        auto text = continued(**engine, static_cast<std::size_t>(model->graph.config.vocab_size), static_cast<int>(s),
                              prompts[s], samples, choose);
        if (!text) return tl::unexpected(text.error());
        compare(*text, faulty[s], static_cast<int>(s), change);
        sound.push_back(std::move(*text));
    }
    for (auto& [texts, to] : {std::pair(&sound, &change.perplexity_without), {&faulty, &change.perplexity}}) {
        const auto perplexity = perplexity_of(model, make_engine, prompts, *texts);
        if (!perplexity) return tl::unexpected(perplexity.error());
        *to = *perplexity;
    }
    return change;
}

}  // namespace tephra
