#include "simulator/ledger.hpp"

#include <algorithm>
#include <map>

#include "core/text.hpp"
#include "tests/catch.hpp"

using namespace tephra;

namespace {

constexpr const char* one_row =
    R"({"about":"a","rows":[{"id":"r","network":"n","device":"d","source":"s","figures":[)"
    R"({"quantity":"energy","value":4,"low":3,"high":5,"unit":"mJ/token","scope":"system","kind":"measured",)"
    R"("use":"fit","fits":["a constant"],"bounds":["another"],"wanted_percent":50,"note":"t","at":{"x":1}}],)"
    R"("repeat":{"kind":"idle","costs":"loihi2","synthetic":"weights"}}]})";

/// The file of one row with one piece of text replaced.
Result<std::vector<LedgerRow>> parsed(const std::string& from = "", const std::string& to = "") {
    std::string text = one_row;
    if (!from.empty()) {
        const auto at = text.find(from);
        INFO(from);
        REQUIRE(at != std::string::npos);
        text.replace(at, from.size(), to);
    }
    return parse_ledger(text, "l.json");
}

}  // namespace

TEST_CASE("a row of the ledger is read whole") {
    const auto rows = parsed();
    INFO((rows ? "" : to_string(rows.error())));
    REQUIRE(rows);
    REQUIRE(rows->size() == 1);
    const LedgerRow& row = rows->front();
    CHECK(row.id == "r");
    CHECK(row.network == "n");
    CHECK(row.device == "d");
    CHECK(row.source == "s");
    CHECK(row.recipe == "idle");
    CHECK(row.synthetic == "weights");
    CHECK(*row.repeat.find("costs")->string() == "loihi2");
    REQUIRE(row.figures.size() == 1);
    const LedgerFigure& figure = row.figures.front();
    CHECK(figure.quantity == "energy");
    CHECK(figure.value == 4);
    CHECK(figure.low == 3.0);
    CHECK(figure.high == 5.0);
    CHECK(figure.unit == "mJ/token");
    CHECK(figure.scope == PowerScope::system);
    CHECK(figure.kind == Evidence::measured);
    CHECK(figure.use == LedgerUse::fit);
    CHECK(figure.fits == std::vector<std::string>{"a constant"});
    CHECK(figure.bounds == std::vector<std::string>{"another"});
    CHECK(figure.wanted_percent == 50.0);
    CHECK(figure.note == "t");
    CHECK(*figure.at.find("x")->integer() == 1);
}

TEST_CASE("a figure that is held out or a check fits nothing") {
    for (const char* use : {"\"check\"", "\"hold-out\""}) {
        const auto refused = parsed("\"fit\"", use);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().place == "l.json#/rows/0/figures/0/fits");
        CHECK_THAT(refused.error().message, test::contains("only a figure whose use is fit"));
    }
}

TEST_CASE("an energy or a power has a scope, nothing else has") {
    CHECK_FALSE(parsed("\"scope\":\"system\",", ""));
    CHECK_FALSE(parsed("\"mJ/token\"", "\"us/step\""));
    for (const char* unit : {"\"W\"", "\"W/chip\"", "\"mW\"", "\"pJ\"", "\"uJ/step\""}) {
        INFO(unit);
        CHECK(parsed("\"mJ/token\"", unit));
    }
}

TEST_CASE("ledgers with faults are refused with their place") {
    const std::pair<std::string, std::string> edits[] = {{"\"id\":\"r\"", "\"id\":\"\""},
                                                         {"\"source\":\"s\"", "\"source\":\"\""},
                                                         {"\"value\":4", "\"value\":0"},
                                                         {"\"value\":4", "\"value\":6"},
                                                         {"\"low\":3,", ""},
                                                         {"\"measured\"", "\"assumed\""},
                                                         {"\"measured\"", "\"simulated\""},
                                                         {"\"use\":\"fit\"", "\"use\":\"fitted\""},
                                                         {"\"system\"", "\"room\""},
                                                         {"\"idle\"", "\"sleeping\""},
                                                         {"\"wanted_percent\":50", "\"wanted_percent\":-1"},
                                                         {"[\"another\"]", "[1]"},
                                                         {"\"quantity\"", "\"quality\""},
                                                         {"\"note\"", "\"notes\""}};
    for (const auto& [from, to] : edits) {
        INFO(to);
        const auto refused = parsed(from, to);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::bad_input);
        CHECK(refused.error().place.starts_with("l.json#/rows/0"));
    }
    CHECK_FALSE(parse_ledger("[]", "l.json"));
    std::string twice = one_row;
    const auto row = twice.substr(twice.find("[{\"id\"") + 1, twice.rfind("]}") - twice.find("[{\"id\"") - 1);
    twice.insert(twice.rfind("]}"), "," + row);
    const auto refused = parse_ledger(twice, "l.json");
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message, test::contains("two rows have the id \"r\""));
}

TEST_CASE("the shipped ledger holds the published rows") {
    const auto ledger = shipped_ledger();
    INFO((ledger ? "" : to_string(ledger.error())));
    REQUIRE(ledger);
    std::map<std::string, LedgerUse> uses;  // of each row's first figure
    for (const LedgerRow& row : *ledger) uses[row.id] = row.figures.front().use;
    for (const char* id :
         {"mmfree-370m-generate", "wta-izhikevich", "qubo-scheduler", "acoustic-autoencoder", "fly-connectome"}) {
        INFO(id);
        REQUIRE(uses.count(id) == 1);
        CHECK(uses[id] == LedgerUse::hold_out);
    }
    for (const char* id : {"mmfree-370m-prefill", "pilotnet-lif", "keyword-spotting-slope"}) {
        INFO(id);
        REQUIRE(uses.count(id) == 1);
        CHECK(uses[id] != LedgerUse::hold_out);
    }
    for (const char* id : {"mmfree-370m-one-chip-generate", "mmfree-370m-one-chip-prefill", "wta-lif", "qp-solver",
                           "vpx-idle", "barrier-of-many-chips", "sana-fe-events"}) {
        INFO(id);
        REQUIRE(uses.count(id) == 1);
        CHECK(uses[id] == LedgerUse::fit);
    }
}

TEST_CASE("what is held out enters no price or time, but the one end of a range that is stated") {
    const auto ledger = shipped_ledger();
    REQUIRE(ledger);
    std::vector<std::string> bounds;
    for (const LedgerRow& row : *ledger)
        for (const LedgerFigure& figure : row.figures)
            if (figure.use == LedgerUse::hold_out)
                bounds.insert(bounds.end(), figure.bounds.begin(), figure.bounds.end());
    CHECK(bounds == std::vector<std::string>{"costs/loihi2.json chip_system_mw low"});
}
