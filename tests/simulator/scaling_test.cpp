#include "simulator/scaling.hpp"

#include "neuro/lm/lower.hpp"
#include "neuro/lm/synth.hpp"
#include "simulator/lm/simulate_tokens.hpp"
#include "tests/catch.hpp"
#include "tests/simulator/spread.hpp"
#include "tests/simulator/thread_ranks.hpp"

using namespace tephra;

TEST_CASE("a prediction is events, a round a window, and mail") {
    const ScalingCosts costs{1e-7, 2e-6, 1e-6, 4e-6, 1e-8};
    CHECK(predicted_seconds({1, 100, 1000, 0}, costs) == Approx(1e-4));  // one rank has no rounds
    CHECK(predicted_seconds({4, 100, 400, 50}, costs) == Approx(0.4e-4 + 100 * 9e-6 + 50 * 1e-8));
}

TEST_CASE("a run of one process counts what ranks would do, and stays the same") {
    const auto model = *make_synthetic_model(synth_shape(96, 2, 150, 130, 5));
    const Program program = lower(model);
    const Machine machine = *find_machine("kapoho-point");
    const Mapping mapping = test::spread(program, machine, 20);
    TokenOptions options;
    options.mode = RunMode::prefill;
    options.prompts = {{3, 77, 12}};
    const auto plain = simulate_tokens(program, machine, mapping, options);
    REQUIRE(plain);
    Scaling scaling;
    // Chips without work are nobody's.
    const Machine larger = *find_machine("vpx");
    TokenOptions on_larger = options;
    on_larger.scaling = &scaling;
    REQUIRE(simulate_tokens(program, larger, test::spread(program, larger, 40), on_larger));
    CHECK(scaling.rows.back().ranks < larger.chips());
    options.scaling = &scaling;
    const auto counted = simulate_tokens(program, machine, mapping, options);
    REQUIRE(counted);
    CHECK(counted->trace == plain->trace);
    CHECK(counted->elapsed == plain->elapsed);
    REQUIRE(scaling.rows.size() == 4);
    CHECK(scaling.event_seconds > 0);
    CHECK(scaling.rows.front().mails == 0);
    for (std::size_t k = 0; k < scaling.rows.size(); ++k) {
        const ScalingRow& row = scaling.rows[k];
        CHECK(row.ranks == 1 << k);
        CHECK(row.windows == scaling.rows.front().windows);
        CHECK(row.events * row.ranks >= scaling.rows.front().events);
        if (k == 0) continue;
        CHECK(row.events < scaling.rows[k - 1].events);
        CHECK(row.mails > 0);
    }
}
