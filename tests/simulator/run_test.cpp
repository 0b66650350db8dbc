#include "simulator/run.hpp"

#include <type_traits>

#include "core/files.hpp"
#include "simulator/json_fields.hpp"
#include "tests/simulator/sample_run.hpp"
#include "tests/simulator/tiny_run.hpp"

using namespace tephra;
using test::fault_of, test::sample_run, test::text_of;

static_assert(std::is_constructible_v<FieldReader, const Json&, std::string>);
static_assert(!std::is_constructible_v<FieldReader, Json, std::string>, "a reader keeps no temporary");
static_assert(std::is_constructible_v<RowReader, ObjectReader&, std::string, const Json&>);
static_assert(!std::is_constructible_v<RowReader, ObjectReader&, std::string, Json>);

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
    CHECK(read->tokens.at(1).left == run.tokens[1].left);
    CHECK(read->populations.at(1).counts == run.populations[1].counts);
    CHECK(read->populations.at(1).neurons == 1 << 20);
    CHECK(read->populations.at(1).messages.empty());
    CHECK(read->round == RoundKind::token);
    CHECK(read->cores.at(2).core == 300);
    CHECK(read->cores.at(1).counts == run.cores[1].counts);
    CHECK(read->links.at(0).flits == 1234567890123);
    CHECK(read->geometry == run.geometry);
    CHECK(read->trace == run.trace);
}

TEST_CASE("messages over time are written and read back") {
    const Run run = test::tiny_network_run();
    const std::string text = text_of(run);
    const auto read = parse_run(text, "run");
    REQUIRE(read);
    CHECK(read->round == RoundKind::time_step);
    CHECK(read->populations.at(1).messages == run.populations[1].messages);
    CHECK(text_of(*read) == text);
    for (const char* wrong : {"[0, 3, 20, 5, 0, 1, 0, -2]", "[0, 3, 20, 5, 0, 1, 0, 2.5]", "3"}) {
        std::string damaged = text;
        const std::string messages = "[0, 3, 20, 5, 0, 1, 0, 2]";
        const auto at = damaged.find("\"messages\": " + messages);
        REQUIRE(at != std::string::npos);
        damaged.replace(at + 12, messages.size(), wrong);
        const auto refused = parse_run(damaged, "run");
        REQUIRE_FALSE(refused);
        CHECK_THAT(refused.error().place, test::contains("#/populations/1/messages"));
    }
}

TEST_CASE("totals add up over populations") {
    const Run run = sample_run();
    const auto kind = EventKind::hop_y;
    const auto index = static_cast<std::size_t>(kind);
    CHECK(total(run, kind) == run.populations[0].counts[index] + run.populations[1].counts[index]);
}

TEST_CASE("a damaged run file names the place of the fault") {
    const test::TemporaryPath path("run.json");
    const std::string text = text_of(sample_run());
    struct Case {
        std::string from, to, place;
    };
    const Case cases[] = {
        {"\"mode\": \"prefill\"", "\"mode\": \"prefil\"", "#/mode"},
        {"\"steps\": 0", "\"steps\": -1", "#/steps"},
        {"\"steps\": 0", "\"stepps\": 0", "#/steps"},
        {"\"trace\": \"", "\"trace\": \"x", "#/trace"},
        {"\"message_in\"", "\"message_on\"", "#/event_kinds"},
        {"\"layer\": 1", "\"layer\": \"1\"", "#/populations/1/layer"},
        {"\"seed\": \"18446744073709551615\"", "\"seed\": \"18446744073709551616\"", "#/seed"},
        {"\"seed\": \"18446744073709551615\"", "\"seed\": \"-1\"", "#/seed"},
        {"\"seed\": \"18446744073709551615\"", "\"seed\": \"\"", "#/seed"},
        {"\"synapse_format\": \"int8\"", "\"synapse_format\": \"int4\"", "#/synapse_format"},
        {"1234567890123", "12345678901234567890", "#/chip_links/0/2"},
        {"1234567890123", "1234567890123, 1", "#/chip_links/0"},
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

TEST_CASE("every number of a run is taken at its limits and refused beyond them") {
    const std::int64_t longest = longest_time.value() - 1;
    const auto limits = [](const char* place, std::int64_t last, std::int64_t first_beyond, const auto& set) {
        INFO(place << ": " << last << ", " << first_beyond);
        CHECK(fault_of([&](Run& run) { set(run, last); }) == "");
        CHECK(fault_of([&](Run& run) { set(run, first_beyond); }) == std::string("run#/") + place);
    };
    const auto both = [&](const char* place, std::int64_t min, std::int64_t max, const auto& set) {
        limits(place, min, min - 1, set);
        if (max < INT64_MAX) limits(place, max, max + 1, set);
    };
    both("parameters", 0, INT64_MAX, [](Run& run, std::int64_t v) { run.parameters = v; });
    limits("steps", 0, -1, [](Run& run, std::int64_t v) { run.steps = v; });
    both("rounds/1/3", -1, INT32_MAX, [](Run& run, std::int64_t v) {
        if (v <= INT32_MAX)
            run.tokens[1].output = static_cast<std::int32_t>(v);
        else
            run.tokens[1].output = -2;
    });
    limits("rounds/0/2", 0, -1, [](Run& run, std::int64_t v) { run.tokens[0].input = static_cast<std::int32_t>(v); });
    both("populations/1/layer", 0, 2, [](Run& run, std::int64_t v) {
        run.populations[1].layer = run.cores[0].layer = run.cores[1].layer = static_cast<int>(v);
    });
    limits("populations/1/layer", (1 << 20) - 1, 1 << 20, [](Run& run, std::int64_t v) {
        run.layers.resize(1 << 20, "more");
        run.populations[1].layer = run.cores[0].layer = run.cores[1].layer = static_cast<int>(v);
    });
    limits("cores/0/layer", 0, -1, [](Run& run, std::int64_t v) {
        run.populations[2].layer = run.cores[2].layer = 0;
        run.cores[0].layer = static_cast<int>(v);
    });
    both("cores/0/busy_ps", 0, longest, [](Run& run, std::int64_t v) { run.cores[0].busy = Picoseconds(v); });
    limits("cores/0/counts/3", 0, -1, [](Run& run, std::int64_t v) { run.cores[0].counts[3] = v; });
    limits("populations/0/counts/3", 0, -1, [](Run& run, std::int64_t v) { run.populations[0].counts[3] = v; });
    limits("chip_links/0/2", 1234567890123, -1, [](Run& run, std::int64_t v) { run.links[0].flits = v; });
    limits("chip_links/0/0", 0, -1, [](Run& run, std::int64_t v) { run.links[0].from = static_cast<int>(v); });
    limits("chip_links/0", 3, 4, [](Run& run, std::int64_t v) {
        run.links[0].from = 2;
        run.links[0].to = static_cast<int>(v);
    });
    limits("cores/2/core", 4 * 96 - 1, 4 * 96,
           [](Run& run, std::int64_t v) { run.cores[2].core = static_cast<std::int32_t>(v); });
    limits("elapsed_ps", longest, longest + 1, [](Run& run, std::int64_t v) {
        run.tokens[0].entered = Picoseconds(0);
        run.elapsed = run.tokens[2].left = run.host = Picoseconds(v);
        run.synapses = run.neurons = run.sending = run.network = Picoseconds(0);
    });
    // The machine's limits; more cores a tile than 64 are no machine.
    limits("geometry/5", 64, 65, [](Run& run, std::int64_t v) {
        run.geometry.cores_per_tile = static_cast<int>(v);
        run.powered_chips = 1;
    });
    limits("geometry/3", 256, 257, [](Run& run, std::int64_t v) {
        run.geometry.tiles_x = static_cast<int>(v);
        run.powered_chips = 1;
    });
    limits("geometry/0", 1024, 1025, [](Run& run, std::int64_t v) {
        run.geometry = {static_cast<int>(v), 1, 1, 8, 4, 3};
        run.machine_chips = static_cast<int>(v);
        run.cores.back().core = 100;
    });
}
