#include "simulator/run_check.hpp"

#include "tests/simulator/sample_run.hpp"

using namespace tephra;
using test::fault_of;

TEST_CASE("sums of a run that would not fit 64 bits are refused") {
    const auto two = [](std::int64_t a, std::int64_t b) {
        return fault_of([&](Run& run) {
            run.populations[0].counts = run.populations[1].counts = {};
            run.cores[1].counts = {};
            run.populations[0].counts[0] = a;
            run.populations[1].counts[event_kinds - 1] = b;
        });
    };
    CHECK(two(INT64_MAX - 5, 5) == "");
    CHECK(two(INT64_MAX - 5, 6) == "run#/populations/1/counts");
    CHECK(two(INT64_MAX, INT64_MAX) == "run#/populations/1/counts");
    CHECK(fault_of([](Run& run) { run.cores[0].counts[2] = INT64_MAX; }) == "run#/cores/0/counts");
    CHECK(fault_of([](Run& run) { run.links = {{0, 1, INT64_MAX - 1}, {1, 0, 1}}; }) == "");
    CHECK(fault_of([](Run& run) { run.links = {{0, 1, INT64_MAX - 1}, {1, 0, 2}}; }) == "run#/chip_links/1");
}

TEST_CASE("records of a run that contradict each other are refused") {
    CHECK(fault_of([](Run&) {}) == "");
    CHECK(fault_of([](Run& run) { run.tokens.clear(); }) == "run#/tokens");
    CHECK(fault_of([](Run& run) { run.tokens[2].stream = 2; }) == "run#/tokens/2");
    CHECK(fault_of([](Run& run) { run.tokens[2].position = 2; }) == "run#/tokens/2");
    CHECK(fault_of([](Run& run) { run.tokens[2].entered = Picoseconds(4); }) == "run#/tokens/2");
    CHECK(fault_of([](Run& run) { run.tokens[2].left = Picoseconds(4); }) == "run#/tokens/2");
    CHECK(fault_of([](Run& run) { run.tokens[1].left = Picoseconds(604); }) == "run#/elapsed_ps");
    CHECK(fault_of([](Run& run) { run.host = Picoseconds(301); }) == "run#/elapsed_ps");
    CHECK(fault_of([](Run& run) { run.host = Picoseconds(299); }) == "run#/elapsed_ps");
    CHECK(fault_of([](Run& run) { run.streams = 4; }) == "run#/streams");
    CHECK(fault_of([](Run& run) { run.streams = 3; }) == "run#/tokens");
    CHECK(fault_of([](Run& run) { run.streams = 1; }) == "run#/tokens/1");
    CHECK(fault_of([](Run& run) { run.machine_chips = 5; }) == "run#/geometry");
    CHECK(fault_of([](Run& run) { run.powered_chips = 1; }) == "run#/powered_chips");
    CHECK(fault_of([](Run& run) { std::swap(run.cores[0], run.cores[1]); }) == "run#/cores/1/core");
    CHECK(fault_of([](Run& run) { run.cores[1].core = 5; }) == "run#/cores/1/core");
    CHECK(fault_of([](Run& run) { ++run.cores[1].counts[0]; }) == "");  // other populations have some too
    CHECK(fault_of([](Run& run) { run.cores[0].counts[4] = total(run, EventKind::neuron_update); }) != "");
}
