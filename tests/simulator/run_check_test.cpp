#include "simulator/run_check.hpp"

#include <functional>

#include "tests/simulator/sample_run.hpp"
#include "tests/simulator/tiny_run.hpp"

using namespace tephra;
using test::fault_of;

TEST_CASE("sums of a run that would not fit 64 bits are refused") {
    const auto two = [](std::int64_t a, std::int64_t b) {
        return fault_of([&](Run& run) {
            run.populations[0].counts = run.populations[1].counts = run.cores[1].counts = {};
            run.links.clear();
            run.populations[0].counts[0] = run.cores[1].counts[0] = a;
            test::set(run.populations[1].counts, EventKind::state_pass, b);
            test::set(run.cores[1].counts, EventKind::state_pass, b);
        });
    };
    CHECK(two(INT64_MAX - 5, 5) == "");
    CHECK(two(INT64_MAX - 5, 6) == "run#/populations/1/counts");
    CHECK(two(INT64_MAX, INT64_MAX) == "run#/populations/1/counts");
    CHECK(fault_of([](Run& run) { run.cores[0].counts[2] = INT64_MAX; }) == "run#/cores/0/counts");
    const auto links = [](std::int64_t back) {
        return fault_of([&](Run& run) {
            run.populations[0].counts = run.populations[1].counts = run.cores[1].counts = {};
            test::set(run.populations[0].counts, EventKind::chip_flit, INT64_MAX);
            run.links = {{0, 1, INT64_MAX - 1}, {1, 0, back}};
        });
    };
    CHECK(links(1) == "");
    CHECK(links(2) == "run#/chip_links/1");
}

TEST_CASE("records of a run that contradict each other are refused") {
    CHECK(fault_of([](Run&) {}) == "");
    CHECK(fault_of([](Run& run) { run.tokens.clear(); }) == "run#/rounds");
    CHECK(fault_of([](Run& run) { run.tokens[2].stream = 2; }) == "run#/rounds/2");
    CHECK(fault_of([](Run& run) { run.tokens[2].position = 2; }) == "run#/rounds/2");
    CHECK(fault_of([](Run& run) { run.tokens[2].entered = Picoseconds(4); }) == "run#/rounds/2");
    CHECK(fault_of([](Run& run) { run.tokens[2].left = Picoseconds(4); }) == "run#/rounds/2");
    CHECK(fault_of([](Run& run) { run.tokens[1].left = Picoseconds(604); }) == "run#/elapsed_ps");
    CHECK(fault_of([](Run& run) { run.host = Picoseconds(301); }) == "run#/elapsed_ps");
    CHECK(fault_of([](Run& run) { run.host = Picoseconds(299); }) == "run#/elapsed_ps");
    CHECK(fault_of([](Run& run) { run.streams = 4; }) == "run#/streams");
    CHECK(fault_of([](Run& run) { run.streams = 3; }) == "run#/rounds");
    CHECK(fault_of([](Run& run) { run.streams = 1; }) == "run#/rounds/1");
    CHECK(fault_of([](Run& run) { run.machine_chips = 5; }) == "run#/geometry");
    CHECK(fault_of([](Run& run) { run.powered_chips = 1; }) == "run#/powered_chips");
    CHECK(fault_of([](Run& run) { std::swap(run.cores[0], run.cores[1]); }) == "run#/cores/1/core");
    CHECK(fault_of([](Run& run) { run.cores[1].core = 5; }) == "run#/cores/1/core");
}

TEST_CASE("faults that the run cannot have had are refused") {
    const auto faulty = [](const std::function<void(FaultRecords&)>& spoil) {
        return fault_of([&](Run& run) {
            run.faults.emplace();
            run.faults->stall = Picoseconds(7);
            run.faults->links = {{0, 0, 1, 1, 2, Picoseconds(9), 1}, {1, 0, 1, 0, 0, Picoseconds(0), 4}};
            run.faults->missed = {{1, 1, 6, 3, false}, {2, 2, -1, 0, true}};
            spoil(*run.faults);
        });
    };
    const char* const first = "run#/faults/links/0";
    const char* const second = "run#/faults/links/1";
    CHECK(faulty([](FaultRecords&) {}) == "");
    CHECK(faulty([](FaultRecords& f) { f.links[1].round = 3; }) == second);
    CHECK(faulty([](FaultRecords& f) { f.links[0].population = 3; }) == first);
    CHECK(faulty([](FaultRecords& f) { f.links[0].to = 4; }) == first);
    CHECK(faulty([](FaultRecords& f) { f.links[0].to = 3; }) == first);  // no neighbour
    CHECK(faulty([](FaultRecords& f) { f.links[0].added = Picoseconds(0); }) == first);
    CHECK(faulty([](FaultRecords& f) { f.links[1].added = Picoseconds(1); }) == second);
    CHECK(faulty([](FaultRecords& f) { f.links[1].lost = 0; }) == second);
    CHECK(faulty([](FaultRecords& f) { f.links[1].lost = INT64_MAX; }) == second);
    CHECK(faulty([](FaultRecords& f) { std::swap(f.links[0], f.links[1]); }) == second);
    CHECK(faulty([](FaultRecords& f) { f.links[1] = f.links[0]; }) == second);
    CHECK(faulty([](FaultRecords& f) { f.missed[0].messages = 0; }) == "run#/faults/slices/0");
    CHECK(faulty([](FaultRecords& f) { f.missed[1].round = 3; }) == "run#/faults/slices/1");
    CHECK(faulty([](FaultRecords& f) { f.missed[1].population = 3; }) == "run#/faults/slices/1");
    CHECK(faulty([](FaultRecords& f) { f.missed[1].core = 384; }) == "run#/faults/slices/1");
    CHECK(faulty([](FaultRecords& f) { f.missed[1].core = -2; }) == "run#/faults/slices/1/2");
}

TEST_CASE("a run of contradictory times, outputs, counts or links is refused, and says why") {
    using enum EventKind;
    struct Case {
        const char* place;
        const char* message;
        std::function<void(Run&)> spoil;
    };
    const auto on_core = [](Run& run, EventKind kind, std::int64_t count) {  // core 0 and its population
        const auto k = static_cast<std::size_t>(kind);
        run.populations[1].counts[k] += count - run.cores[0].counts[k];
        run.cores[0].counts[k] = count;
    };
    const auto silent = [](Run& run) {  // the mixer sends nothing
        for (EventCounts* counts : {&run.populations[1].counts, &run.cores[0].counts, &run.cores[1].counts})
            test::set(*counts, message, 0);
    };
    const Case cases[] = {
        {"", "", [](Run&) {}},
        {"", "", [](Run& run) { run.cores[0].busy = run.elapsed; }},
        {"cores/0/busy_ps", "longer than", [](Run& run) { run.cores[0].busy = run.elapsed + Picoseconds(1); }},
        {"", "", [](Run& run) { test::retime(run); }},
        {"steps", "no steps", [](Run& run) { test::retime(run), run.steps = 1; }},
        {"barrier_ps", "no barriers",
         [](Run& run) {
             test::retime(run);
             run.barrier = Picoseconds(1);
             run.synapses = run.synapses - Picoseconds(1);
         }},
        {"barrier_ps", "no multiple",
         [](Run& run) {
             run.barrier = run.barrier + Picoseconds(1);
             run.synapses = run.synapses - Picoseconds(1);
         }},
        {"management_ps", "no steps to manage",
         [](Run& run) {
             test::retime(run);
             run.management = Picoseconds(1);
             run.synapses = run.synapses - Picoseconds(1);
         }},
        {"management_ps", "no multiple",
         [](Run& run) {
             run.management = run.management + Picoseconds(1);
             run.synapses = run.synapses - Picoseconds(1);
         }},
        {"", "",
         [](Run& run) {
             run.management = Picoseconds(run.steps);
             run.synapses = run.synapses - Picoseconds(run.steps);
         }},
        {"steps", "at most one", [](Run& run) { run.steps = 2; }},
        {"steps", "take part in", [](Run& run) { run.steps = 3; }},
        {"", "",
         [](Run& run) {
             run = test::run_without_cores();
             run.steps = 3;
         }},
        {"", "",
         [](Run& run) {
             for (auto& token : run.tokens) token.output = -1;
         }},
        {"rounds/3", "prefill goes on", [](Run& run) { run.mode = RunMode::prefill; }},
        {"rounds/3", "had sampled", [](Run& run) { run.tokens[3].input = 1; }},
        {"", "", [](Run& run) { run.tokens[3].output = -1; }},
        {"rounds/3", "goes on after",
         [](Run& run) {
             run.tokens[1].output = run.tokens[2].input;
             run.tokens[2].output = -1;
         }},
        {"chip_links/0", "no chip 8", [](Run& run) { run.links[0].to = 8; }},
        {"chip_links/0", "not neighbours", [](Run& run) { run.links[0].to = 0; }},
        {"chip_links/0", "not neighbours", [](Run& run) { run.links[0].to = 5; }},
        {"chip_links/0", "not neighbours",
         [](Run& run) {
             run.links[0] = {3, 4, 7};
         }},  // the ends of two rows
        {"", "", [](Run& run) { run.links[0].to = 4; }},
        {"chip_links/0", "carried nothing", [](Run& run) { run.links[0].flits = 0; }},
        {"chip_links/1", "ascending",
         [](Run& run) {
             run.links = {{0, 1, 3}, {0, 1, 4}};
         }},
        {"chip_links", "0 flits", [](Run& run) { run.links.clear(); }},
        {"chip_links", "8 flits", [](Run& run) { run.links[0].flits = 8; }},
        {"populations/0/counts", "neuron_update of",
         [](Run& run) { test::set(run.populations[0].counts, neuron_update, 1); }},
        {"populations/1/counts", "host_update of",
         [](Run& run) { test::set(run.populations[1].counts, host_update, 1); }},
        {"populations/1/counts", "int8 synapses", [&](Run& run) { on_core(run, synop_ternary, 1); }},
        {"", "", [&](Run& run) { silent(run), on_core(run, skipped, 18); }},
        {"populations/1/counts", "16 messages, where 0", [&](Run& run) { on_core(run, skipped, 18); }},
        {"populations/1/counts", "21 zero messages", [&](Run& run) { on_core(run, skipped, 19); }},
        {"populations/0/counts", "17 zero messages of 16 firings",
         [](Run& run) { test::set(run.populations[0].counts, skipped, 17); }},
        {"populations/1/layer", "no layer 3", [](Run& run) { run.populations[1].layer = 3; }},
        {"cores/0/layer", "layer 3", [](Run& run) { run.cores[0].layer = 3; }},
        {"cores/0/layer", "layer 0", [](Run& run) { run.cores[0].layer = 0; }},  // that of the host's alone
        {"cores", "on no core", [](Run& run) { run.cores[0].counts[0] -= 1; }},
        {"cores/2/counts", "more on cores", [](Run& run) { run.cores[0].counts[0] += 1; }},
        {"", "", [](Run& run) { run.populations[0].counts[0] += 1, run.cores[0].counts[0] += 1; }},
        {"populations/0/counts", "evaluation of",
         [](Run& run) { test::set(run.populations[0].counts, evaluation, 1); }},
        {"populations/0/counts", "16 updates of 3 neurons in 4 tokens",
         [](Run& run) { run.populations[0].neurons = 3; }},
        {"populations/1/counts", "640 evaluations of 19", [](Run& run) { run.populations[1].neurons = 19; }},
        {"populations/1/counts", "641 evaluations of 20", [&](Run& run) { on_core(run, evaluation, 321); }},
        {"populations/1/counts", "640 evaluations of 20 neurons, which were updated 20 times in 0 steps",
         [&](Run& run) {
             test::retime(run);
             on_core(run, evaluation, 10 + 620);
         }},
        {"populations/1/counts", "17 messages", [&](Run& run) { on_core(run, message, 9); }},
        {"", "", [&](Run& run) { on_core(run, message, 7); }},
        {"populations/0/counts", "65 messages, where 64",
         [](Run& run) { test::set(run.populations[0].counts, message, 65); }},
        {"populations/1/messages", "in a run of tokens", [](Run& run) { run.populations[1].messages = {16}; }},
    };
    int at = 0;
    for (const Case& each : cases) {
        INFO(at++ << ": " << each.place << ": " << each.message);
        Run run = test::tiny_run();
        each.spoil(run);
        const auto sound = check_run(run, "run#");
        CHECK((sound ? "" : sound.error().place) == (*each.place == 0 ? "" : std::string("run#/") + each.place));
        CHECK_THAT(sound ? "" : sound.error().message, test::contains(each.message));
    }
}

TEST_CASE("messages over time that contradict the rest of a network's run are refused") {
    using enum EventKind;
    struct Case {
        const char* place;
        const char* message;
        std::function<void(Run&)> spoil;
    };
    const Case cases[] = {
        {"", "", [](Run&) {}},
        {"mode", "generate nothing", [](Run& run) { run.mode = RunMode::generate; }},
        {"streams", "2 streams",
         [](Run& run) {
             run.streams = 2;
             run.tokens[1].stream = 1;
             run.tokens[1].position = 0;
             for (int t = 2; t < 8; ++t) run.tokens[static_cast<std::size_t>(t)].position = t - 1;
         }},
        {"rounds/2", "ids of tokens", [](Run& run) { run.tokens[2].input = 1; }},
        {"rounds/7", "ids of tokens", [](Run& run) { run.tokens[7].output = 0; }},
        {"populations/1/messages", "7 time bins, where 8", [](Run& run) { run.populations[1].messages.pop_back(); }},
        {"populations/1/messages", "9 time bins", [](Run& run) { run.populations[1].messages.push_back(0); }},
        {"populations/1/messages", "31 of 31 messages are in no",
         [](Run& run) { run.populations[1].messages.clear(); }},
        {"populations/1/messages", "1 of 31 messages are in no", [](Run& run) { run.populations[1].messages[1] -= 1; }},
        {"populations/1/messages", "more messages", [](Run& run) { run.populations[1].messages[0] += 1; }},
        {"populations/1/messages/2", "21 messages in a bin", [](Run& run) { run.populations[1].messages[2] += 1; }},
        {"", "", [](Run& run) { std::swap(run.populations[1].messages[0], run.populations[1].messages[2]); }},
        {"populations/0/messages", "more messages",
         [](Run& run) { run.populations[0].messages = {1, 0, 0, 0, 0, 0, 0, 0}; }},
        {"", "", [](Run& run) { run.populations[0].messages.resize(8); }},
    };
    int at = 0;
    for (const Case& each : cases) {
        INFO(at++ << ": " << each.place << ": " << each.message);
        Run run = test::tiny_network_run();
        each.spoil(run);
        const auto sound = check_run(run, "run#");
        CHECK((sound ? "" : sound.error().place) == (*each.place == 0 ? "" : std::string("run#/") + each.place));
        CHECK_THAT(sound ? "" : sound.error().message, test::contains(each.message));
    }
}

TEST_CASE("time bins are as narrow as their largest number allows, and cover every round once") {
    struct Case {
        std::int64_t rounds, width, bins;
    };
    for (const Case& c : {Case{1, 1, 1}, Case{127, 1, 127}, Case{128, 1, 128}, Case{129, 2, 65}, Case{256, 2, 128},
                          Case{257, 3, 86}, Case{2000, 16, 125}, Case{most_tokens, 16777216, 128}}) {
        INFO(c.rounds);
        CHECK(time_bin_width(c.rounds) == c.width);
        CHECK(time_bins(c.rounds) == c.bins);
        CHECK(c.bins <= most_time_bins);
        CHECK(c.width * (c.bins - 1) < c.rounds);
        CHECK(c.width * c.bins >= c.rounds);
    }
}
