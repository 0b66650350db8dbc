#include "simulator/compare.hpp"

#include "tests/catch.hpp"
#include "tests/simulator/tiny_run.hpp"

using namespace tephra;

namespace {

/// A run of the 370M shape, so that published rows apply.
Run run_370m(RunMode mode = RunMode::generate) {
    Run run = test::tiny_run();
    run.model_name = "mmfree-370m";
    run.mode = mode;
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
    auto comparison = compare({{&run, &*report}}, *baselines, *gpus, options);
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
    CHECK(run.cautions == std::vector<std::string>{"power of chips"});
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
    const Comparison comparison = compared(run);
    CHECK(comparison.rows[comparison.reference].data.batch == 64);
    CHECK(comparison.rows[comparison.reference].data.tokens_per_s == Approx(70437));
}

TEST_CASE("published rows of the simulated machine are predictions or checks, with their error") {
    const Comparison comparison = compared(run_370m(RunMode::prefill));
    int predictions = 0, checks = 0;
    for (const Prediction& p : comparison.predictions) {
        (p.calibrates ? checks : predictions) += 1;
        CHECK(p.error_percent == Approx(100 * (p.simulated / p.value - 1)));
        if (p.quantity == "mJ/token" && !p.calibrates) CHECK(p.power_includes == "chips, published: system");
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
    const auto missing = compare({{&run, &*report}}, {}, {}, options);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == ErrorCode::bad_input);
    CHECK_FALSE(compare({}, {}, {}, {}));
}

TEST_CASE("a run of an unknown shape says so and gets no roofline") {
    const Comparison comparison = compared(test::tiny_run());
    CHECK(comparison.rows.size() == 1);
    CHECK(comparison.notes.front().find("no known shape") != std::string::npos);
}

TEST_CASE("rooflines follow their formula and bound engines that start a kernel a stage") {
    GpuDescription gpu;
    gpu.device = "round";
    gpu.bandwidth.value = 1000;  // GB/s
    gpu.compute.value = 100;     // TFLOP/s
    gpu.launch.value = 1;
    gpu.kernels_per_block.value = 10;
    gpu.idle.value = 50;
    gpu.peak.value = 250;
    const ModelShape shape{"s", 1000, 100, 2, 200};
    CHECK(shape.projection_weights() == 2 * (4 * 10000 + 3 * 20000) + 100000);
    const Baseline row = gpu_roofline(gpu, shape, {RunMode::generate, 1, 1, 16});
    const double busy = (300000 * 2 + 2.0 * 4 * 2 * 100) / 1e12, step = busy + 23e-6;
    CHECK(row.tokens_per_s == Approx(1 / step));
    CHECK(*row.watts == Approx(50 + 200 * busy / step));
    CHECK(row.mj_per_token == Approx(*row.watts * step * 1e3));
    CHECK(row.kind == Evidence::derived);
    const auto baselines = shipped_baselines();
    const auto gpus = shipped_gpus();
    REQUIRE((baselines && gpus));
    int bounded = 0;
    for (const Baseline& measured : *baselines) {
        const ModelShape* known = shape_named(measured.model);
        if (known == nullptr || measured.software.find("PyTorch") == std::string::npos || !measured.batch) continue;
        const RooflineTask task{measured.mode, *measured.batch, measured.length.value_or(1), 16};
        CHECK(gpu_roofline(gpus->front(), *known, task).tokens_per_s > measured.tokens_per_s);
        ++bounded;
    }
    CHECK(bounded == 18);
}

TEST_CASE("baselines and GPU descriptions with faults are refused with their place") {
    const std::string good =
        R"({"device":"d","device_class":"gpu","software":"s","model":"m","mode":"generate","batch":1,)"
        R"("tokens_per_s":2,"mj_per_token":3,"power_includes":"board","kind":"cited","source":"p"})";
    REQUIRE(parse_baselines("{\"rows\":[" + good + "]}", "b.json"));
    const std::pair<std::string, std::string> edits[] = {{"\"gpu\"", "\"tpu\""},
                                                         {"\"batch\":1", "\"batch\":0"},
                                                         {"\"tokens_per_s\":2", "\"tokens_per_s\":-2"},
                                                         {"\"board\"", "\"room\""},
                                                         {"\"source\":\"p\"", "\"source\":\"\""},
                                                         {"\"mode\"", "\"mood\""}};
    for (const auto& [from, to] : edits) {
        std::string text = "{\"rows\":[" + good + "]}";
        text.replace(text.find(from), from.size(), to);
        const auto refused = parse_baselines(text, "b.json");
        INFO(to);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().place.find("b.json#/rows/0/") == 0);
    }
    CHECK_FALSE(parse_gpu(R"({"device":"d","power_includes":"board"})", "g.json"));
}
