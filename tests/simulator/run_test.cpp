#include "simulator/run.hpp"

#include "core/files.hpp"
#include "core/philox.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

EventCounts random_counts(std::uint64_t id) {
    EventCounts counts{};
    for (std::size_t k = 0; k < event_kinds; ++k)
        counts[k] = static_cast<std::int64_t>(random_words(1, 2, id, static_cast<std::uint32_t>(k))[0]) << 20;
    return counts;
}

Run sample_run() {
    Run run;
    run.version = "0.1.0";
    run.model_name = "a \"model\"\n";
    run.machine_name = "kapoho-point";
    run.machine_kind = "loihi2";
    run.model = hash128("model");
    run.machine = hash128("machine");
    run.mapping = hash128("mapping");
    run.trace = hash128("trace");
    run.parameters = 7227904;
    run.mode = RunMode::prefill;
    run.sync = SyncMode::dataflow;
    run.noc = NocMode::contended;
    run.streams = 3;
    run.seed = UINT64_MAX;
    run.synapse_format = "int8";
    run.head_on_host = true;
    run.powered_chips = 7;
    run.machine_chips = 8;
    run.geometry = {4, 2, 1, 8, 4, 3};
    run.elapsed = Picoseconds(INT64_MAX);
    run.compute = Picoseconds(11);
    run.network = Picoseconds(12);
    run.barrier = Picoseconds(13);
    run.host = Picoseconds(14);
    run.steps = 77;
    run.tokens = {{0, 1, 2, -1, Picoseconds(3), Picoseconds(4)}, {2, 0, 4095, 17, Picoseconds(5), Picoseconds(600)}};
    run.populations = {{"embedding", -1, true, random_counts(1)}, {"block0.mixer", 0, false, random_counts(2)}};
    run.cores = {{5, 0, random_counts(3), Picoseconds(9)}};
    run.links = {{0, 1, 1234567890123}};
    run.text = "Café, \xE2\x82\xAC";
    return run;
}

}  // namespace

TEST_CASE("a run is written and read back equal") {
    const test::TemporaryPath first("run.json"), second("run2.json");
    const Run run = sample_run();
    REQUIRE(write_run(run, first.str()));
    const auto read = read_run(first.str());
    REQUIRE(read);
    REQUIRE(write_run(*read, second.str()));
    CHECK(*read_file(first.str()) == *read_file(second.str()));
    CHECK(read->seed == run.seed);
    CHECK(read->text == run.text);
    CHECK(read->elapsed == run.elapsed);
    CHECK(read->tokens.at(1).output == 17);
    CHECK(read->populations.at(1).counts == run.populations[1].counts);
    CHECK(read->trace == run.trace);
}

TEST_CASE("totals add up over populations") {
    const Run run = sample_run();
    const auto kind = EventKind::hop_y;
    const auto index = static_cast<std::size_t>(kind);
    CHECK(total(run, kind) == run.populations[0].counts[index] + run.populations[1].counts[index]);
}

TEST_CASE("a damaged run file names the place of the fault") {
    const test::TemporaryPath path("run.json");
    REQUIRE(write_run(sample_run(), path.str()));
    const std::string text = *read_file(path.str());
    struct Case {
        std::string from, to, place;
    };
    const Case cases[] = {
        {"\"mode\": \"prefill\"", "\"mode\": \"prefil\"", "#/mode"},
        {"\"steps\": 77", "\"steps\": -77", "#/steps"},
        {"\"steps\": 77", "\"stepps\": 77", "#/steps"},
        {"\"trace\": \"", "\"trace\": \"x", "#/trace"},
        {"\"message_in\"", "\"message_on\"", "#/event_kinds"},
        {"\"block\": 0", "\"block\": \"0\"", "#/populations/1/block"},
    };
    for (const Case& c : cases) {
        INFO(c.to);
        std::string damaged = text;
        const auto at = damaged.find(c.from);
        REQUIRE(at != std::string::npos);
        damaged.replace(at, c.from.size(), c.to);
        REQUIRE(write_file(path.str(), damaged));
        const auto read = read_run(path.str());
        REQUIRE_FALSE(read);
        CHECK(read.error().code == ErrorCode::bad_input);
        CHECK(read.error().place.find(c.place) != std::string::npos);
    }
}
