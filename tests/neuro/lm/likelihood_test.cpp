#include "neuro/lm/likelihood.hpp"

#include <cmath>
#include <set>

#include "neuro/lm/float_model.hpp"
#include "neuro/team.hpp"
#include "tests/catch.hpp"
#include "tests/neuro/lm/random_model.hpp"

using namespace tephra;

namespace {

using Ids = std::vector<std::int32_t>;

constexpr int vocabulary = 97;

Ids joined_ids(const Ids& a, const Ids& b) {
    Ids all = a;
    all.insert(all.end(), b.begin(), b.end());
    return all;
}

/// By the definition: logits of the whole text, all at once, softmax in double precision.
template <typename LogitsOf>
Likelihood direct(const TokenPair& pair, double unit, const LogitsOf& logits_of) {
    Ids all = joined_ids(pair.context, pair.continuation);
    const auto logits = logits_of(Ids(all.begin(), all.end() - 1));
    Likelihood result;
    for (std::size_t t = pair.context.size(); t < all.size(); ++t) {
        const auto row = std::span(logits).subspan((t - 1) * vocabulary, vocabulary);
        const auto own = static_cast<std::size_t>(all[t]);
        double sum = 0;
        for (std::size_t k = 0; k < row.size(); ++k) {
            sum += std::exp(static_cast<double>(row[k] - row[own]) * unit);
            if (row[k] > row[own] || (row[k] == row[own] && k < own)) result.greedy = false;
        }
        result.log_likelihood -= std::log(sum);
        ++result.tokens;
    }
    return result;
}

Likelihood golden_likelihood(const std::shared_ptr<const Deployment>& model, const TokenPair& pair) {
    return direct(pair, std::ldexp(1.0, -model->quantized.logits), [&](const Ids& ids) {
        std::vector<std::int32_t> logits(ids.size() * vocabulary);
        REQUIRE(make_golden_engine(model, {}).value()->prefill(0, ids, Logits::all, logits));
        return logits;
    });
}

/// Questions of three or four choices, some of which begin alike; texts that share nothing; one token after one token.
std::vector<TokenPair> various_pairs() {
    std::vector<TokenPair> pairs;
    const Ids start = test::random_ids(9, vocabulary, 1);
    for (std::uint64_t question = 0; question < 6; ++question) {
        const Ids context =
            joined_ids(start, test::random_ids(4 + static_cast<int>(question), vocabulary, 10 + question));
        for (std::uint64_t choice = 0; choice < 3 + question % 2; ++choice)
            pairs.push_back({context, test::random_ids(1 + static_cast<int>((question + 3 * choice) % 7), vocabulary,
                                                       20 + 7 * question + choice)});
    }
    pairs.push_back(
        {Ids(start.begin(), start.begin() + 5), test::random_ids(3, vocabulary, 90)});  // ends inside others
    pairs.push_back({{5}, test::random_ids(40, vocabulary, 91)});
    pairs.push_back({test::random_ids(30, vocabulary, 92), {7}});
    pairs.push_back({{96}, {96}});
    pairs.push_back(pairs.front());
    return pairs;
}

/// Tokens that must be fed: each context's beginnings once, and each continuation but for its last token.
std::int64_t least_tokens(const std::vector<TokenPair>& pairs) {
    std::set<Ids> beginnings;
    std::int64_t tokens = 0;
    for (const TokenPair& pair : pairs) {
        for (std::size_t n = 1; n <= pair.context.size(); ++n)
            beginnings.emplace(pair.context.begin(), pair.context.begin() + static_cast<std::ptrdiff_t>(n));
        tokens += std::ssize(pair.continuation) - 1;
    }
    return tokens + std::ssize(beginnings);
}

bool equal(const Likelihood& a, const Likelihood& b) {
    return a.log_likelihood == b.log_likelihood && a.greedy == b.greedy && a.tokens == b.tokens;
}

/// Counts the passes of the golden engine.
class CountingEngine final : public Engine {
public:
    CountingEngine(std::unique_ptr<Engine> engine, int& passes) : engine_(std::move(engine)), passes_(passes) {}
    [[nodiscard]] std::string name() const override { return "counting"; }
    [[nodiscard]] int streams() const override { return engine_->streams(); }
    Result<void> decode(std::span<const std::int32_t> ids, std::span<std::int32_t> logits) override {
        ++passes_;
        return engine_->decode(ids, logits);
    }
    Result<void> prefill(int stream, std::span<const std::int32_t> ids, Logits which,
                         std::span<std::int32_t> logits) override {
        ++passes_;
        return engine_->prefill(stream, ids, which, logits);
    }
    Result<void> read_state(int stream, std::span<std::int32_t> h) const override {
        return engine_->read_state(stream, h);
    }
    Result<void> write_state(int stream, std::span<const std::int32_t> h) override {
        return engine_->write_state(stream, h);
    }
    void set_tap(Tap tap) override { engine_->set_tap(std::move(tap)); }

private:
    std::unique_ptr<Engine> engine_;
    int& passes_;
};

int passes_of(const std::shared_ptr<const Deployment>& model, const std::vector<TokenPair>& pairs) {
    int passes = 0;
    const auto make = [&](std::shared_ptr<const Deployment> deployment,
                          const EngineOptions& options) -> Result<std::unique_ptr<Engine>> {
        return std::make_unique<CountingEngine>(make_golden_engine(std::move(deployment), options).value(), passes);
    };
    REQUIRE(engine_likelihoods(model, make, pairs, {}));
    return passes;
}

}  // namespace

TEST_CASE("likelihoods are the softmax of the golden engine's logits, on every engine and in any batch", "[threads]") {
    const auto model = test::random_deployment();
    const std::vector<TokenPair> pairs = various_pairs();
    const Likelihoods golden = engine_likelihoods(model, make_golden_engine, pairs, {}).value();
    REQUIRE(golden.pairs.size() == pairs.size());
    for (std::size_t p = 0; p < pairs.size(); ++p) {
        CAPTURE(p);
        const Likelihood expected = golden_likelihood(model, pairs[p]);
        CHECK(golden.pairs[p].log_likelihood == Approx(expected.log_likelihood).epsilon(1e-12));
        CHECK(golden.pairs[p].greedy == expected.greedy);
        CHECK(golden.pairs[p].tokens == expected.tokens);
    }
    CHECK(golden.engine == "golden");
    CHECK(golden.fed == least_tokens(pairs));
    for (const LikelihoodOptions options :
         {LikelihoodOptions{.threads = 1, .streams = 64}, LikelihoodOptions{.threads = 1, .streams = 1},
          LikelihoodOptions{.threads = 3, .streams = 5}, LikelihoodOptions{.threads = 40, .streams = 2}}) {
        const Likelihoods native = engine_likelihoods(model, make_native_engine, pairs, options).value();
        CHECK(native.engine == "native");
        CHECK(std::ranges::equal(native.pairs, golden.pairs, equal));
    }
}

TEST_CASE("likelihoods of the float reference are the softmax of its logits", "[threads]") {
    const auto model = test::random_deployment();
    const std::vector<TokenPair> pairs = various_pairs();
    const FloatModel floats(model->graph);
    const Likelihoods one = float_likelihoods(model->graph, pairs, {.threads = 1}).value();
    const Likelihoods three = float_likelihoods(model->graph, pairs, {.threads = 3, .streams = 4}).value();
    const Likelihoods golden = engine_likelihoods(model, make_golden_engine, pairs, {}).value();
    CHECK(one.engine == "float");
    CHECK(one.fed == least_tokens(pairs));
    for (std::size_t p = 0; p < pairs.size(); ++p) {
        CAPTURE(p);
        const Likelihood expected = direct(pairs[p], 1, [&](const Ids& ids) { return floats.forward(ids); });
        CHECK(one.pairs[p].log_likelihood == Approx(expected.log_likelihood).epsilon(1e-9));
        CHECK(three.pairs[p].log_likelihood == Approx(expected.log_likelihood).epsilon(1e-9));
        CHECK(golden.pairs[p].log_likelihood == Approx(expected.log_likelihood).epsilon(0.03));
    }
}

TEST_CASE("a greedy continuation is known as one") {
    const auto model = test::random_deployment();
    const auto engine = make_golden_engine(model, {}).value();
    const Ids context = test::random_ids(6, vocabulary, 3);
    std::vector<std::int32_t> logits(vocabulary);
    TokenPair pair{context, {}};
    REQUIRE(engine->prefill(0, context, Logits::last, logits));
    for (int t = 0; t < 4; ++t) {
        const auto largest = std::ranges::max_element(logits) - logits.begin();
        pair.continuation.push_back(static_cast<std::int32_t>(largest));
        REQUIRE(engine->decode({&pair.continuation.back(), 1}, logits));
    }
    TokenPair other = pair;
    other.continuation.back() = (other.continuation.back() + 1) % vocabulary;
    const std::vector<TokenPair> pairs = {pair, other};
    const auto scored = engine_likelihoods(model, make_native_engine, pairs, {}).value();
    CHECK(scored.pairs[0].greedy);
    CHECK_FALSE(scored.pairs[1].greedy);
}

TEST_CASE("continuations go side by side where that takes fewer passes, else each alone") {
    const auto model = test::random_deployment();
    const Ids context = test::random_ids(8, vocabulary, 4);
    const auto choices = [&](const std::vector<int>& lengths) {
        std::vector<TokenPair> pairs;
        for (const int length : lengths)
            pairs.push_back({context, test::random_ids(length, vocabulary, 30 + pairs.size())});
        return pairs;
    };
    CHECK(passes_of(model, choices({1, 1, 1, 1})) == 1);           // the context says it all
    CHECK(passes_of(model, choices({4, 4, 4, 4, 4})) == 1 + 3);    // together
    CHECK(passes_of(model, choices({200})) == 1 + 1);              // alone
    CHECK(passes_of(model, choices({200, 4, 4, 4, 4})) == 1 + 4);  // together for 3 steps, then the long one alone
    CHECK(passes_of(model, choices({9, 9})) == 1 + 2);             // each alone
}

TEST_CASE("a continuation longer than the logits held at a time is scored in parts") {
    ModelConfig config = test::small_config();
    config.vocab_size = 1 << 16;  // parts of 256 tokens
    config.hidden_size = 4;
    config.intermediate_size = 4;
    config.num_layers = 1;
    const auto model = test::random_deployment(config);
    const TokenPair whole{{3}, test::random_ids(264, config.vocab_size, 5)};
    const Ids& ids = whole.continuation;
    const std::vector<TokenPair> pairs = {
        whole,
        {{3}, Ids(ids.begin(), ids.begin() + 200)},
        {joined_ids({3}, Ids(ids.begin(), ids.begin() + 200)), Ids(ids.begin() + 200, ids.end())}};
    const auto integer = engine_likelihoods(model, make_native_engine, pairs, {.threads = 1, .streams = 3}).value();
    CHECK(integer.pairs[0].log_likelihood ==
          Approx(integer.pairs[1].log_likelihood + integer.pairs[2].log_likelihood).epsilon(1e-12));
    const auto real = float_likelihoods(model->graph, pairs, {.threads = 1, .streams = 3}).value();
    CHECK(real.pairs[0].log_likelihood ==
          Approx(real.pairs[1].log_likelihood + real.pairs[2].log_likelihood).epsilon(1e-9));
}

TEST_CASE("what can't be scored is refused, and no pair is no work") {
    const auto model = test::random_deployment();
    const auto refused = [&](const TokenPair& pair, const LikelihoodOptions& options) {
        const std::vector<TokenPair> pairs = {{{1}, {2}}, pair};
        const auto scored = engine_likelihoods(model, make_native_engine, pairs, options);
        CHECK_FALSE(float_likelihoods(model->graph, pairs, options));
        return scored ? "" : scored.error().place + ": " + scored.error().message;
    };
    CHECK(refused({{1}, {97}}, {}) == "pair 1: id 97 is not in the vocabulary of 97");
    CHECK(refused({{-1}, {2}}, {}) == "pair 1: id -1 is not in the vocabulary of 97");
    CHECK(refused({{}, {2}}, {}) == "pair 1: the context has no tokens");
    CHECK(refused({{1}, {}}, {}) == "pair 1: the continuation has no tokens");
    CHECK(refused({{1}, {2}}, {.threads = 0}) == "threads: 0 threads");
    CHECK(refused({{1}, {2}}, {.streams = 0}) == "streams: 0 streams");
    CHECK(engine_likelihoods(model, make_native_engine, {}, {})->pairs.empty());
}
