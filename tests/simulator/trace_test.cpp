#include "simulator/trace.hpp"

#include "core/files.hpp"
#include "core/json.hpp"
#include "neuro/lower.hpp"
#include "neuro/synth.hpp"
#include "simulator/simulate.hpp"
#include "tests/catch.hpp"
#include "tests/simulator/spread.hpp"

using namespace tephra;

TEST_CASE("the trace is valid JSON with firings, messages and steps, and stays within its bound") {
    const auto model = *make_synthetic_model(synth_shape(40, 2, 60, 50, 3));
    const Program program = lower(model);
    const Machine machine = *find_machine("kapoho-point");
    const test::TemporaryPath path("trace.json");
    SimulateOptions options;
    options.mode = RunMode::prefill;
    options.prompts = {{1, 2, 3, 4}};
    options.trace_path = path.str();
    const auto run = simulate(program, machine, test::spread(program, machine, 4), options);
    REQUIRE(run);
    const auto trace = read_json_file(path.str());
    if (!trace) FAIL(to_string(trace.error()));
    std::map<std::string, std::int64_t> seen;
    for (const Json& event : *trace->find("traceEvents")->array()) {
        if (*event.find("ph")->string() == "M") continue;
        ++seen[*event.find("cat")->string()];
        CHECK(event.find("ts")->real() != nullptr);
    }
    std::int64_t slices = 0;
    for (const auto& population : test::spread(program, machine, 4).slices)
        slices += std::max<std::int64_t>(1, static_cast<std::int64_t>(population.size()));
    CHECK(seen["fire"] == 4 * slices);
    CHECK(seen["step"] == run->steps + 1);
    CHECK(seen["message"] > 0);

    options.trace_bytes = 20'000;
    REQUIRE(simulate(program, machine, test::spread(program, machine, 4), options));
    CHECK(read_file(path.str())->size() < 2 * 20'000);
    CHECK(*read_json_file(path.str())->find("otherData")->find("dropped_events")->integer() > 0);
}
