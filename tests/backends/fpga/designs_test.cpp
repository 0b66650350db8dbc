#include "backends/fpga/designs.hpp"

#include "core/files.hpp"
#include "tests/catch.hpp"

using namespace tephra;
using namespace tephra::fpga;

TEST_CASE("published designs stand beside what bounds them and beside this core") {
    const auto designs = shipped_designs();
    INFO((designs ? "" : to_string(designs.error())));
    REQUIRE(designs);
    CHECK(designs->size() == 8);
    for (const Design& each : *designs) {
        INFO(each.row.id);
        CHECK(each.watts.has_value());
        CHECK(each.core.has_value() == each.why_no_core.empty());
        if (each.row.id == "tereffic-mmfree-2.7b-hbm") continue;  // batched: its streams are not published
        CHECK(each.rate < each.memory_rate);
    }
}

TEST_CASE("TerEffic's rate follows from lanes, clock and use, within the wanted 25 %") {
    const auto designs = shipped_designs().value();
    int checked = 0;
    for (const Design& each : designs)
        for (const LedgerFigure& figure : each.row.figures)
            if (figure.wanted_percent) {
                INFO(each.row.id);
                REQUIRE(each.error_percent());
                CHECK(std::abs(*each.error_percent()) <= *figure.wanted_percent);
                ++checked;
            }
    CHECK(checked == 1);
}

TEST_CASE("a row of a design is repeated like any other row of the ledger") {
    const auto designs = shipped_designs().value();
    for (const Design& each : designs) {
        const auto result = repeat_design(each.row);
        REQUIRE(result);
        REQUIRE(result->figures.size() == each.row.figures.size());
        CHECK(result->figures.front().value == each.predicted());
        CHECK(result->figures.front().why_not.empty() == each.predicted().has_value());
        CHECK_THAT(result->figures.back().why_not, test::contains("inputs here"));
    }
}

TEST_CASE("a recipe with a fault is refused") {
    LedgerRow row = shipped_designs().value().front().row;
    const auto fault_of = [&](const std::string& json) {
        row.repeat = parse_json(json, "recipe").value();
        const auto result = design_of(row);
        return result ? "" : to_string(result.error());
    };
    const std::string rest = R"("memory": "DDR4", "streams": 1, "packing": "two-bits",
        "bits_per_weight": {"value": 2, "kind": "assumed", "source": "plain"})";
    CHECK(fault_of(R"({"device": "u250", "model": "mmfree-370m", )" + rest + "}").empty());
    CHECK_THAT(fault_of(R"({"device": "u251", "model": "mmfree-370m", )" + rest + "}"), test::contains("u250"));
    CHECK_THAT(fault_of(R"({"device": "u250", "model": "llama", )" + rest + "}"), test::contains("weights"));
    CHECK_THAT(fault_of(R"({"device": "u250", "model": "mmfree-370m", "lanes": 3, )" + rest + "}"),
               test::contains("lanes"));
    CHECK_THAT(fault_of(R"({"device": "u250", "model": "mmfree-370m", "clock": 3, )" + rest + "}"),
               test::contains("clock"));
}

TEST_CASE("the table of backends/fpga/README.md is what tephra fpga --published makes") {
    const auto page = read_file(std::string(TEPHRA_MACHINES) + "/../backends/fpga/README.md");
    REQUIRE(page);
    const std::string table = designs_markdown(shipped_designs().value());
    INFO("run tephra fpga --published --markdown FILE and put FILE into the page:\n" << table);
    CHECK(page->find("<!-- designs -->\n" + table + "<!-- /designs -->") != std::string::npos);
}
