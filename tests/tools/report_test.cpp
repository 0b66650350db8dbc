// The report and compare verbs on a run small enough to check by hand (tests/simulator/tiny_run.hpp writes it).
#include <algorithm>

#include "core/json.hpp"
#include "simulator/report_rows.hpp"
#include "simulator/run.hpp"
#include "tests/simulator/tiny_run.hpp"
#include "tests/tools/program.hpp"

using namespace tephra;
using test::case_file;
using test::run_program;

namespace {

std::string tiny() {
    return case_file("price/tiny.run.json") + " --costs " + case_file("price/tiny.costs.json");
}

std::string small_compare() {
    return "compare " + tiny() + " --baselines " + case_file("price/tiny.baselines.json");
}

/// Fields of each line; fields with quotes hold no line ends here.
std::vector<std::vector<std::string>> csv_lines(const std::string& text) {
    std::vector<std::vector<std::string>> lines(1);
    lines.back().emplace_back();
    bool quoted = false;
    for (std::size_t at = 0; at + 1 < text.size(); ++at) {  // up to the last line end
        const char c = text[at];
        if (c == '"')
            quoted = !quoted;
        else if (c == ',' && !quoted)
            lines.back().emplace_back();
        else if (c == '\n')
            lines.push_back({""});
        else
            lines.back().back() += c;
    }
    return lines;
}

void equals_golden(const std::string& out, const std::string& golden) {
    const auto expected = read_file(case_file("price/" + golden));
    REQUIRE(expected);
    CHECK(out == *expected);
}

}  // namespace

TEST_CASE("the stored tiny run is the one that the other tests price") {
    const test::TemporaryPath path("run.json");
    REQUIRE(write_run(test::tiny_run(), path.str()));
    CHECK(*read_file(path.str()) == *read_file(case_file("price/tiny.run.json")));
}

TEST_CASE("report prints its golden text") {
    const auto text = run_program("report " + tiny());
    CHECK(text.exit_code == 0);
    CHECK(text.log.empty());
    equals_golden(text.out, "report.txt");
}

TEST_CASE("report prints the same rows as CSV and as JSON") {
    const auto rows = report_rows(*price(test::tiny_run(), test::tiny_costs()));
    const auto lines = csv_lines(run_program("report " + tiny() + " --format csv").out);
    REQUIRE(lines.size() == rows.size() + 1);
    CHECK(lines[0] ==
          std::vector<std::string>{"section", "name", "scope", "value", "low", "high", "unit", "kind", "source"});
    const auto number = [](const std::optional<double>& value) { return json_of(value).dump(-1); };
    const auto json = parse_json(run_program("report " + tiny() + " --format json").out, "stdout");
    REQUIRE(json);
    std::size_t at = 0;
    for (std::size_t k = 0; k < rows.size(); ++k) {
        const ReportRow& row = rows[k];
        INFO(row.section << ": " << row.name);
        CHECK(lines[k + 1] == std::vector<std::string>{row.section, row.name, row.scope, number(row.value),
                                                       row.low ? number(row.low) : "", row.high ? number(row.high) : "",
                                                       row.unit, std::string(evidence_name(row.kind)), row.source});
        at = k > 0 && rows[k - 1].section == row.section ? at + 1 : 0;
        std::string key = row.section;
        std::ranges::replace(key, ' ', '_');
        REQUIRE(json->find(key) != nullptr);
        const Json& object = json->find(key)->array()->at(at);
        CHECK(*object.find("name")->string() == row.name);
        CHECK(object.find("value")->dump(-1) == number(row.value));
        CHECK(*object.find("source")->string() == row.source);
    }
    CHECK(*json->find("on_host")->array()->at(0).string() == "embedding");
}

TEST_CASE("a table of zeros is reported in every form without a broken number") {
    const std::string costs = test::shared_file("cases/zero_prices.json");
    if (costs.empty()) return;
    const test::TemporaryPath page("page.html");
    const std::string report = "report " + case_file("price/tiny.run.json") + " --costs " + costs;
    const auto text = run_program(report + " --html " + page.str());
    CHECK(text.exit_code == 0);
    CHECK(text.out.find("nan") == std::string::npos);
    const auto line = text.out.find("\nstatic ");
    REQUIRE(line != std::string::npos);
    CHECK(text.out.substr(line + 1, text.out.find('\n', line + 1) - line - 1).ends_with(" -"));  // its share
    CHECK(read_file(page.str())->ends_with("</html>\n"));
    for (const char* format : {"json", "csv"}) {
        const auto other = run_program(report + " --format " + format);
        CHECK(other.exit_code == 0);
        CHECK(other.out.find("nan") == std::string::npos);
    }
    const std::string compare = "compare " + case_file("price/tiny.run.json") + " --costs " + costs;
    CHECK_THAT(run_program(compare).out, test::contains("ratios of energy are not defined"));
    const auto csv = csv_lines(run_program(compare + " --format csv").out);
    REQUIRE(csv.size() == 2);  // the table has no system scope
    CHECK(csv[0].at(10) == "energy");
    CHECK(csv[1].at(10).empty());
    CHECK_THAT(run_program(compare + " --format json").out, test::contains("\"energy_ratio\": null"));
}

TEST_CASE("compare prints its golden text and refuses ratios of unlike rows") {
    const auto text = run_program(small_compare());
    CHECK(text.exit_code == 0);
    equals_golden(text.out, "compare.txt");
    const auto allowed = run_program(small_compare() + " --allow-unlike --all-models");
    CHECK(allowed.exit_code == 0);
    CHECK(allowed.out.find("16.0x*") != std::string::npos);  // batch 64 at 16 times the reference, marked
}

TEST_CASE("predictions can be held to a limit") {
    CHECK(run_program(small_compare() + " --expect-error 300").exit_code == 0);
    const auto missed = run_program(small_compare() + " --expect-error 10");
    CHECK(missed.exit_code == 1);
    CHECK(missed.log.find("predictions miss their published values") != std::string::npos);
    const auto nothing = run_program("compare " + tiny() + " --expect-error 300");  // no shipped row is of this model
    CHECK(nothing.exit_code == 1);
    CHECK_THAT(nothing.log, test::contains("nothing to compare with"));
}

TEST_CASE("pages are written whole or not at all") {
    const test::TemporaryPath page("page.html");
    CHECK(run_program("report " + tiny() + " --html " + page.str()).exit_code == 0);
    CHECK(read_file(page.str())->ends_with("</html>\n"));
    const test::TemporaryPath other("other.html");
    CHECK(run_program(small_compare() + " --html " + other.str()).exit_code == 0);
    CHECK(read_file(other.str())->ends_with("</html>\n"));
    const test::TemporaryPath none("none.html");
    CHECK(
        run_program("report " + case_file("price/tiny.run.json") + " --costs loihi3 --html " + none.str()).exit_code ==
        3);
    CHECK_FALSE(std::filesystem::exists(none.str()));
}

TEST_CASE("bad input and usage end with their exit codes and one clear line") {
    const auto unknown = run_program("report " + case_file("price/tiny.run.json") + " --costs lohi2");
    CHECK(unknown.exit_code == 3);
    CHECK(unknown.out.empty());
    CHECK(unknown.log.find("did you mean \"loihi2\"") != std::string::npos);
    CHECK(run_program("report " + tiny() + " --format xml").exit_code == 2);
    CHECK(run_program("report").exit_code == 2);
    CHECK(run_program("report no-such-run.json").exit_code == 3);
    CHECK(run_program("compare " + tiny() + " --reference Cray").exit_code == 3);
    CHECK(run_program("compare " + tiny() + " --baselines " + case_file("price/tiny.costs.json")).exit_code == 3);
}
