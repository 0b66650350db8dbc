// The memory behind the core's port: every word once and in order, whatever the timing.
#include "backends/fpga/memory_model.hpp"

#include <numeric>
#include <vector>

#include "tests/catch.hpp"

using namespace tephra::fpga;

namespace {

struct Outcome {
    std::vector<std::uint32_t> words;
    int cycles = 0;
};

/// Reads two regions as fast as the memory gives them.
Outcome read(const MemoryTiming& timing) {
    std::vector<std::uint32_t> data(200);
    std::iota(data.begin(), data.end(), 0U);
    MemoryModel memory(data, 2, timing);
    Outcome outcome;
    int commands = 0;
    while (outcome.words.size() < 60 && outcome.cycles < 5000) {
        const bool take = memory.valid();
        if (take) outcome.words.push_back(memory.word()[0]);
        const bool command = commands < 2 && memory.command_ready();
        memory.step(command, commands == 0 ? 10 : 60, commands == 0 ? 20 : 40, take);
        if (command) ++commands;
        ++outcome.cycles;
    }
    REQUIRE(!memory.overran());
    return outcome;
}

}  // namespace

TEST_CASE("a memory gives each word once and in order, with its latency, gaps and refreshes") {
    std::vector<std::uint32_t> want;
    for (std::uint32_t w = 10; w < 30; ++w) want.push_back(2 * w);
    for (std::uint32_t w = 60; w < 100; ++w) want.push_back(2 * w);
    const Outcome ideal = read({});
    CHECK(ideal.words == want);
    const Outcome slow = read({.latency = 20});
    CHECK(slow.words == want);
    CHECK(slow.cycles == ideal.cycles + 2 * 19);
    const Outcome bursts = read({.burst = 4, .burst_gap = 3});
    CHECK(bursts.words == want);
    CHECK(bursts.cycles == ideal.cycles + 3 * (4 + 9));
    const Outcome refreshed = read({.refresh_interval = 10, .refresh_length = 2});
    CHECK(refreshed.words == want);
    CHECK(refreshed.cycles > ideal.cycles + 10);
    const Outcome paused = read({.pause = 0.5, .pause_seed = 3});
    CHECK(paused.words == want);
    CHECK(paused.cycles > ideal.cycles + 30);
}

TEST_CASE("a command beyond the data is a fault, and nothing is read for it") {
    const std::vector<std::uint32_t> data(8);
    for (const std::uint32_t count : {9U, 0U}) {
        MemoryModel memory(data, 1, {});
        memory.step(true, 0, count, false);
        CHECK(memory.overran());
        for (int n = 0; n < 5; ++n) memory.step(false, 0, 0, false);
        CHECK(!memory.valid());
    }
    MemoryModel memory(data, 1, {});
    memory.step(true, 0, 8, false);
    CHECK(!memory.overran());
}
