#include "simulator/lm/compare.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "tests/catch.hpp"
#include "tests/simulator/tiny_run.hpp"

using namespace tephra;

namespace {

/// A run of the 370M shape, so that published rows apply.
Run run_370m(RunMode mode = RunMode::generate) {
    Run run = test::tiny_run();
    run.model_name = "mmfree-370m";
    run.mode = mode;
    if (mode == RunMode::prefill)
        for (auto& token : run.tokens) token.output = -1;
    run.parameters = shape_named("mmfree-370m")->parameters();
    return run;
}

Comparison compared(const Run& run, const CompareOptions& options = {}) {
    const auto report = price(run, test::tiny_costs());
    REQUIRE(report);
    const auto baselines = shipped_baselines();
    INFO((baselines ? "" : to_string(baselines.error())));
    REQUIRE(baselines);
    const auto gpus = shipped_gpus();
    REQUIRE(gpus);
    auto comparison = compare({{run, *report}}, *baselines, *gpus, options);
    INFO((comparison ? "" : to_string(comparison.error())));
    REQUIRE(comparison);
    return *comparison;
}

}  // namespace

TEST_CASE("the reference is the best GPU row of the same task") {
    const Comparison comparison = compared(run_370m());
    const Baseline& reference = comparison.rows[comparison.reference].data;
    CHECK(reference.device_class == "gpu");
    CHECK(reference.kind == Evidence::measured);
    CHECK(reference.mj_per_token < 200);
    for (const ComparisonRow& row : comparison.rows)  // not the published Triton code, and no roofline
        if (row.data.device_class == "gpu" && row.unlike.empty() && row.data.kind == Evidence::measured)
            CHECK(row.data.mj_per_token >= reference.mj_per_token);
    const ComparisonRow& run = comparison.rows.front();
    REQUIRE(run.speed);
    CHECK(*run.speed == Approx(1000.0 / reference.tokens_per_s));
    CHECK(*run.energy_ratio == Approx(run.data.mj_per_token / reference.mj_per_token));
    CHECK(run.unlike.empty());
    CHECK(run.cautions == std::vector<std::string>{"power of neurocores"});
}

TEST_CASE("a run has a row for each scope, and energies of unlike scopes give a bound") {
    const Comparison comparison = compared(run_370m());
    REQUIRE(comparison.rows[comparison.reference].data.scope == PowerScope::board);
    const ComparisonRow &cores = comparison.rows[0], &system = comparison.rows[1];
    CHECK(cores.run == std::size_t{0});
    CHECK(system.run == std::size_t{0});
    CHECK_FALSE(comparison.rows[2].run);
    CHECK(cores.data.scope == PowerScope::neurocores);
    CHECK(system.data.scope == PowerScope::system);
    CHECK(system.data.mj_per_token > cores.data.mj_per_token);
    CHECK(cores.data.tokens_per_s == system.data.tokens_per_s);
    CHECK(cores.energy_bound == RatioBound::at_least);
    CHECK(system.energy_bound == RatioBound::at_most);
    for (const ComparisonRow& row : comparison.rows)
        if (row.data.scope == PowerScope::board) CHECK(row.energy_bound == RatioBound::exact);
}

TEST_CASE("rows of another task get no ratio unless asked") {
    const auto other_batch = [](const Comparison& comparison) {
        for (const auto& row : comparison.rows)
            if (row.data.batch == 256) return row;
        return ComparisonRow{};
    };
    const ComparisonRow refused = other_batch(compared(run_370m()));
    CHECK(refused.unlike == std::vector<std::string>{"batch 256"});
    CHECK_FALSE(refused.speed);
    CHECK_FALSE(refused.energy_ratio);
    CompareOptions allowed;
    allowed.allow_unlike = true;
    const ComparisonRow marked = other_batch(compared(run_370m(), allowed));
    CHECK(marked.unlike.size() == 1);  // the mark stays
    REQUIRE(marked.speed);
}

TEST_CASE("streams of a run meet the same batch of a GPU") {
    Run run = run_370m();
    run.streams = 64;
    run.tokens.clear();
    for (int s = 0; s < 64; ++s) run.tokens.push_back({s, 0, 10, 11, Picoseconds(s), Picoseconds(4'000'000'000)});
    test::retime(run);
    const Comparison comparison = compared(run);
    CHECK(comparison.rows[comparison.reference].data.batch == 64);
    CHECK(comparison.rows[comparison.reference].data.tokens_per_s == Approx(70437));
}

TEST_CASE("the batch of the least energy of each engine is named") {
    std::vector<Baseline> rows(4);
    for (std::size_t k = 0; k < rows.size(); ++k) {
        rows[k].device = "Big GPU";
        rows[k].device_class = "gpu";
        rows[k].software = k < 3 ? "engine" : "another, of one batch";
        rows[k].model = "tiny";
        rows[k].batch = std::array{1, 64, 256, 1}[k];
        rows[k].tokens_per_s = 1000;
        rows[k].mj_per_token = std::array{100.0, 2.5, 10.0, 1.0}[k];
        rows[k].kind = Evidence::measured;
    }
    const Run run = test::tiny_run();
    const auto report = price(run, test::tiny_costs());
    REQUIRE(report);
    const auto comparison = compare({{run, *report}}, rows, {}, {});
    REQUIRE(comparison);
    const auto named = std::ranges::count_if(comparison->notes, [](const auto& n) { return n.starts_with("least "); });
    CHECK(named == 1);
    CHECK(comparison->notes.back() ==
          "least energy of Big GPU, engine, tiny, generate: batch 64, 2.500 mJ/token, 1000 tokens/s");
    for (const char* model : {"BF16", "tephra"}) {  // the rows that ship: both sides at their best
        const auto notes = compared(run_370m()).notes;
        CHECK(std::ranges::any_of(notes, [&](const auto& n) {
            return n.starts_with("least energy of NVIDIA H100") && n.find(model) != std::string::npos;
        }));
    }
}

TEST_CASE("published rows of the simulated machine are predictions or checks, with their error") {
    const Comparison comparison = compared(run_370m(RunMode::prefill));
    int predictions = 0, checks = 0;
    for (const Prediction& p : comparison.predictions) {
        (p.calibrates ? checks : predictions) += 1;
        CHECK(p.error_percent == Approx(100 * (p.simulated / p.value - 1)));
        CHECK(p.scope == (p.quantity == "tokens/s" ? "" : (p.calibrates ? "neurocores" : "system")));
    }
    CHECK(predictions == 2);  // the 24-chip row: speed and energy
    CHECK(checks == 2);       // the single-chip row
}

TEST_CASE("a reference can be chosen by its text, and an absent one is an error") {
    CompareOptions options;
    options.reference = "H200";
    const Comparison comparison = compared(run_370m(), options);
    CHECK(comparison.rows[comparison.reference].data.device.find("H200") != std::string::npos);
    const Run run = run_370m();
    const auto report = price(run, test::tiny_costs());
    options.reference = "Cray";
    const auto missing = compare({{run, *report}}, {}, {}, options);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == ErrorCode::bad_input);
    CHECK_FALSE(compare({}, {}, {}, {}));
}

TEST_CASE("a run of an unknown shape says so and gets no roofline") {
    const Comparison comparison = compared(test::tiny_run());
    CHECK(comparison.rows.size() == 2);  // two scopes of the run
    CHECK(comparison.notes.front().find("no known shape") != std::string::npos);
}

TEST_CASE("ratios to a reference without energy are not defined, and that is said") {
    const Run run = test::tiny_run();  // no GPU row has its shape: it is its own reference
    const auto report = price(run, test::zero_costs());
    REQUIRE(report);
    const auto comparison = compare({{run, *report}}, {}, {}, {});
    REQUIRE(comparison);
    const ComparisonRow& row = comparison->rows.front();
    CHECK(row.speed == 1.0);
    CHECK_FALSE(row.energy_ratio);
    CHECK(std::ranges::any_of(comparison->notes,
                              [](const auto& note) { return note.find("not defined") != std::string::npos; }));
}

TEST_CASE("a published energy of a scope that the run lacks is no prediction, and that is said") {
    CostTable costs = test::tiny_costs();
    costs.system_included = false;
    const Run run = run_370m();
    const auto comparison = compare({{run, *price(run, costs)}}, *shipped_baselines(), {}, {});
    REQUIRE(comparison);
    for (const Prediction& p : comparison->predictions) CHECK(p.scope != "system");
    CHECK(std::ranges::any_of(comparison->notes, [](const auto& note) {
        return note.find("24 chips of Alia Point is of system") != std::string::npos;
    }));
}

TEST_CASE("predictions are held to a limit, and a run without any fails with its reason") {
    const Comparison good = compared(run_370m(RunMode::prefill));
    double worst = 0;
    for (const Prediction& p : good.predictions)
        if (!p.calibrates) worst = std::max(worst, std::fabs(p.error_percent));
    CHECK(check_predictions(good, worst));
    const auto missed = check_predictions(good, worst * 0.999);
    REQUIRE_FALSE(missed);
    CHECK(missed.error().code == ErrorCode::comparison_failed);
    CHECK_THAT(missed.error().message, test::contains("miss their published values"));
    Comparison checks_only = good;
    for (Prediction& p : checks_only.predictions) p.calibrates = true;
    const auto derived = check_predictions(checks_only, 1e9);
    REQUIRE_FALSE(derived);
    CHECK_THAT(derived.error().message, test::contains("were derived from its only published rows"));
    const auto nothing = check_predictions(compared(test::tiny_run()), 1e9);
    REQUIRE_FALSE(nothing);
    CHECK(nothing.error().code == ErrorCode::comparison_failed);
    CHECK_THAT(nothing.error().message, test::contains("no published row of machines of kind loihi2"));
}

TEST_CASE("of several runs each must have a prediction") {
    const Run good = run_370m(RunMode::prefill), none = test::tiny_run();
    const auto comparison =
        compare({{good, *price(good, test::tiny_costs())}, {none, *price(none, test::tiny_costs())}},
                *shipped_baselines(), {}, {});
    REQUIRE(comparison);
    const auto failed = check_predictions(*comparison, 1e9);
    REQUIRE_FALSE(failed);
    CHECK_THAT(failed.error().message, test::contains("tiny, generate, batch 1"));
}

TEST_CASE("the largest counts and positions compare without overflow") {
    Run run = run_370m(RunMode::prefill);
    auto report = price(run, test::tiny_costs());
    REQUIRE(report);
    run.tokens.back().position = INT32_MAX;
    report->updates = report->skipped = INT64_MAX;
    const auto comparison = compare({{run, *report}}, {}, *shipped_gpus(), {});
    REQUIRE(comparison);
    CHECK(comparison->rows.front().data.length == std::int64_t{INT32_MAX} + 1);
    CHECK_THAT(comparison->notes.front(), test::contains("100 % of firings"));
    for (const ComparisonRow& row : comparison->rows) {
        CHECK(std::isfinite(row.data.tokens_per_s));
        CHECK(std::isfinite(row.data.mj_per_token));
    }
}

TEST_CASE("runs of networks stand beside each other alone, and not beside runs of tokens") {
    const Run net = test::tiny_network_run(), tokens = test::tiny_run();
    const auto priced = [](const Run& run) { return PricedRun{run, price(run, test::tiny_costs()).value()}; };
    CompareOptions options;
    options.all_models = true;
    const auto comparison = compare({priced(net), priced(net)}, *shipped_baselines(), *shipped_gpus(), options);
    REQUIRE(comparison);
    CHECK(comparison->round == RoundKind::time_step);
    REQUIRE(comparison->rows.size() == 4);  // two scopes each
    CHECK(*comparison->rows[2].speed == 1);
    CHECK(comparison->notes.size() == 1);
    CHECK_THAT(comparison->notes.front(), test::contains("baselines are of tokens"));
    const auto mixed = compare({priced(net), priced(tokens)}, {}, {}, {});
    REQUIRE_FALSE(mixed);
    CHECK(mixed.error().message == "a run of tokens beside one of time steps");
}
