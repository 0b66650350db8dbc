#include "simulator/spiking/repeat_network.hpp"

#include "mapper/machine.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

const std::string bench = R"("machine": "oheo-gulch", "costs": "loihi2", "noc": "contended", "steps": 20)";

LedgerRow row_of(const std::string& repeat, const std::vector<std::string>& units) {
    LedgerRow row;
    row.id = "row";
    row.repeat = parse_json(repeat, "repeat").value();
    for (const std::string& unit : units) {
        LedgerFigure figure;
        figure.unit = unit;
        if (unit.starts_with("uJ") || unit == "W") figure.scope = PowerScope::neurocores;
        row.figures.push_back(figure);
    }
    return row;
}

std::string network(const std::string& populations, const std::string& connections = "[]") {
    return R"({"kind": "network", )" + bench + R"(, "populations": )" + populations + R"(, "connections": )" +
           connections + "}";
}

std::string population(int neurons, const std::string& program, double share, int cores) {
    return R"({"neurons": )" + std::to_string(neurons) + R"(, "program": ")" + program + R"(", "share": )" +
           std::to_string(share) + R"(, "cores": )" + std::to_string(cores) + "}";
}

}  // namespace

TEST_CASE("a silent network takes the time of its fullest core's neurons and the barrier") {
    const Machine machine = find_machine("oheo-gulch").value();
    const auto result = repeat_network(
        row_of(network("[" + population(100, "microcode", 0, 2) + ", " + population(300, "microcode", 0, 1) + "]"),
               {"us/step", "synops/step", "uJ/step", "W", "us/inference"}),
        1);
    if (!result) FAIL(to_string(result.error()));
    REQUIRE(result->figures.size() == 5);
    const Picoseconds step = machine.timing.of(NeuronProgram::microcode) * 300 + machine.barrier.base +
                             machine.barrier.per_tile * 1 + machine.barrier.per_chip;
    CHECK(*result->figures[0].value == Approx(1e6 * seconds(step)).epsilon(0.08));  // the host's steps are shorter
    CHECK(*result->figures[1].value == 0);
    CHECK(*result->figures[2].value ==
          Approx(*result->figures[3].value * *result->figures[0].value).epsilon(0.12));  // few steps
    CHECK(*result->figures[3].value > 0.232);                                            // what the chip draws at rest
    CHECK_FALSE(result->figures[4].value);
}

TEST_CASE("every neuron that sends meets a weight for each target, and figures may have shapes of their own") {
    LedgerRow row = row_of(
        network("[" + population(50, "fixed_function", 1, 2) + "]", R"([{"from": 0, "to": 0, "synapses": "dense"}])"),
        {"synops/step", "synops/step/core", "synops/step"});
    row.figures[2].at = parse_json(R"({"neurons": [20], "cores": [4]})", "at").value();
    const auto result = repeat_network(row, 2);
    if (!result) FAIL(to_string(result.error()));
    CHECK(*result->figures[0].value == 50 * 50);
    CHECK(*result->figures[1].value == 50 * 25);
    CHECK(*result->figures[2].value == 20 * 20);
}

TEST_CASE("where the activity is not known, ranges hold what comes out at both of its ends") {
    const std::string dense = R"([{"from": 0, "to": 0, "synapses": "dense"}])";
    std::string recipe = network("[" + population(100, "fixed_function", 0.2, 2) + "]", dense);
    const auto plain = repeat_network(row_of(recipe, {"synops/step", "us/step", "uJ/step"}), 1);
    if (!plain) FAIL(to_string(plain.error()));
    CHECK(*plain->figures[0].low == *plain->figures[0].high);
    recipe.insert(recipe.size() - 1, R"(, "activity": {"low": 0, "high": 5}, "inference_steps": 10)");
    LedgerRow row = row_of(recipe, {"synops/step", "us/step", "uJ/step", "uJ/inference", "us/step"});
    row.figures[4].at = parse_json(R"({"needs": "wings"})", "at").value();
    const auto ranged = repeat_network(row, 1);
    if (!ranged) FAIL(to_string(ranged.error()));
    CHECK(*ranged->figures[0].low == 0);
    CHECK(*ranged->figures[0].value == *plain->figures[0].value);
    CHECK(*ranged->figures[0].high == 100 * 100);
    CHECK(*ranged->figures[1].low < *ranged->figures[1].high);
    CHECK(*ranged->figures[2].low < *plain->figures[2].low);
    CHECK(*ranged->figures[2].high > *plain->figures[2].high);
    CHECK(*ranged->figures[3].value == Approx(10 * *ranged->figures[2].value));
    CHECK(ranged->figures[4].why_not == "cannot be repeated yet: it needs wings");
    recipe.replace(recipe.find(R"("high": 5)"), 9, R"("high": 6)");  // more neurons would send than there are
    CHECK_FALSE(repeat_network(row_of(recipe, {"us/step"}), 1));
}

TEST_CASE("a recipe of a network that cannot be followed says where") {
    struct Case {
        std::string recipe, place;
    };
    for (const Case& c :
         {Case{network("[]"), "populations"}, Case{network("[" + population(9, "microcode", 1.5, 1) + "]"), "share"},
          Case{network("[" + population(9, "firmware", 0, 1) + "]"), "program"},
          Case{network("[" + population(9, "special", 0, 1) + "]", R"([{"from": 0, "to": 1, "synapses": "dense"}])"),
               "connections/0/to"}}) {
        const auto result = repeat_network(row_of(c.recipe, {"us/step"}), 1);
        REQUIRE_FALSE(result);
        CHECK(result.error().code == ErrorCode::bad_input);
        CHECK_THAT(result.error().place, test::contains(c.place));
    }
    const auto none = repeat_network_file(
        row_of(R"({"kind": "network-file", "file": "models/none.net", "input": "x.npy", "reset_interval": 0, )" +
                   bench + "}",
               {"us/step"}),
        1);
    REQUIRE_FALSE(none);
    CHECK(none.error().place == "models/none.net");
}
