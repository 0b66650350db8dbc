// The validate verb on rows that need no simulation.
#include "simulator/validate.hpp"
#include "core/json.hpp"
#include "tests/tools/program.hpp"

using namespace tephra;
using test::run_program;

TEST_CASE("validate prints a row of the ledger, measured beside predicted") {
    const auto text = run_program("validate --row vpx-idle");
    CHECK(text.exit_code == 0);
    CHECK(text.log.empty());
    CHECK_THAT(text.out, test::contains("1.003 W/chip, system"));
    CHECK_THAT(text.out, test::contains("hold-out: never used to fit"));
    const auto csv = run_program("validate --row vpx-idle --format csv");
    CHECK(csv.out.starts_with("row,quantity,unit,scope,kind,use,measured,"));
    CHECK_THAT(csv.out, test::contains("vpx-idle,power,W/chip,system,derived,fit,1.003,,,1.003,"));
    const auto results = parse_results(run_program("validate --row vpx-idle --format json").out, "stdout");
    REQUIRE(results);
    REQUIRE(results->size() == 1);
    CHECK(results->front().id == "vpx-idle");
    CHECK(*results->front().figures.front().value == Approx(1.003).epsilon(0.001));
}

TEST_CASE("validate says plainly what it cannot repeat, and predicts nothing for it") {
    const auto text = run_program("validate --row relnet-babi --format csv");
    CHECK(text.exit_code == 0);
    CHECK_THAT(text.out, test::contains("cannot be repeated yet: it needs the shape of the network"));
}

TEST_CASE("validate writes pages, and refuses rows that are not there") {
    const test::TemporaryPath page("page.html"), table("table.md");
    const auto both = run_program("validate --row oheo-gulch-idle --html " + page.str() + " --markdown " + table.str());
    CHECK(both.exit_code == 0);
    CHECK(read_file(page.str())->ends_with("</html>\n"));
    CHECK(read_file(table.str())->starts_with("| row | quantity |"));
    const auto unknown = run_program("validate --row vpx-idel");
    CHECK(unknown.exit_code == 3);
    CHECK_THAT(unknown.log, test::contains("did you mean \"vpx-idle\"?"));
    CHECK(run_program("validate --row \"\"").exit_code == 2);
    CHECK(run_program("validate --format xml").exit_code == 2);
}
