#include "simulator/lm/comparison_text.hpp"

#include "tests/catch.hpp"
#include "tests/simulator/tiny_run.hpp"

using namespace tephra;

TEST_CASE("a ratio of unlike figures carries its mark") {
    ComparisonRow row;
    CHECK(speed_ratio_text(row) == "-");
    CHECK(energy_ratio_text(row) == "-");
    row.speed = 0.5;
    row.energy_ratio = 32.0;
    CHECK(speed_ratio_text(row) == "0.500x");
    CHECK(energy_ratio_text(row) == "32.0x");
    row.other_length = true;  // a matter of energy alone
    CHECK(speed_ratio_text(row) == "0.500x");
    CHECK(energy_ratio_text(row) == "32.0x*");
    row.unlike = {"batch 2"};
    CHECK(speed_ratio_text(row) == "0.500x*");
}

TEST_CASE("a ratio of energies of unlike scopes is written as the bound that it is") {
    ComparisonRow row;
    row.energy_ratio = 0.5;
    row.energy_bound = RatioBound::at_least;
    CHECK(energy_ratio_text(row) == ">= 0.500x");
    row.energy_bound = RatioBound::at_most;
    CHECK(energy_ratio_text(row) == "<= 0.500x");
    row.energy_ratio.reset();
    CHECK(energy_ratio_text(row) == "-");
}

TEST_CASE("JSON of a comparison states scopes, bounds and what is not defined") {
    const Run run = test::tiny_run();  // no GPU row has its shape: its first row is the reference
    const auto comparison = compare({{run, *price(run, test::tiny_costs())}}, {}, {}, {});
    REQUIRE(comparison);
    const Json json = comparison_json(*comparison);
    const Json::Array& rows = *json.find("rows")->array();
    REQUIRE(rows.size() == 2);
    CHECK(*rows[0].find("power_includes")->string() == "neurocores");
    CHECK(*rows[0].find("energy_bound")->string() == "exact");
    CHECK(*rows[1].find("power_includes")->string() == "system");
    CHECK(*rows[1].find("energy_bound")->string() == "at_most");
    CHECK(*rows[1].find("energy_ratio")->real() > 1);
    const auto free = compare({{run, *price(run, test::zero_costs())}}, {}, {}, {});
    REQUIRE(free);
    const Json undefined = comparison_json(*free);
    CHECK(undefined.find("rows")->array()->front().find("energy_ratio")->is_null());
}
