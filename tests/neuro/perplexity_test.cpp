#include "neuro/perplexity.hpp"

#include <cmath>

#include "neuro/float_model.hpp"
#include "tests/catch.hpp"
#include "tests/neuro/random_model.hpp"

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
}
