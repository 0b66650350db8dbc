#include "simulator/report_rows.hpp"

#include <algorithm>
#include <cmath>

#include "tests/catch.hpp"
#include "tests/simulator/tiny_run.hpp"

using namespace tephra;

namespace {

Report report_of(const Run& run, const CostTable& costs = test::tiny_costs()) {
    auto report = price(run, costs);
    REQUIRE(report);
    return *report;
}

/// The row of a name; of a scope where one is given.
ReportRow row_of(const std::vector<ReportRow>& rows, const std::string& section, const std::string& name,
                 const std::string& scope = "") {
    const auto found = std::ranges::find_if(rows, [&](const ReportRow& row) {
        return row.section == section && row.name == name && (scope.empty() || row.scope == scope);
    });
    INFO(section << ": " << name);
    REQUIRE(found != rows.end());
    return *found;
}

}  // namespace

TEST_CASE("rows hold the figures of a report in the units that they name") {
    const auto rows = report_rows(report_of(test::tiny_run()));
    const double energy = 8e8 + 71334;  // pJ of the run, of four tokens and 4 ms; by hand in price_test.cpp
    CHECK(*row_of(rows, "summary", "tokens").value == 4);
    CHECK(*row_of(rows, "summary", "throughput").value == Approx(1000));
    CHECK(*row_of(rows, "summary", "time to first token").value == Approx(3));
    CHECK(*row_of(rows, "summary", "energy", "neurocores").value == Approx(energy / 4 * 1e-9));
    CHECK(*row_of(rows, "summary", "energy", "system").value == Approx((energy + 24e8) / 4 * 1e-9));
    CHECK(*row_of(rows, "summary", "power", "neurocores").value == Approx(energy * 1e-12 / 4e-3));
    CHECK(*row_of(rows, "summary", "power", "system").value == Approx((energy + 24e8) * 1e-12 / 4e-3));
    CHECK(*row_of(rows, "summary", "total energy", "neurocores").low == Approx((4e8 + 36334) * 1e-9));
    CHECK(*row_of(rows, "energy", "synapse").value == Approx(6000.0 / 4 * 1e-9));
    CHECK(*row_of(rows, "prices", "chip_flit").value == Approx(350.0 / 4 * 1e-9));
    CHECK(row_of(rows, "prices", "chip_flit").source == "7 counted; price: a page");
    CHECK(row_of(rows, "prices", "chip_flit").scope == "neurocores");
    CHECK(row_of(rows, "prices", "chip_system").scope == "system");
    CHECK(row_of(rows, "energy", "static").scope == "system");  // groups add up to the widest scope
    CHECK(row_of(rows, "summary", "throughput").scope.empty());
    CHECK(*row_of(rows, "time", "barrier").value == Approx(0.6));
    CHECK(*row_of(rows, "layers", "embedding (host)").value == Approx(500.0 / 4 * 1e-9));
    CHECK(*row_of(rows, "activity", "zero messages").value == Approx(400.0 / 46));
    CHECK(*row_of(rows, "activity", "utilisation, busiest core").value == Approx(75));
}

TEST_CASE("groups and layers add up to the energy of a token, prices to it too") {
    const auto rows = report_rows(report_of(test::tiny_run()));
    double groups = 0, prices = 0, layers = 0;
    for (const ReportRow& row : rows) {
        if (row.section == "energy") groups += *row.value;
        if (row.section == "prices") prices += *row.value;
        if (row.section == "layers") layers += *row.value;
    }
    CHECK(groups == Approx(*row_of(rows, "summary", "energy", "system").value));
    CHECK(prices == Approx(groups));
    const double steps = *row_of(rows, "energy", "steps").value;
    CHECK(layers + steps == Approx(*row_of(rows, "summary", "dynamic energy", "neurocores").value));
}

TEST_CASE("rows and JSON of runs at the edge hold numbers, or nothing where none is defined") {
    for (const auto& [name, run] : test::edge_runs())
        for (const CostTable& costs : {test::tiny_costs(), test::zero_costs()}) {
            INFO(name);
            const Report report = report_of(run, costs);
            for (const ReportRow& row : report_rows(report)) {
                INFO(row.section << ": " << row.name);
                for (const auto& value : {row.value, row.low, row.high}) CHECK((!value || std::isfinite(*value)));
                CHECK((row.value || row.section == "activity"));
            }
        }
    const auto rows = report_rows(report_of(test::run_without_cores()));
    CHECK_FALSE(row_of(rows, "activity", "utilisation, busiest core").value);
}

TEST_CASE("JSON holds every row with its number, kind and source") {
    const Run run = test::run_without_cores();  // utilisation and the share of zero messages are not defined
    const Report report = report_of(run);
    const Json json = report_json(run, report);
    std::size_t at = 0;
    std::string section;
    int undefined = 0;
    for (const ReportRow& row : report_rows(report)) {
        at = row.section == section ? at + 1 : 0;
        section = row.section;
        INFO(section << ": " << row.name);
        REQUIRE(json.find(section) != nullptr);
        const Json& object = json.find(section)->array()->at(at);
        CHECK(*object.find("name")->string() == row.name);
        CHECK((object.find("scope") != nullptr) == !row.scope.empty());
        if (!row.scope.empty()) CHECK(*object.find("scope")->string() == row.scope);
        CHECK(*object.find("unit")->string() == row.unit);
        CHECK(*object.find("kind")->string() == evidence_name(row.kind));
        CHECK(*object.find("source")->string() == row.source);
        undefined += row.value ? 0 : 1;
        CHECK(object.find("value")->is_null() == !row.value);
        if (row.value) CHECK(*object.find("value")->real() == *row.value);
        CHECK((object.find("low") != nullptr) == row.low.has_value());
        if (row.high) CHECK(*object.find("high")->real() == *row.high);
    }
    CHECK(undefined == 2);
    CHECK(*json.find("costs")->string() == "tiny");
    CHECK(json.find("scopes")->array()->size() == 2);
    CHECK(json.find("on_host")->array()->size() == 1);
    CHECK(json.find("notes")->array()->size() == report.notes.size());
}

TEST_CASE("a title names what ran, where and how") {
    Run run = test::tiny_run();
    CHECK(run_title(run) == "tiny on two-chips: generate, barrier, ideal network, int8 synapses, 1 stream");
    run.mode = RunMode::prefill;
    run.sync = SyncMode::dataflow;
    run.noc = NocMode::contended;
    run.streams = 2;
    CHECK(run_title(run) == "tiny on two-chips: prefill, dataflow, contended network, int8 synapses, 2 streams");
}

TEST_CASE("figures keep their digits without noise") {
    const std::pair<double, const char*> cases[] = {
        {0, "0"},           {41.5, "41.50"},  {238497, "238500"}, {0.01234, "0.01234"}, {6.55e-5, "6.550e-05"},
        {-66.51, "-66.51"}, {999.96, "1000"}, {1, "1.000"}};
    for (const auto& [value, text] : cases) CHECK(figure_text(value) == text);
    CHECK(figure_text(std::optional<double>()) == "-");
    CHECK(figure_text(std::optional(41.5)) == "41.50");
}

TEST_CASE("a share of nothing is not defined") {
    CHECK(percent_of(1, 4) == 25.0);
    CHECK(percent_of(0, 4) == 0.0);
    CHECK_FALSE(percent_of(0, 0));
    CHECK(*percent_of(INT64_MAX, INT64_MAX) == 100.0);
    CHECK(json_of({}).is_null());
    const Json real = json_of(2.5);
    CHECK(*real.real() == 2.5);
}
