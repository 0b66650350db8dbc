#include "neuro/lm/perplexity.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "neuro/lm/float_model.hpp"
#include "neuro/lm/softmax.hpp"
#include "neuro/team.hpp"

namespace tephra {
namespace {

/// Sum of the losses of a window's tokens; ids [length + 1]. `logits_of` is called for consecutive parts of the first
/// length ids and returns a range of [part x V].
template <typename LogitsOf>
Result<double> window_loss(std::span<const std::int32_t> ids, int vocabulary_size, double unit,
                           const LogitsOf& logits_of) {
    const std::size_t length = ids.size() - 1, vocabulary = static_cast<std::size_t>(vocabulary_size);
    const std::size_t part = std::max<std::size_t>(1, max_logits / vocabulary);
    double sum = 0;
    for (std::size_t first = 0; first < length; first += part) {
        const std::size_t count = std::min(part, length - first);
        const auto logits = logits_of(ids.subspan(first, count));
        if (!logits) return tl::unexpected(logits.error());
        using Value = std::remove_cvref_t<decltype((*logits)[0])>;
        const std::span<const Value> rows(*logits);
        for (std::size_t t = 0; t < count; ++t)
            sum -= SoftmaxRow(rows.subspan(t * vocabulary, vocabulary), unit).log_likelihood(ids[first + t + 1]);
    }
    return sum;
}

Result<void> check(const ModelConfig& config, std::span<const std::int32_t> ids, const PerplexityOptions& options) {
    if (auto ok = check_threads(options.threads); !ok) return ok;
    if (options.windows < 1 || options.length < 1) return bad_input("windows and length must be at least 1", "eval");
    const auto needed = static_cast<std::size_t>(options.windows) * static_cast<std::size_t>(options.length) + 1;
    if (ids.size() < needed)
        return bad_input(std::to_string(options.windows) + " windows of " + std::to_string(options.length) + " need " +
                             std::to_string(needed) + " ids, the text has " + std::to_string(ids.size()),
                         "ids", "ask for fewer windows");
    for (std::size_t i = 0; i < needed; ++i)
        if (ids[i] < 0 || ids[i] >= config.vocab_size)
            return bad_input(
                "id " + std::to_string(ids[i]) + " is not in the vocabulary of " + std::to_string(config.vocab_size),
                "id " + std::to_string(i), "the ids must come from the model's own tokenizer");
    return {};
}

/// Runs `score(window ids, worker)` over all windows and adds the losses up in window order.
template <typename Score>
Result<Perplexity> over_windows(std::span<const std::int32_t> ids, const PerplexityOptions& options,
                                const Score& score) {
    const auto length = static_cast<std::size_t>(options.length), windows = static_cast<std::size_t>(options.windows);
    std::vector<Result<double>> losses(windows);
    const auto ran = with_threads([&]() -> Result<void> {
        parallel_for(windows, options.threads, [&](std::size_t w, int worker) {
            losses[w] = score(ids.subspan(w * length, length + 1), static_cast<std::size_t>(worker));
        });
        return {};
    });
    if (!ran) return tl::unexpected(ran.error());
    Perplexity result;
    for (const Result<double>& loss : losses) {
        if (!loss) return tl::unexpected(loss.error());
        result.loss += *loss;
    }
    result.windows = options.windows;
    result.tokens = static_cast<std::int64_t>(windows * length);
    result.loss /= static_cast<double>(result.tokens);
    result.perplexity = std::exp(result.loss);
    return result;
}

}  // namespace

Result<Perplexity> float_perplexity(const LayerGraph& graph, std::span<const std::int32_t> ids,
                                    const PerplexityOptions& options) {
    if (auto ok = check(graph.config, ids, options); !ok) return tl::unexpected(ok.error());
    const FloatModel model(graph);
    auto result = over_windows(ids, options, [&](std::span<const std::int32_t> window, std::size_t) -> Result<double> {
        std::vector<double> state(state_size(graph.config));
        return window_loss(window, graph.config.vocab_size, 1, [&](std::span<const std::int32_t> part) {
            return Result<std::vector<double>>(model.advance(part, state));
        });
    });
    if (result) result->engine = "float";
    return result;
}

Result<Perplexity> engine_perplexity(const std::shared_ptr<const Deployment>& model, const EngineFactory& make_engine,
                                     std::span<const std::int32_t> ids, const PerplexityOptions& options) {
    const ModelConfig& config = model->graph.config;
    if (auto ok = check(config, ids, options); !ok) return tl::unexpected(ok.error());
    const double unit = std::ldexp(1.0, -model->quantized.logits);
    const std::vector<std::int32_t> zero_state(state_size(config));
    std::vector<std::unique_ptr<Engine>> engines(static_cast<std::size_t>(options.threads));
    auto result =
        over_windows(ids, options, [&](std::span<const std::int32_t> window, std::size_t worker) -> Result<double> {
            std::unique_ptr<Engine>& engine = engines[worker];
            if (engine == nullptr) {
                auto made = make_engine(model, {.streams = 1, .threads = 1});
                if (!made) return tl::unexpected(made.error());
                engine = std::move(*made);
            }
            if (auto ok = engine->write_state(0, zero_state); !ok) return tl::unexpected(ok.error());
            std::vector<std::int32_t> logits;
            return window_loss(window, config.vocab_size, unit,
                               [&](std::span<const std::int32_t> part) -> Result<std::span<std::int32_t>> {
                                   logits.resize(part.size() * static_cast<std::size_t>(config.vocab_size));
                                   auto ok = engine->prefill(0, part, Logits::all, logits);
                                   if (!ok) return tl::unexpected(ok.error());
                                   return std::span(logits);
                               });
        });
    if (result) result->engine = (*std::ranges::find_if(engines, [](const auto& e) { return e != nullptr; }))->name();
    return result;
}

}  // namespace tephra
