// The fpga verb.
#include "core/json.hpp"
#include "tests/tools/program.hpp"

using namespace tephra;
using test::run_program;

TEST_CASE("fpga prints what a core takes, how fast it is and what binds") {
    const auto text = run_program("fpga " + test::shipped_model + " --device ulx3s-85f --lanes 16");
    CHECK(text.exit_code == 0);
    CHECK(text.log.empty());
    for (const char* part : {"LUTs, placed and routed", "414 311", "memory bandwidth", "2.500 (0.5000 to 2.500)",
                             "measured: nextpnr", "Nothing here was run on hardware."})
        CHECK_THAT(text.out, test::contains(part));
    const auto json = parse_json(run_program("fpga mmf-7m --device ulx3s-85f --lanes 16 --format json").out, "stdout");
    REQUIRE(json);
    CHECK(*json->find("cycles")->find("ideal_memory")->integer() == 414311);
    CHECK(*json->find("bound")->string() == "memory bandwidth");
    CHECK(*json->find("power_includes")->string() == "board");
}

TEST_CASE("fpga takes the fastest core that fits where no lanes are given, and refuses what does not fit") {
    const auto best = parse_json(run_program("fpga mmf-7m --device ulx3s-85f --format json").out, "stdout");
    REQUIRE(best);
    const auto sixteen =
        parse_json(run_program("fpga mmf-7m --device ulx3s-85f --lanes 16 --format json").out, "stdout");
    CHECK(*best->find("tokens_per_s")->real() >= *sixteen->find("tokens_per_s")->real());
    const auto refused = run_program("fpga mmfree-370m --device ulx3s-85f");
    CHECK(refused.exit_code == 4);
    CHECK(refused.out.empty());
    CHECK_THAT(refused.log, test::contains("bytes of memory, there are 33 554 432 (SDRAM)"));
    CHECK(run_program("fpga mmf-7m --device ulx3s-85f --lanes 17").exit_code == 2);
    CHECK(run_program("fpga mmf-7m --device ulx4s").exit_code == 3);
    CHECK(run_program("fpga mmf-7m --device u280 --memory HBM").exit_code == 3);
    CHECK(run_program("fpga --device u280").exit_code == 2);
    CHECK(run_program("fpga mmf-7m").exit_code == 2);
}

TEST_CASE("fpga prints published designs beside predictions") {
    const test::TemporaryPath table("table.md");
    const auto text = run_program("fpga --published --markdown " + table.str());
    CHECK(text.exit_code == 0);
    CHECK_THAT(text.out, test::contains("tereffic-mmfree-370m-on-chip"));
    CHECK(read_file(table.str())->starts_with("| design | model, streams |"));
    const auto json = parse_json(run_program("fpga --published --format json").out, "stdout");
    REQUIRE(json);
    CHECK(json->array()->size() == 8);
    CHECK(run_program("fpga mmf-7m --published").exit_code == 2);
    CHECK(run_program("fpga mmf-7m --device u280 --markdown " + table.str()).exit_code == 2);
}
