// The report and compare verbs on a run small enough to check by hand (tests/simulator/tiny_run.hpp writes it).
#include "core/json.hpp"
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

TEST_CASE("report prints its golden text and rows") {
    const auto text = run_program("report " + tiny());
    CHECK(text.exit_code == 0);
    CHECK(text.log.empty());
    equals_golden(text.out, "report.txt");
    equals_golden(run_program("report " + tiny() + " --format csv").out, "report.csv");
    const auto json = parse_json(run_program("report " + tiny() + " --format json").out, "stdout");
    REQUIRE(json);
    for (const char* section : {"summary", "energy", "prices", "time", "layers", "activity", "notes", "on_host"})
        CHECK(json->find(section) != nullptr);
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
