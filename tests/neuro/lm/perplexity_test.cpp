#include "neuro/lm/perplexity.hpp"

#include <cmath>

#include "neuro/lm/float_model.hpp"
#include "neuro/lm/sampling.hpp"
#include "neuro/team.hpp"
#include "tests/catch.hpp"
#include "tests/neuro/lm/random_model.hpp"

using namespace tephra;

TEST_CASE("perplexity is the exponential of the mean loss over windows from the zero state") {
    const auto model = test::random_deployment();
    const auto ids = test::random_ids(61, 97, 21);
    const PerplexityOptions options{.windows = 3, .length = 20, .threads = 1};
    double loss = 0;
    for (std::size_t w = 0; w < 3; ++w) {
        const auto logits = FloatModel(model->graph).forward(std::span(ids).subspan(20 * w, 20));
        for (std::size_t t = 0; t < 20; ++t) {
            double sum = 0;
            for (std::size_t k = 0; k < 97; ++k) sum += std::exp(logits[97 * t + k]);
            loss -= std::log(std::exp(logits[97 * t + static_cast<std::size_t>(ids[20 * w + t + 1])]) / sum) / 60;
        }
    }
    const Perplexity exact = float_perplexity(model->graph, ids, options).value();
    CHECK(exact.loss == Approx(loss).epsilon(1e-10));
    CHECK(exact.perplexity == Approx(std::exp(loss)).epsilon(1e-10));
    CHECK(exact.tokens == 60);
    const Perplexity integer = engine_perplexity(model, make_golden_engine, ids, options).value();
    CHECK(integer.perplexity == Approx(exact.perplexity).epsilon(0.02));
    const Perplexity native = engine_perplexity(model, make_native_engine, ids, options).value();
    CHECK(native.loss == integer.loss);
    CHECK(exact.engine == "float");
    CHECK(integer.engine == "golden");
    CHECK(native.engine == "native");
}

TEST_CASE("perplexity does not depend on threads and windows do not see each other") {
    const auto model = test::random_deployment();
    const auto ids = test::random_ids(200, 97, 22);
    const PerplexityOptions one{.windows = 7, .length = 16, .threads = 1},
        three{.windows = 7, .length = 16, .threads = 3};
    CHECK(float_perplexity(model->graph, ids, one)->loss == float_perplexity(model->graph, ids, three)->loss);
    CHECK(engine_perplexity(model, make_golden_engine, ids, one)->loss ==
          engine_perplexity(model, make_golden_engine, ids, three)->loss);
}

TEST_CASE("perplexity refuses too short a text and strange ids") {
    const auto model = test::random_deployment();
    std::vector<std::int32_t> ids = test::random_ids(40, 97, 23);
    PerplexityOptions options{.windows = 2, .length = 20, .threads = 1};
    CHECK(float_perplexity(model->graph, ids, options).error().place == "ids");
    options.windows = 1;
    ids[3] = 97;
    CHECK(engine_perplexity(model, make_golden_engine, ids, options).error().place == "id 3");
    options.windows = 0;
    CHECK_FALSE(float_perplexity(model->graph, ids, options));
    options.windows = 1;
    options.threads = 0;
    CHECK(float_perplexity(model->graph, ids, options).error().message == "0 threads");
    options.threads = max_threads + 1;
    CHECK(engine_perplexity(model, make_golden_engine, ids, options).error().place == "threads");
}

TEST_CASE("the float model goes on from the state that it left") {
    const auto model = test::random_deployment();
    const FloatModel floats(model->graph);
    const auto ids = test::random_ids(30, 97, 24);
    const std::vector<double> whole = floats.forward(ids);
    std::vector<double> state(3 * 48), parts;
    for (std::size_t first = 0; first < 30; first += 7) {
        const auto logits = floats.advance(std::span(ids).subspan(first, std::min<std::size_t>(7, 30 - first)), state);
        parts.insert(parts.end(), logits.begin(), logits.end());
    }
    REQUIRE(parts.size() == whole.size());
    for (std::size_t k = 0; k < whole.size(); ++k) REQUIRE(parts[k] == Approx(whole[k]).epsilon(1e-9).margin(1e-9));
}

TEST_CASE("a window longer than the logits held at a time is scored in parts", "[threads]") {
    ModelConfig config = test::small_config();
    config.vocab_size = 1 << 16;  // parts of 256 tokens
    config.hidden_size = 4;
    config.intermediate_size = 4;
    config.num_layers = 1;
    const auto model = test::random_deployment(config);
    const auto ids = test::random_ids(265, config.vocab_size, 25);
    const PerplexityOptions options{.windows = 1, .length = 264, .threads = 1};
    std::vector<std::int32_t> logits(264U << 16);
    const auto engine = make_native_engine(model, {}).value();
    REQUIRE(engine->prefill(0, std::span(ids).first(264), Logits::all, logits));
    double loss = 0;
    for (std::size_t t = 0; t < 264; ++t) {
        const auto row = std::span(logits).subspan(t << 16, 1U << 16);
        const double peak = row[static_cast<std::size_t>(greedy_token(row))];
        double sum = 0;
        for (const std::int32_t z : row) sum += std::exp(std::ldexp(z - peak, -model->quantized.logits));
        loss += std::log(sum) - std::ldexp(row[static_cast<std::size_t>(ids[t + 1])] - peak, -model->quantized.logits);
    }
    CHECK(engine_perplexity(model, make_native_engine, ids, options)->loss == Approx(loss / 264).epsilon(1e-12));
    CHECK(float_perplexity(model->graph, ids, options)->loss == Approx(loss / 264).epsilon(1e-2));
}
