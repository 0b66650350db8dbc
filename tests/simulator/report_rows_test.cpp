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
    CHECK(*row_of(rows, "activity", "neurons evaluated by cores").value == 960);
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
        std::string key = section;
        std::ranges::replace(key, ' ', '_');
        REQUIRE(json.find(key) != nullptr);
        const Json& object = json.find(key)->array()->at(at);
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

TEST_CASE("a network's report is of time steps, in microjoules") {
    const Run run = test::tiny_network_run();
    const Report report = report_of(run);
    const auto rows = report_rows(report);
    CHECK(*row_of(rows, "summary", "time steps").value == 8);
    CHECK(row_of(rows, "summary", "time steps").unit == "time steps");
    CHECK(*row_of(rows, "summary", "time of a time step").value == Approx(500));
    CHECK(*row_of(rows, "summary", "throughput").value == Approx(2000));
    CHECK(row_of(rows, "summary", "throughput").unit == "time steps/s");
    const ReportRow energy = row_of(rows, "summary", "energy", "neurocores");
    CHECK(energy.unit == "uJ/time step");
    CHECK(*energy.value == Approx(report.scopes.front().total.value.value() * 1e-6 / 8));
    CHECK(*row_of(rows, "energy", "synapse").value == Approx(6000.0 / 8 * 1e-6));
    CHECK(row_of(rows, "activity", "neurons updated").unit == "updates");
    CHECK(run_title(run) == "net on two-chips: time steps, barrier, ideal network");
    const auto over_time = over_time_rows(run);
    REQUIRE(over_time.size() == 16);
    CHECK(over_time[2].name == "first, time step 3");
    CHECK(*over_time[2].value == 20);
    CHECK(over_time[11].name == "second, time step 4");
    CHECK(*over_time[11].value == 5);
    std::string all = report_json(run, report).dump();
    for (const auto& list : {rows, over_time})
        for (const ReportRow& row : list)
            for (const std::string& text : {row.section, row.name, row.unit, row.source}) all += text + "\n";
    CHECK(all.find("token") == std::string::npos);
}

TEST_CASE("JSON of a network holds its messages over time, and when each bin enters") {
    Run run = test::tiny_network_run();
    const Json json = report_json(run, report_of(run));
    CHECK(*json.find("round")->string() == "time step");
    const Json* over_time = json.find("messages_over_time");
    REQUIRE(over_time != nullptr);
    CHECK(*over_time->find("time_steps_a_bin")->integer() == 1);
    const Json::Array& enters = *over_time->find("bin_enters_ps")->array();
    REQUIRE(enters.size() == 8);
    CHECK(*enters[3].integer() == 1'200'000'000);
    const Json::Array& layers = *over_time->find("layers")->array();
    REQUIRE(layers.size() == 2);
    CHECK(*layers[1].find("name")->string() == "second");
    CHECK(*layers[1].find("neurons")->integer() == 5);
    CHECK(*layers[1].find("messages")->array()->at(3).integer() == 5);
    const Json of_tokens = report_json(test::tiny_run(), report_of(test::tiny_run()));
    CHECK(of_tokens.find("messages_over_time") == nullptr);
    CHECK(over_time_rows(test::tiny_run()).empty());
}

TEST_CASE("a bin of several time steps is named by its first and last") {
    Run run = test::tiny_network_run();
    run.tokens.resize(300, run.tokens.back());  // three a bin
    CHECK(bin_name(run, 0) == "time steps 1 to 3");
    CHECK(bin_name(run, 99) == "time steps 298 to 300");
    run.tokens.resize(258, run.tokens.back());
    CHECK(bin_name(run, 85) == "time steps 256 to 258");
    run.tokens.resize(257, run.tokens.back());
    CHECK(bin_name(run, 85) == "time steps 256 to 257");
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
