#include "simulator/cost_table.hpp"

#include "core/data_files.hpp"
#include "core/files.hpp"
#include "core/json.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

std::string shipped(const std::string& name) {
    return *read_file(std::string(TEPHRA_MACHINES) + "/costs/" + name + ".json");
}

/// The shipped Loihi 2 table with one piece of text replaced.
std::string edited(const std::string& from, const std::string& to) {
    std::string text = shipped("loihi2");
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

void refuses(const std::string& text, const std::string& place, const std::string& message) {
    const auto table = parse_cost_table(text, "t.json");
    REQUIRE_FALSE(table);
    INFO(to_string(table.error()));
    CHECK(table.error().code == ErrorCode::bad_input);
    CHECK(table.error().place == place);
    CHECK(table.error().message.find(message) != std::string::npos);
}

}  // namespace

TEST_CASE("the shipped cost tables price every kind with a source and a sound range") {
    const auto names = data_file_names("machines/costs");
    CHECK(names == std::vector<std::string>{"generic", "loihi1", "loihi2"});
    for (const auto& name : names) {
        const auto table = find_cost_table(name);
        INFO(name << ": " << (table ? "" : to_string(table.error())));
        REQUIRE(table);
        CHECK(table->name == name);
        CHECK_FALSE(table->about.empty());
        for (const auto& price : table->energy) {
            CHECK_FALSE(price.source.empty());
            CHECK(price.low <= price.value);
            CHECK(price.value <= price.high);
        }
        CHECK((*table)[EventKind::synop_int8].value > 0);
        CHECK((*table)[EventKind::neuron_update].value > 0);
        CHECK(table->chip_static.value > 0);
        CHECK_FALSE(table->chip_step.source.empty());
        CHECK(table->scope == PowerScope::neurocores);
        CHECK_FALSE(table->chip_system.source.empty());
    }
}

TEST_CASE("the Loihi 2 prices follow from the published single-chip rows") {
    // The arithmetic of docs/validation.md, section "Prices of Loihi 2".
    const double interval = 1 / 13965.0, energy = 2.8e-3 / 24;  // s and J of one block and token, prefill
    const double d = 1024, f = 2816;
    const double synops = 4 * d * d + 3 * d * f, updates = 6 * d + 2 * f + 4;
    const double packets = d * 25 + d * 31 + d * 44 + f * 31;
    const double hops_x = packets * 2 * 2.625, hops_y = packets * 2 * 1.25, local = packets * 4;
    const double neuron = (51.2 + 21.6) / 2 + 69.3 / 10;
    const double loihi1 =
        synops * 35.5 / 5 + updates * neuron + packets * 111 / 10 + hops_x * 1.5 + hops_y * 2.1 + local * 0.425;
    const double step = (0.47 - 0.232) * 1.77e-6;  // J of a chip's step; section "Power of a Loihi 2 system"
    const double scale = (energy - 0.232 * interval - step) * 1e12 / loihi1;
    const auto table = find_cost_table("loihi2");
    REQUIRE(table);
    const auto value = [&](EventKind kind) { return (*table)[kind]; };
    CHECK(scale == Approx(1.031).epsilon(0.001));
    CHECK(value(EventKind::synop_int8).value == Approx(scale * 35.5 / 5).epsilon(0.002));
    CHECK(value(EventKind::neuron_update).value == Approx(scale * neuron).epsilon(0.002));
    CHECK(value(EventKind::message_out).value == Approx(scale * 11.1).epsilon(0.005));
    CHECK(value(EventKind::hop_x).value == Approx(scale * 1.5).epsilon(0.005));
    CHECK(value(EventKind::hop_y).value == Approx(scale * 2.1).epsilon(0.005));
    CHECK(value(EventKind::hop_local).value == Approx(scale * 0.425).epsilon(0.005));
    CHECK(value(EventKind::neuron_update).high == Approx((68.3e-6 - step) / 158'509 * 1e12).epsilon(0.002));
    const double others = updates * 428 + packets * 111 + hops_x * 3 + hops_y * 4.2 + local * 1.7;
    CHECK(value(EventKind::synop_int8).low ==
          Approx(((energy - 0.402 * interval - (0.47 - 0.12) * 1.77e-6) * 1e12 - others) / synops).epsilon(0.01));
    CHECK(value(EventKind::synop_int8).high ==
          Approx((energy - 0.162 * interval - step) * 1e12 / synops).epsilon(0.01));
    const double steps = 24 * 195 * step;  // of 24 chips; 196 steps a token generated, 1 in a pipeline
    CHECK(table->chip_static.low == Approx((59e-3 - 2.8e-3 - steps) / 24 / (1 / 71.3 - interval) * 1e3).epsilon(0.01));
    CHECK(table->chip_static.high == Approx(232.0 / 74 * 128).epsilon(0.01));
}

TEST_CASE("the power of a Loihi 2 system follows from boards that were measured") {
    // The arithmetic of docs/validation.md, section "Power of a Loihi 2 system".
    const auto table = find_cost_table("loihi2");
    REQUIRE(table);
    CHECK(table->chip_step.value == Approx((0.47 - 0.232) * 1.77e6).epsilon(0.01));
    CHECK(table->chip_step.low == Approx((0.47 - 0.282) * 1.77e6).epsilon(0.01));
    CHECK(table->chip_step.high == Approx((0.47 - 0.12) * 1.77e6).epsilon(0.01));
    REQUIRE(table->system_included);
    CHECK(table->scopes() == std::vector<PowerScope>{PowerScope::neurocores, PowerScope::system});
    CHECK(table->chip_static.value + table->chip_system.value == Approx(16050.0 / 16).epsilon(0.001));
    const double generate = 405 * 41.5e-3, prefill = 3.7 * 6.632, active = (prefill - generate) / 23;  // W
    CHECK(table->chip_system.low == Approx(1e3 * (generate - active) / 24 - 232).epsilon(0.01));
    CHECK(table->chip_system.high == Approx(1780 - 250));
}

TEST_CASE("a table says what its power includes, and what it cannot include") {
    const std::string system = "\"chip_system_mw\": {\"value\": 771, \"low\": 454, \"high\": 1530, ";
    const auto none =
        parse_cost_table(edited(system, "\"chip_system_mw\": {\"value\": null, \"note\": \"\", "), "t.json");
    REQUIRE_FALSE(none);
    const auto board = parse_cost_table(edited("\"neurocores\"", "\"board\""), "t.json");
    REQUIRE(board);
    CHECK(board->scopes() == std::vector<PowerScope>{PowerScope::board, PowerScope::system});
    CHECK(parse_cost_table(edited("\"neurocores\"", "\"chips\""), "t.json")->scope == PowerScope::neurocores);
    refuses(edited("\"neurocores\"", "\"room\""), "t.json#/power_includes", "room");
    refuses(edited("\"neurocores\"", "\"system\""), "t.json#/power/chip_system_mw", "system's already");
    const auto read = [](const std::string& power) {
        std::string text = shipped("generic");
        const auto at = text.find("\"chip_system_mw\"");
        REQUIRE(at != std::string::npos);
        return text.substr(0, at) + power + "}}";
    };
    const std::string no_host = "\"host_mw\": {\"value\": null, \"source\": \"s\"}";
    const std::string host = "\"host_mw\": {\"value\": 5, \"kind\": \"cited\", \"source\": \"s\"}";
    const auto old = parse_cost_table(read(no_host), "t.json");  // a table from before there were scopes
    REQUIRE(old);
    CHECK_FALSE(old->system_included);
    CHECK(old->chip_system.source == "the table has no chip_system_mw");
    refuses(read("\"chip_system_mw\": {\"value\": null, \"source\": \"\"}, " + no_host),
            "t.json#/power/chip_system_mw/source", "needs its reason");
    refuses(read(host), "t.json#/power/host_mw", "belongs to a system");
    CHECK(parse_cost_table(read("\"chip_system_mw\": {\"value\": 1, \"kind\": \"cited\", \"source\": \"s\"}, " + host),
                           "t.json"));
}

TEST_CASE("cost tables with faults are refused with their place") {
    refuses(edited("\"hop_x_pj\"", "\"hop_z_pj\""), "t.json#/events/hop_x_pj", "missing");
    refuses(
        edited("\"hop_x_pj\"", "\"hop_z_pj\": {\"value\": 0, \"kind\": \"cited\", \"source\": \"s\"}, \"hop_x_pj\""),
        "t.json#/events/hop_z_pj", "unknown key");
    refuses(edited("\"value\": 7.32", "\"value\": -7.32"), "t.json#/events/synop_ternary_pj/value", "out of range");
    refuses(edited("\"value\": 232", "\"value\": 532"), "t.json#/power/chip_static_mw/value", "outside of its range");
    refuses(edited("\"value\": 232, \"low\": 162", "\"value\": 232"), "t.json#/power/chip_static_mw/low", "both ends");
    refuses(edited("\"kind\": \"measured\"", "\"kind\": \"guessed\""), "t.json#/power/chip_static_mw/kind", "guessed");
    refuses(edited("\"chip_static_mw\"", "\"chip_static_w\""), "t.json#/power/chip_static_mw", "missing");
    refuses(edited("\"host_mw\"", "\"host_w\""), "t.json#/power/host_mw", "missing");
    refuses(edited("\"power_includes\": \"neurocores\",", ""), "t.json#/power_includes", "missing");
    refuses("[]", "t.json#", "expected an object");
    refuses("{", "t.json byte 2", "not valid JSON");
    refuses(R"({"name":"a","about":"b","power_includes":"chips","machine_kinds":[]})", "t.json#/events", "missing");
    const std::string zero = R"("hop_x_pj": {"value": 0, "kind": "cited", "source": ""}, "unused": {)";
    refuses(edited("\"hop_x_pj\": {", zero), "t.json#/events/hop_x_pj/source", "zero price needs its reason");
}

TEST_CASE("an unknown cost table names its neighbours") {
    const auto table = find_cost_table("lohi2");
    REQUIRE_FALSE(table);
    CHECK(table.error().hint.find("did you mean \"loihi2\"") != std::string::npos);
}

TEST_CASE("prices go from zero to their limit") {
    const std::string entry = "\"host_flit_pj\": {\"value\": 96, \"low\": 32, \"high\": 320";
    for (const char* good : {"\"value\": 0", "\"value\": 1e9", "\"value\": 0, \"low\": 0, \"high\": 1e9"})
        CHECK(parse_cost_table(edited(entry, "\"host_flit_pj\": {" + std::string(good)), "t.json"));
    refuses(edited(entry, "\"host_flit_pj\": {\"value\": 1000000001"), "t.json#/events/host_flit_pj/value", "");
    refuses(edited(entry, "\"host_flit_pj\": {\"value\": -1e-9"), "t.json#/events/host_flit_pj/value", "");
    refuses(edited(entry, "\"host_flit_pj\": {\"value\": 1, \"low\": 0, \"high\": 0.5"),
            "t.json#/events/host_flit_pj/value", "outside of its range");
}

TEST_CASE("kinds of events that came later may have no price, and then say so") {
    for (const EventKind kind : {EventKind::evaluation, EventKind::message}) {
        const std::string key = std::string(event_name(kind)) + "_pj";
        const auto without = parse_cost_table(edited("\"hop_x_pj\"", "\"hop_x_pj\""), "t.json");
        REQUIRE(without);
        if (shipped("loihi2").find("\"" + key + "\"") != std::string::npos) continue;
        CHECK((*without)[kind].high == 0);
        CHECK_THAT((*without)[kind].source, test::contains("the table has no " + key));
        const std::string entry = "\"" + key + "\": {\"value\": 2, \"kind\": \"cited\", \"source\": \"s\"}, ";
        const auto with = parse_cost_table(edited("\"hop_x_pj\"", entry + "\"hop_x_pj\""), "t.json");
        REQUIRE(with);
        CHECK((*with)[kind].value == 2);
    }
}
