#include "neuro/lm/engine.hpp"

#include "neuro/team.hpp"
#include "tests/catch.hpp"
#include "tests/neuro/lm/random_model.hpp"

using namespace tephra;

TEST_CASE("all engines refuse the same options and arguments") {
    const auto model = test::random_deployment();
    for (const auto& make : {make_golden_engine, make_native_engine}) {
        CHECK(make(model, {.streams = 0}).error().place == "streams");
        CHECK(make(model, {.threads = 0}).error().place == "threads");
        CHECK(make(model, {.threads = max_threads + 1}).error().place == "threads");
        const auto engine = make(model, {.streams = 2}).value();
        const std::vector<std::int32_t> three{1, 2, 3}, strange{97}, negative{-1};
        std::vector<std::int32_t> short_logits(96), logits(97), state(3 * 48), wide_state(3 * 48, state_max + 1);
        CHECK(engine->decode(three, {}).error().message == "more tokens than streams");
        CHECK(engine->decode(strange, {}).error().message == "id 97 is not in the vocabulary");
        CHECK(engine->decode(negative, {}).error().message == "id -1 is not in the vocabulary");
        CHECK(engine->decode(std::span(three).first(1), short_logits).error().place == "logits");
        CHECK(engine->prefill(2, three, Logits::none, {}).error().message == "no stream 2");
        CHECK(engine->prefill(0, three, Logits::all, short_logits).error().place == "logits");
        CHECK_THAT(engine->prefill(0, three, Logits::none, logits).error().message,
                   test::contains("no logits are wanted"));
        CHECK(engine->prefill(0, three, Logits::none, {}));
        CHECK(engine->read_state(-1, state).error().message == "no stream -1");
        CHECK(engine->read_state(0, short_logits).error().place == "state");
        CHECK(engine->write_state(1, wide_state).error().message == "state does not fit 24 bits");
        CHECK(engine->write_state(1, state));
    }
}
