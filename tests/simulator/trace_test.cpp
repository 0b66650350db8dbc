#include "simulator/trace.hpp"

#include <map>
#include <set>

#include "core/files.hpp"
#include "core/json.hpp"
#include "neuro/lm/lower.hpp"
#include "neuro/lm/synth.hpp"
#include "simulator/lm/simulate_tokens.hpp"
#include "tests/catch.hpp"
#include "tests/simulator/spread.hpp"

using namespace tephra;

namespace {

struct Traced {
    std::string text;
    std::int64_t dropped = -1;
    Run run;
};

Traced trace_of(const Program& program, const Machine& machine, std::int64_t bytes) {
    const test::TemporaryPath path("trace.json");
    Traced traced;
    auto file = *OutputFile::create(path.str());
    TokenOptions options;
    options.mode = RunMode::prefill;
    options.prompts = {{1, 2, 3, 4}};
    options.trace = {&file, bytes, &traced.dropped};
    const auto run = simulate_tokens(program, machine, test::spread(program, machine, 4), options);
    if (!run) FAIL(to_string(run.error()));
    REQUIRE(file.commit());
    traced.run = *run;
    traced.text = *read_file(path.str());
    return traced;
}

}  // namespace

TEST_CASE("the trace is valid JSON with firings, messages and steps, each in a named row") {
    const auto model = *make_synthetic_model(synth_shape(40, 2, 60, 50, 3));
    const Program program = lower(model);
    const Machine machine = *find_machine("kapoho-point");
    const Traced traced = trace_of(program, machine, 64 << 20);
    CHECK(traced.dropped == 0);
    const auto trace = parse_json(traced.text, "trace");
    if (!trace) FAIL(to_string(trace.error()));
    std::map<std::string, std::int64_t> seen;
    std::set<std::pair<std::int64_t, std::int64_t>> named;
    std::set<std::string> names;
    for (const Json& event : *trace->find("traceEvents")->array()) {
        const std::pair row{*event.find("pid")->integer(), *event.find("tid")->integer()};
        if (*event.find("ph")->string() == "M") {
            const std::string name = *event.find("args")->find("name")->string();
            if (*event.find("name")->string() == "thread_name" && named.insert(row).second) names.insert(name);
            continue;
        }
        ++seen[*event.find("cat")->string()];
        CHECK(event.find("ts")->real() != nullptr);
        CHECK(named.contains(row));
    }
    CHECK(names.contains("steps"));
    CHECK(names.contains("host, neurons"));
    std::int64_t slices = 0;
    for (const auto& population : test::spread(program, machine, 4).slices)
        slices += std::max<std::int64_t>(1, static_cast<std::int64_t>(population.size()));
    CHECK(seen["fire"] == 4 * slices);
    CHECK(seen["step"] == traced.run.steps + 1);
    CHECK(seen["message"] > 0);
}

TEST_CASE("a trace that is too small is filled to its bound, and says how many events it left out") {
    const auto model = *make_synthetic_model(synth_shape(40, 2, 60, 50, 3));
    const Program program = lower(model);
    for (const char* name : {"kapoho-point", "oheo-gulch"}) {
        const Machine machine = *find_machine(name);
        const Traced whole = trace_of(program, machine, 64 << 20);
        const std::size_t all = parse_json(whole.text, "whole")->find("traceEvents")->array()->size();
        for (const std::int64_t bytes : {least_trace_bytes, std::int64_t{20'000}, std::ssize(whole.text) - 1}) {
            INFO(name << ", " << bytes << " bytes");
            const Traced traced = trace_of(program, machine, bytes);
            CHECK(std::ssize(traced.text) <= bytes);
            CHECK(std::ssize(traced.text) > bytes - 300);  // the next event with its row's name did not fit
            CHECK(traced.dropped > 0);
            const auto trace = parse_json(traced.text, "trace");
            REQUIRE(trace);
            CHECK(*trace->find("otherData")->find("dropped_events")->integer() == traced.dropped);
            CHECK(trace->find("traceEvents")->array()->size() < all);
            CHECK(traced.run.trace == whole.run.trace);
        }
    }
}

TEST_CASE("a bound that is too small for a trace is refused") {
    const auto model = *make_synthetic_model(synth_shape(8, 1, 4, 6, 3));
    const Program program = lower(model);
    const Machine machine = *find_machine("oheo-gulch");
    const test::TemporaryPath path("trace.json");
    auto file = *OutputFile::create(path.str());
    TokenOptions options;
    options.mode = RunMode::prefill;
    options.prompts = {{1}};
    options.trace = {&file, least_trace_bytes - 1, nullptr};
    const auto run = simulate_tokens(program, machine, test::spread(program, machine, 4), options);
    REQUIRE_FALSE(run);
    CHECK(run.error().code == ErrorCode::bad_input);
    options.trace.bytes = least_trace_bytes;
    CHECK(simulate_tokens(program, machine, test::spread(program, machine, 4), options));
}

// Barrier runs under contention work ahead of the events (simulator/core_ahead.cpp), unless they draw a timeline.
TEST_CASE("working ahead of the events gives the run that events give, of full buffers, of times that meet, of trees") {
    const auto model = *make_synthetic_model(synth_shape(48, 1, 70, 50, 3));
    const Program program = lower(model);
    for (const Routing routing : {Routing::unicast, Routing::multicast})
        for (const bool full : {false, true})
            for (const std::int64_t message : {0, 100, 3200}) {
                Machine machine = *find_machine("kapoho-point");
                machine.mesh.routing = routing;
                if (full) machine.mesh.buffer_packets = machine.mesh.core_packets = machine.link.buffer_packets = 1;
                machine.timing.message_in = machine.timing.message_out = Picoseconds(message);
                if (message < 3200) machine.timing.synop = Picoseconds(0);
                if (message == 100)  // tasks and packets of many cores end at one picosecond
                    machine.mesh.flit_local = machine.mesh.flit_x = machine.mesh.flit_y = machine.mesh.hop_x =
                        machine.mesh.hop_y = machine.timing.spike = Picoseconds(100);
                machine.hash = machine_hash(machine);
                INFO((full ? "full, " : "") << message << " ps, " << (routing == Routing::unicast ? "paths" : "trees"));
                TokenOptions options;
                options.mode = RunMode::prefill;
                options.prompts = {{1, 2, 3, 4}};
                const auto ahead = simulate_tokens(program, machine, test::spread(program, machine, 30), options);
                const test::TemporaryPath path("trace.json");
                auto file = *OutputFile::create(path.str());
                options.trace = {&file, least_trace_bytes, nullptr};
                const auto events = simulate_tokens(program, machine, test::spread(program, machine, 30), options);
                REQUIRE((ahead && events));
                const test::TemporaryPath a("ahead.json"), b("events.json");
                REQUIRE((write_run(*ahead, a.str()) && write_run(*events, b.str())));
                CHECK(*read_file(a.str()) == *read_file(b.str()));
            }
}
