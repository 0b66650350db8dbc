#include "simulator/fault_rows.hpp"

#include "core/json.hpp"
#include "core/text.hpp"
#include "tests/catch.hpp"
#include "tests/simulator/tiny_run.hpp"

using namespace tephra;

namespace {

Run faulty_run() {
    Run run = test::tiny_run();
    FaultRecords faults;
    faults.stall = Picoseconds(5'000'000);
    faults.links = {{0, 0, 1, 0, 3, Picoseconds(2'000'000), 0},
                    {1, 0, 1, 1, 4, Picoseconds(1'000'000), 2},
                    {1, 1, 0, 0, 0, Picoseconds(0), 5}};
    faults.missed = {{1, 1, 0, 6, false}, {1, 1, 1, 1, true}};
    run.faults = faults;
    return run;
}

std::vector<std::string> lines(const std::vector<ReportRow>& rows) {
    std::vector<std::string> out;
    for (const ReportRow& row : rows)
        out.push_back(row.section + "; " + row.name + "; " + number_text(*row.value) + " " + row.unit);
    return out;
}

}  // namespace

TEST_CASE("faults of a run are summed over it and for each link") {
    std::vector<std::string> expected = {"faults; packets sent again by links; 7 times",
                                         "faults; time that this took the links; 3 us",
                                         "faults; packets lost; 7 packets",
                                         "faults; messages that slices missed; 7 messages",
                                         "faults by link; chip 0 to 1, packets sent again; 7 times",
                                         "faults by link; chip 0 to 1, time of that; 3 us",
                                         "faults by link; chip 0 to 1, packets lost; 2 packets",
                                         "faults by link; chip 1 to 0, packets lost; 5 packets"};
    Run run = faulty_run();
    CHECK(lines(fault_report_rows(run)) == expected);
    test::retime(run);  // self-timed: slices may wait
    expected.insert(expected.begin() + 4,
                    {"faults; slices that waited for what was lost; 1 times", "faults; time-out; 5 us"});
    CHECK(lines(fault_report_rows(run)) == expected);
    CHECK(fault_report_rows(test::tiny_run()).empty());
}

TEST_CASE("faults stand in every form of a report") {
    const Run run = faulty_run();
    const auto report = price(test::tiny_run(), test::tiny_costs());
    REQUIRE(report);
    const Json json = report_json(run, *report);
    REQUIRE(json.find("faults") != nullptr);
    CHECK(json.find("faults")->array()->size() == 4);
    CHECK(json.find("faults_by_link")->array()->size() == 4);
    CHECK(lines(run_rows(run)) == lines(fault_report_rows(run)));
    const Json sound = report_json(test::tiny_run(), *report);
    CHECK(sound.find("faults") == nullptr);
}
