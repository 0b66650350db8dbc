#include "simulator/lm/baseline.hpp"

#include "tests/catch.hpp"

using namespace tephra;

namespace {

/// A file of one row with one piece of text replaced.
Result<std::vector<Baseline>> parsed(const std::string& from = "", const std::string& to = "") {
    std::string text =
        R"({"rows":[{"device":"d","device_class":"gpu","software":"s","model":"m","mode":"prefill","batch":1,)"
        R"("length":7,"tokens_per_s":2,"mj_per_token":3,"watts":4,"power_includes":"board","kind":"cited",)"
        R"("source":"p","date":"2026-01-02"}]})";
    if (!from.empty()) {
        const auto at = text.find(from);
        REQUIRE(at != std::string::npos);
        text.replace(at, from.size(), to);
    }
    return parse_baselines(text, "b.json");
}

}  // namespace

TEST_CASE("a baseline is read whole") {
    const auto rows = parsed();
    REQUIRE(rows);
    REQUIRE(rows->size() == 1);
    const Baseline& row = rows->front();
    CHECK(row.device == "d");
    CHECK(row.mode == RunMode::prefill);
    CHECK(row.batch == 1);
    CHECK(row.length == 7);
    CHECK(row.tokens_per_s == 2);
    CHECK(row.mj_per_token == 3);
    CHECK(row.watts == 4.0);
    CHECK(row.scope == PowerScope::board);
    CHECK(row.kind == Evidence::cited);
    CHECK(row.date == "2026-01-02");
    CHECK_FALSE(row.calibrates);
}

TEST_CASE("a baseline's energy has a scope; chips is the older name of neurocores") {
    for (const auto& [name, scope] :
         {std::pair("neurocores", PowerScope::neurocores), std::pair("chips", PowerScope::neurocores),
          std::pair("system", PowerScope::system)}) {
        const auto rows = parsed("\"board\"", "\"" + std::string(name) + "\"");
        REQUIRE(rows);
        CHECK(rows->front().scope == scope);
    }
}

TEST_CASE("what a baseline does not state stays unknown") {
    CHECK_FALSE(parsed("\"batch\":1", "\"batch\":null")->front().batch);
    CHECK_FALSE(parsed("\"length\":7", "\"length\":null")->front().length);
    CHECK_FALSE(parsed("\"length\":7,", "")->front().length);
    CHECK_FALSE(parsed("\"watts\":4", "\"watts\":null")->front().watts);
}

TEST_CASE("numbers of a baseline end at their limits") {
    CHECK(parsed("\"batch\":1", "\"batch\":1048576"));
    CHECK_FALSE(parsed("\"batch\":1", "\"batch\":1048577"));
    CHECK(parsed("\"length\":7", "\"length\":2147483647")->front().length == INT32_MAX);
    CHECK_FALSE(parsed("\"length\":7", "\"length\":2147483648"));
    for (const char* rate : {"\"tokens_per_s\":2", "\"mj_per_token\":3"}) {
        const std::string key = std::string(rate).substr(0, std::string(rate).find(':') + 1);
        for (const char* good : {"1e-9", "1e15"}) CHECK(parsed(rate, key + good));
        for (const char* bad : {"0", "-2", "9e-10", "1.1e15"}) CHECK_FALSE(parsed(rate, key + bad));
    }
}

TEST_CASE("baselines with faults are refused with their place") {
    const std::pair<std::string, std::string> edits[] = {{"\"gpu\"", "\"tpu\""},
                                                         {"\"batch\":1", "\"batch\":0"},
                                                         {"\"tokens_per_s\":2", "\"tokens_per_s\":-2"},
                                                         {"\"board\"", "\"room\""},
                                                         {"\"source\":\"p\"", "\"source\":\"\""},
                                                         {"\"mode\"", "\"mood\""},
                                                         {"\"cited\"", "\"simulated\""},
                                                         {"\"cited\"", "\"assumed\""}};
    for (const auto& [from, to] : edits) {
        const auto refused = parsed(from, to);
        INFO(to);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::bad_input);
        CHECK(refused.error().place.starts_with("b.json#/rows/0/"));
    }
}

TEST_CASE("the baselines that ship have rates, sources and kinds") {
    const auto rows = shipped_baselines();
    REQUIRE(rows);
    bool published = false, measured = false;
    for (const Baseline& row : *rows) {
        CHECK_FALSE(row.source.empty());
        published = published || row.kind == Evidence::cited;
        measured = measured || row.kind == Evidence::measured;
    }
    CHECK(published);
    CHECK(measured);
}
