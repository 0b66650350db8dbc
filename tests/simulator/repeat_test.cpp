#include "simulator/repeat.hpp"

#include "mapper/machine.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

/// A row of these figures and this recipe.
LedgerRow row_of(const std::string& figures, const std::string& recipe) {
    const auto rows = parse_ledger(R"({"rows":[{"id":"r","network":"n","device":"d","source":"s","figures":[)" +
                                       figures + R"(],"repeat":)" + recipe + "}]}",
                                   "l.json");
    INFO((rows ? "" : to_string(rows.error())));
    REQUIRE(rows);
    return rows->front();
}

std::string figure(const std::string& unit, const std::string& rest) {
    return R"({"quantity":"q","value":1,"kind":"measured","use":"check","unit":")" + unit + "\"" + rest + "}";
}

RowResult result_of(const Result<RowResult>& result) {
    INFO((result ? "" : to_string(result.error())));
    REQUIRE(result);
    return *result;
}

}  // namespace

TEST_CASE("a chip at rest draws its static power, in a system that of its part of the board too") {
    const auto costs = find_cost_table("loihi2");
    REQUIRE(costs);
    const std::string figures = figure("W/chip", R"(,"scope":"neurocores")") + "," +
                                figure("W/chip", R"(,"scope":"system")") + "," + figure("us/step", "");
    const RowResult result = result_of(repeat_idle(row_of(figures, R"({"kind":"idle","costs":"loihi2"})")));
    REQUIRE(result.figures.size() == 3);
    CHECK(*result.figures[0].value == Approx(costs->chip_static.value * 1e-3));
    CHECK(*result.figures[0].low == Approx(costs->chip_static.low * 1e-3));
    CHECK(*result.figures[1].value == Approx((costs->chip_static.value + costs->chip_system.value) * 1e-3));
    CHECK(*result.figures[1].high == Approx((costs->chip_static.high + costs->chip_system.high) * 1e-3));
    CHECK_FALSE(result.figures[2].value);
    CHECK(result.figures[2].why_not == "the recipe gives no us/step");
    CHECK(result.inputs.size() == 32);
    CHECK(result.trace.empty());
    const std::string system = figure("W/chip", R"(,"scope":"system")");
    const RowResult unknown = result_of(repeat_idle(row_of(system, R"({"kind":"idle","costs":"loihi1"})")));
    CHECK(unknown.figures[0].why_not == "the recipe gives no W/chip of system");
    CHECK_FALSE(repeat_idle(row_of(system, R"({"kind":"idle","costs":"loihi3"})")));
    CHECK_FALSE(repeat_idle(row_of(system, R"({"kind":"idle","cost":"loihi2"})")));
}

TEST_CASE("an event costs its price") {
    const std::string figures = figure("pJ", R"(,"scope":"neurocores","at":{"event":"synop_int8"})");
    const RowResult result = result_of(repeat_event(row_of(figures, R"({"kind":"event","costs":"loihi1"})")));
    CHECK(result.figures[0].value == 35.5);
    CHECK(result.figures[0].low == 23.6);
    const std::string wrong = figure("pJ", R"(,"scope":"neurocores","at":{"event":"synop"})");
    const auto refused = repeat_event(row_of(wrong, R"({"kind":"event","costs":"loihi1"})"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().place == "ledger row r#/figures/0/at/event");
}

TEST_CASE("a barrier takes what the machine says, for so many tiles and chips") {
    const auto machine = find_machine("loihi1-nahuku");
    REQUIRE(machine);
    const auto at = [](const std::string& arguments) { return figure("us/barrier", ",\"at\":" + arguments); };
    const std::string recipe = R"({"kind":"barrier","machine":"loihi1-nahuku"})";
    const RowResult result = result_of(
        repeat_barrier(row_of(at(R"({"chips":256,"tiles":32})") + "," + at(R"({"chips":1,"tiles":1})"), recipe)));
    const BarrierSpec& barrier = machine->barrier;
    const double base = 1e6 * seconds(barrier.base), tile = 1e6 * seconds(barrier.per_tile);
    const double chip = 1e6 * seconds(barrier.per_chip);
    CHECK(*result.figures[0].value == Approx(base + 32 * tile + 256 * chip));
    CHECK(*result.figures[1].value == Approx(base + tile + chip));
    CHECK(repeat_barrier(row_of(at(R"({"chips":4096,"tiles":65536})"), recipe)));
    CHECK_FALSE(repeat_barrier(row_of(at(R"({"chips":4097,"tiles":1})"), recipe)));
    CHECK_FALSE(repeat_barrier(row_of(at(R"({"chips":1,"tiles":65537})"), recipe)));
    CHECK_FALSE(repeat_barrier(row_of(at(R"({"chips":0,"tiles":1})"), recipe)));
}

TEST_CASE("a row that needs what is not there says so, and predicts nothing") {
    const RowResult result =
        result_of(repeat_later(row_of(figure("us/step", "") + "," + figure("steps", ""),
                                      R"({"kind":"spiking","needs":"a fly","network":{"neurons":[1]},"steps":3})")));
    REQUIRE(result.figures.size() == 2);
    for (const Predicted& each : result.figures) {
        CHECK_FALSE(each.value);
        CHECK(each.why_not == "cannot be repeated yet: it needs a fly");
    }
    CHECK_FALSE(repeat_later(row_of(figure("us/step", ""), R"({"kind":"spiking"})")));
    CHECK_FALSE(repeat_later(row_of(figure("us/step", ""), R"({"kind":"spiking","needs":""})")));
}

TEST_CASE("results of other inputs have another hash") {
    const Hash128 a = hash128("a"), b = hash128("b");
    CHECK(hash_of_inputs(&a, &b) != hash_of_inputs(&b, &a));
    CHECK(hash_of_inputs(&a, nullptr) != hash_of_inputs(&b, nullptr));
    CHECK(hash_of_inputs(&a, &b) == hash_of_inputs(&a, &b));
}
