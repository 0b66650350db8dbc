#include "neuro/lm/likelihood.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "neuro/lm/float_model.hpp"
#include "neuro/lm/softmax.hpp"
#include "neuro/team.hpp"

namespace tephra {
namespace {

using Ids = std::span<const std::int32_t>;

/// The float reference with a state for each stream, called as an engine is.
class FloatStreams {
public:
    FloatStreams(const FloatModel& model, const ModelConfig& config, int streams)
        : model_(&model),
          vocabulary_(static_cast<std::size_t>(config.vocab_size)),
          states_(static_cast<std::size_t>(streams), std::vector<double>(state_size(config))) {}
    [[nodiscard]] static std::string name() { return "float"; }
    Result<void> decode(Ids ids, std::span<double> logits) {
        for (std::size_t s = 0; s < ids.size(); ++s) {
            const auto row = model_->advance(ids.subspan(s, 1), states_[s]);
            std::ranges::copy(row, logits.begin() + static_cast<std::ptrdiff_t>(s * vocabulary_));
        }
        return {};
    }
    Result<void> prefill(int stream, Ids ids, Logits which, std::span<double> logits) {
        const std::size_t part = std::max<std::size_t>(1, max_logits / vocabulary_);
        for (std::size_t first = 0; first < ids.size(); first += part) {
            const std::size_t count = std::min(part, ids.size() - first);
            const auto rows = model_->advance(ids.subspan(first, count), states_[static_cast<std::size_t>(stream)]);
            if (which == Logits::all)
                std::ranges::copy(rows, logits.begin() + static_cast<std::ptrdiff_t>(first * vocabulary_));
            else if (which == Logits::last && first + count == ids.size())
                std::ranges::copy(std::span(rows).last(vocabulary_), logits.begin());
        }
        return {};
    }
    Result<void> read_state(int stream, std::span<double> h) const {
        std::ranges::copy(states_[static_cast<std::size_t>(stream)], h.begin());
        return {};
    }
    Result<void> write_state(int stream, std::span<const double> h) {
        states_[static_cast<std::size_t>(stream)].assign(h.begin(), h.end());
        return {};
    }

private:
    const FloatModel* model_;
    std::size_t vocabulary_;
    std::vector<std::vector<double>> states_;
};

/// Scores one batch of pairs on streams 0 to n - 1, the longest continuation first; stream n is for contexts. A real
/// logit is `unit` times its Value.
template <typename Value, typename Streams>
class BatchScorer {
public:
    BatchScorer(Streams& streams, double unit, const ModelConfig& config, std::span<const TokenPair> pairs,
                std::span<Likelihood> out)
        : streams_(streams),
          unit_(unit),
          vocabulary_(static_cast<std::size_t>(config.vocab_size)),
          pairs_(pairs),
          out_(out),
          by_length_(pairs.size()),
          stream_(pairs.size()) {
        path_.push_back({0, std::vector<Value>(state_size(config)), {}, {}});
        std::iota(by_length_.begin(), by_length_.end(), std::size_t{0});
        std::ranges::stable_sort(by_length_, std::greater(), [&](std::size_t p) { return continuation(p).size(); });
        for (std::size_t s = 0; s < by_length_.size(); ++s) stream_[by_length_[s]] = static_cast<int>(s);
    }

    /// Returns the tokens fed.
    Result<std::int64_t> run() {
        if (auto ok = feed_contexts(); !ok) return tl::unexpected(ok.error());
        if (auto ok = feed_continuations(); !ok) return tl::unexpected(ok.error());
        return fed_;
    }

private:
    /// The model after the first `depth` tokens of a context.
    struct Node {
        std::size_t depth;
        std::vector<Value> state;
        std::vector<Value> logits;  ///< where a context ends, as the row
        std::optional<SoftmaxRow<Value>> row;
    };

    [[nodiscard]] const std::vector<std::int32_t>& context(std::size_t p) const { return pairs_[p].context; }
    [[nodiscard]] const std::vector<std::int32_t>& continuation(std::size_t p) const { return pairs_[p].continuation; }

    /// Walks the tree of the contexts depth first: in lexicographic order of the contexts, `path_` holds a node at each
    /// depth where a later context leaves the current one.
    Result<void> feed_contexts() {
        const std::size_t n = pairs_.size();
        std::vector<std::size_t> order(n), shared(n);  // shared: tokens in common with the context before
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return context(a) < context(b); });
        for (std::size_t k = 1; k < n; ++k) {
            const auto& before = context(order[k - 1]);
            const auto& now = context(order[k]);
            shared[k] = static_cast<std::size_t>(std::ranges::mismatch(before, now).in1 - before.begin());
        }
        for (std::size_t k = 0; k < n; ++k) {
            const std::size_t p = order[k];
            while (path_.back().depth > shared[k]) path_.pop_back();
            std::vector<std::size_t> depths;  // descending
            std::size_t next = context(p).size();
            for (std::size_t later = k + 1; next > path_.back().depth; ++later) {
                depths.push_back(next);
                while (later < n && shared[later] >= next) ++later;
                next = later < n ? shared[later] : 0;
            }
            for (; !depths.empty(); depths.pop_back())
                if (auto ok = extend_path(context(p), depths.back()); !ok) return ok;
            score(p, 0, *path_.back().row);
            if (auto ok = streams_.write_state(stream_[p], path_.back().state); !ok) return ok;
        }
        return {};
    }

    /// Goes from the end of the path to `depth` tokens of this context.
    Result<void> extend_path(Ids ids, std::size_t depth) {
        const int spare = static_cast<int>(pairs_.size());
        const std::size_t begin = path_.back().depth;
        const bool ends = depth == ids.size();
        Node node{depth, std::vector<Value>(path_.back().state.size()), std::vector<Value>(ends ? vocabulary_ : 0), {}};
        if (auto ok = streams_.write_state(spare, path_.back().state); !ok) return ok;
        const Logits which = ends ? Logits::last : Logits::none;
        if (auto ok = streams_.prefill(spare, ids.subspan(begin, depth - begin), which, node.logits); !ok) return ok;
        if (auto ok = streams_.read_state(spare, node.state); !ok) return ok;
        if (ends) node.row.emplace(node.logits, unit_);
        fed_ += static_cast<std::int64_t>(depth - begin);
        path_.push_back(std::move(node));
        return {};
    }

    /// Feeds all but the last token of each continuation. The streams first take a step together, then each the rest on
    /// its own, from the step on with which that is the fewest passes through the model.
    Result<void> feed_continuations() {
        const auto steps = [&](std::size_t s) { return continuation(by_length_[s]).size() - 1; };
        const auto active = [&](std::size_t step) {
            std::size_t n = 0;
            while (n < by_length_.size() && steps(n) > step) ++n;
            return n;
        };
        std::size_t together = 0;
        for (std::size_t step = 0; step <= steps(0); ++step)
            if (step + active(step) < together + active(together)) together = step;
        for (std::size_t step = 0; step < together; ++step)
            if (auto ok = step_together(step, active(step)); !ok) return ok;
        for (std::size_t s = 0, n = active(together); s < n; ++s)
            if (auto ok = finish_alone(s, together); !ok) return ok;
        return {};
    }

    Result<void> step_together(std::size_t step, std::size_t n) {
        std::vector<std::int32_t> ids;
        for (std::size_t s = 0; s < n; ++s) ids.push_back(continuation(by_length_[s])[step]);
        logits_.resize(n * vocabulary_);
        if (auto ok = streams_.decode(ids, logits_); !ok) return ok;
        for (std::size_t s = 0; s < n; ++s) score(by_length_[s], step + 1, row(s));
        fed_ += static_cast<std::int64_t>(n);
        return {};
    }

    Result<void> finish_alone(std::size_t s, std::size_t from) {
        const std::size_t p = by_length_[s], part = std::max<std::size_t>(1, max_logits / vocabulary_);
        const Ids ids = Ids(continuation(p)).first(continuation(p).size() - 1);
        for (std::size_t first = from; first < ids.size(); first += part) {
            const std::size_t count = std::min(part, ids.size() - first);
            logits_.resize(count * vocabulary_);
            auto ok = streams_.prefill(static_cast<int>(s), ids.subspan(first, count), Logits::all, logits_);
            if (!ok) return ok;
            for (std::size_t t = 0; t < count; ++t) score(p, first + t + 1, row(t));
            fed_ += static_cast<std::int64_t>(count);
        }
        return {};
    }

    [[nodiscard]] SoftmaxRow<Value> row(std::size_t t) const {
        return {std::span(logits_).subspan(t * vocabulary_, vocabulary_), unit_};
    }

    /// Adds token t of a continuation by the logits before it.
    void score(std::size_t p, std::size_t t, const SoftmaxRow<Value>& softmax) {
        const std::int32_t token = continuation(p)[t];
        out_[p].log_likelihood += softmax.log_likelihood(token);
        out_[p].greedy = out_[p].greedy && softmax.greedy() == token;
        ++out_[p].tokens;
    }

    Streams& streams_;
    double unit_;
    std::size_t vocabulary_;
    std::span<const TokenPair> pairs_;
    std::span<Likelihood> out_;
    std::vector<std::size_t> by_length_;  ///< pair of each stream
    std::vector<int> stream_;             ///< of each pair
    std::vector<Node> path_;
    std::vector<Value> logits_;
    std::int64_t fed_ = 0;
};

Result<void> check(const ModelConfig& config, std::span<const TokenPair> pairs, const LikelihoodOptions& options) {
    if (auto ok = check_options({options.streams, options.threads}); !ok) return ok;
    for (std::size_t p = 0; p < pairs.size(); ++p) {
        const std::string place = "pair " + std::to_string(p);
        if (pairs[p].context.empty()) return bad_input("the context has no tokens", place, "begin with one");
        if (auto ok = pair_of_ids(config, pairs[p].context, pairs[p].continuation, place); !ok)
            return tl::unexpected(ok.error());
    }
    return {};
}

/// Cuts the pairs into batches of nearly equal size, as many as keep all threads at work. `make(streams, threads)`
/// gives each thread its Streams.
template <typename Value, typename Streams, typename Make>
Result<Likelihoods> over_batches(const ModelConfig& config, double unit, std::span<const TokenPair> pairs,
                                 const LikelihoodOptions& options, const Make& make) {
    Likelihoods result;
    if (auto ok = check(config, pairs, options); !ok) return tl::unexpected(ok.error());
    if (pairs.empty()) return result;
    const std::size_t n = pairs.size(), threads = static_cast<std::size_t>(options.threads);
    const std::size_t room = std::max<std::size_t>(1, max_logits / static_cast<std::size_t>(config.vocab_size));
    const std::size_t most = std::min(room, static_cast<std::size_t>(options.streams)) * threads;
    const std::size_t batches = std::min(n, (n + most - 1) / most * threads);
    const int largest = static_cast<int>((n + batches - 1) / batches);
    const int inner = std::max(1, static_cast<int>(threads / batches));
    result.pairs.resize(n);
    std::vector<std::unique_ptr<Streams>> streams(threads);
    std::vector<Result<std::int64_t>> fed(batches);
    const auto ran = with_threads([&]() -> Result<void> {
        parallel_for(batches, options.threads, [&](std::size_t b, int worker) {
            std::unique_ptr<Streams>& mine = streams[static_cast<std::size_t>(worker)];
            if (mine == nullptr) {
                auto made = make(largest + 1, inner);
                if (!made) {
                    fed[b] = tl::unexpected(made.error());
                    return;
                }
                mine = std::move(*made);
            }
            const std::size_t begin = n * b / batches, count = n * (b + 1) / batches - begin;
            const auto out = std::span(result.pairs).subspan(begin, count);
            fed[b] = BatchScorer<Value, Streams>(*mine, unit, config, pairs.subspan(begin, count), out).run();
        });
        return {};
    });
    if (!ran) return tl::unexpected(ran.error());
    for (const Result<std::int64_t>& tokens : fed) {
        if (!tokens) return tl::unexpected(tokens.error());
        result.fed += *tokens;
    }
    result.engine = (*std::ranges::find_if(streams, [](const auto& each) { return each != nullptr; }))->name();
    return result;
}

}  // namespace

Result<Likelihoods> engine_likelihoods(const std::shared_ptr<const Deployment>& model, const EngineFactory& make_engine,
                                       std::span<const TokenPair> pairs, const LikelihoodOptions& options) {
    const double unit = std::ldexp(1.0, -model->quantized.logits);
    const auto make = [&](int streams, int threads) {
        return make_engine(model, {.streams = streams, .threads = threads});
    };
    return over_batches<std::int32_t, Engine>(model->graph.config, unit, pairs, options, make);
}

Result<Likelihoods> float_likelihoods(const LayerGraph& graph, std::span<const TokenPair> pairs,
                                      const LikelihoodOptions& options) {
    const FloatModel model(graph);
    const auto make = [&](int streams, int) -> Result<std::unique_ptr<FloatStreams>> {
        return std::make_unique<FloatStreams>(model, graph.config, streams);
    };
    return over_batches<double, FloatStreams>(graph.config, 1, pairs, options, make);
}

}  // namespace tephra
