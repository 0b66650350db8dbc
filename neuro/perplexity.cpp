#include "neuro/perplexity.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "neuro/float_model.hpp"
#include "neuro/parallel.hpp"

namespace tephra {
namespace {

/// Negative log-likelihood of `target` under softmax(logits x unit), in nats.
template <typename T>
double loss_of(std::span<const T> logits, double unit, std::int32_t target) {
    const auto peak = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
    double sum = 0;
    for (const T z : logits) sum += std::exp((static_cast<double>(z) - peak) * unit);
    return std::log(sum) - (static_cast<double>(logits[static_cast<std::size_t>(target)]) - peak) * unit;
}

/// Sum of the losses of a window's tokens; logits [length x V], ids [length + 1].
template <typename T>
double window_loss(std::span<const T> logits, double unit, std::span<const std::int32_t> ids) {
    const std::size_t length = ids.size() - 1, vocabulary = logits.size() / length;
    double sum = 0;
    for (std::size_t t = 0; t < length; ++t)
        sum += loss_of(logits.subspan(t * vocabulary, vocabulary), unit, ids[t + 1]);
    return sum;
}

Result<void> check(const ModelConfig& config, std::span<const std::int32_t> ids, const PerplexityOptions& options) {
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
    parallel_for(windows, options.threads, [&](std::size_t w, int worker) {
        losses[w] = score(ids.subspan(w * length, length + 1), static_cast<std::size_t>(worker));
    });
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
        const std::vector<double> logits = model.forward(window.first(window.size() - 1));
        return window_loss<double>(logits, 1, window);
    });
    if (result) result->engine = "float";
    return result;
}

Result<Perplexity> engine_perplexity(const std::shared_ptr<const Deployment>& model, const EngineFactory& make_engine,
                                     std::span<const std::int32_t> ids, const PerplexityOptions& options) {
    const ModelConfig& config = model->graph.config;
    if (auto ok = check(config, ids, options); !ok) return tl::unexpected(ok.error());
    const double unit = std::ldexp(1.0, -model->quantized.logits);
    const std::vector<std::int32_t> zero_state(static_cast<std::size_t>(config.num_layers) *
                                               static_cast<std::size_t>(config.hidden_size));
    const std::size_t logits_size =
        static_cast<std::size_t>(options.length) * static_cast<std::size_t>(config.vocab_size);
    std::vector<std::unique_ptr<Engine>> engines(static_cast<std::size_t>(std::max(options.threads, 1)));
    engines[0] = make_engine(model, {.streams = 1, .threads = 1});
    auto result =
        over_windows(ids, options, [&](std::span<const std::int32_t> window, std::size_t worker) -> Result<double> {
            std::unique_ptr<Engine>& engine = engines[worker];
            if (engine == nullptr) engine = make_engine(model, {.streams = 1, .threads = 1});
            std::vector<std::int32_t> logits(logits_size);
            auto ok = engine->write_state(0, zero_state);
            if (ok) ok = engine->prefill(0, window.first(window.size() - 1), Logits::all, logits);
            if (!ok) return tl::unexpected(ok.error());
            return window_loss<std::int32_t>(logits, unit, window);
        });
    if (result) result->engine = engines[0]->name();
    return result;
}

}  // namespace tephra
