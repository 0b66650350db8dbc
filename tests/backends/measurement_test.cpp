// Rows of a measurement; no GPU needed.
#include "backends/measurement.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "simulator/lm/baseline.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

Measurement made_up() {
    Measurement m;
    m.device.name = "A GPU";
    m.driver = "1.2";
    m.idle_context_w = 100;
    m.windows.assign(3, {.seconds = 20, .tokens = 40'000, .joules = 6000, .clock_mhz = 1980, .celsius = 47});
    m.tokens_per_s = 2000;
    m.watts = 300;
    m.gross_mj = 150;
    m.net_mj = 100;
    m.spread = 0.01;
    return m;
}

std::string source_of(const MeasureOptions& options) {
    const Json file = Json::Object{{"rows", Json::Array{baseline_row(made_up(), options, "tiny", "2026-01-02")}}};
    const auto rows = parse_baselines(file.dump(), "rows");
    REQUIRE(rows);
    CHECK(rows->at(0).kind == Evidence::measured);
    CHECK(rows->at(0).mj_per_token == 150);
    CHECK(rows->at(0).date == "2026-01-02");
    return rows->at(0).source;
}

}  // namespace

TEST_CASE("a measurement becomes a row that compare reads") {
    CHECK(source_of({}) ==
          "NVML total-energy counter, 3 windows of 20 s after 5 s, driver 1.2, 1980 MHz, 47 C, spread 1.0 %, gross; "
          "idle with context 100 W, net 100.0000 mJ/token");
}

TEST_CASE("a row of a shortened run says so") {
    const MeasureOptions options = GENERATE(MeasureOptions{.windows = 2}, MeasureOptions{.window_s = 19.5},
                                            MeasureOptions{.warm_up_s = 0}, MeasureOptions{.idle_s = 0.5});
    CHECK(shortened(options));
    CHECK(source_of(options).starts_with("shortened run, not for comparison: "));
    CHECK(!shortened({.windows = 4, .window_s = 30}));
}

TEST_CASE("a search for the best batch tries powers of two, then between the best and its neighbours") {
    const int least_at = GENERATE(1, 3, 96, 256, 700, 3000, 4096);
    const auto trials = try_batches([&](int batch) -> Result<BatchTrial> {
        return BatchTrial{batch, 1.0 * batch, 1 + std::abs(std::log2(1.0 * batch / least_at))};
    });
    REQUIRE(trials);
    CHECK(std::ranges::is_sorted(*trials, std::less_equal{}, &BatchTrial::batch));  // none twice
    CHECK(trials->front().batch == 1);
    CHECK(trials->back().batch == most_batch);
    const int best = best_trial(*trials).batch;
    for (const BatchTrial& trial : *trials) CHECK(trial.gross_mj >= 1 + std::abs(std::log2(1.0 * best / least_at)));
    CHECK(std::max(1.0 * best / least_at, 1.0 * least_at / best) <= 1.5);
    Measurement m = made_up();
    m.batch = best;
    m.trials = *trials;
    const Json row = baseline_row(m, {.best = true}, "tiny", "2026-01-02");
    CHECK(*row.find("batch")->integer() == best);
    CHECK(row.find("source")->string()->ends_with(" batches up to 4096 the one of the least energy a token"));
    const Json json = measurement_json(m);
    CHECK(json.find("trials")->array()->size() == trials->size());
}

TEST_CASE("a batch that fails ends the search") {
    const auto trials = try_batches([](int batch) -> Result<BatchTrial> {
        if (batch < 64) return BatchTrial{batch, 1, 1};
        return fail(ErrorCode::device, "out of device memory", "decode");
    });
    REQUIRE_FALSE(trials);
    CHECK(trials.error().code == ErrorCode::device);
}

TEST_CASE("the length of a full run is that of the default options") {
    CHECK(full_length() == "at least 3 windows of 20 s, 5 s of warm-up and 5 s of idling");
}
