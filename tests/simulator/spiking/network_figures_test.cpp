#include "simulator/spiking/network_figures.hpp"

#include "tests/catch.hpp"
#include "tests/simulator/tiny_run.hpp"

using namespace tephra;

namespace {

LedgerFigure figure(const std::string& unit, std::optional<PowerScope> scope = {}) {
    LedgerFigure out;
    out.unit = unit;
    out.scope = scope;
    return out;
}

NetworkRun priced_run() {
    Run run = test::tiny_run();
    const Report report = price(run, test::tiny_costs()).value();
    return {std::move(run), report, 4, 3};
}

NetworkFigure query(const std::string& at, int populations = 2) {
    const Json json = parse_json(at, "at").value();
    ObjectReader reader(json, "at#");
    NetworkFigure out = read_network_figure(reader, populations);
    if (auto done = reader.finish(); !done) FAIL(to_string(done.error()));
    return out;
}

Error refused(const std::string& at, int populations = 2) {
    const Json json = parse_json(at, "at").value();
    ObjectReader reader(json, "at#");
    read_network_figure(reader, populations);
    const auto done = reader.finish();
    REQUIRE_FALSE(done);
    return done.error();
}

}  // namespace

TEST_CASE("times and counts of a step follow from a run") {
    const NetworkRun priced = priced_run();
    CHECK(*predict(figure("us/step"), {}, priced).value == Approx(4000.0 / 33));
    CHECK(*predict(figure("us/inference"), {}, priced).value == Approx(3 * 4000.0 / 33));
    CHECK(*predict(figure("us of management/step"), {}, priced).value == 0);
    CHECK(*predict(figure("synops/step"), {}, priced).value == 3000 / 4);
    CHECK(*predict(figure("synops/step/core"), {}, priced).value == 2000 / 4);
    NetworkRun managed = priced_run();
    managed.run.management = Picoseconds(64'000'000);
    CHECK(*predict(figure("us of management/step"), {}, managed).value == Approx(2));
    managed.inference_steps = 0;
    CHECK(predict(figure("us/inference"), {}, managed).why_not == "the recipe gives no us/inference");
    CHECK(predict(figure("miles"), {}, managed).why_not == "the recipe gives no miles");
}

TEST_CASE("energies and powers are of the part, the scope and the populations that a figure asks for") {
    const NetworkRun priced = priced_run();
    const auto cores = PowerScope::neurocores, system = PowerScope::system;
    const double dynamic = joules(priced.report.dynamic.value);
    const double chips = 0.2 * 4e-3, board = 0.6 * 4e-3;  // two chips for 4 ms
    const auto value = [&](const std::string& unit, PowerScope scope, const std::string& at) {
        const Predicted out = predict(figure(unit, scope), query(at), priced);
        INFO(unit << " " << at << " " << out.why_not);
        REQUIRE(out.value);
        CHECK(*out.low <= *out.value);
        CHECK(*out.high >= *out.value);
        return *out.value;
    };
    CHECK(value("J/step", cores, "{}") == Approx(dynamic / 4 + chips / 33));  // 33 barrier steps, 4 time steps
    CHECK(value("mJ/step", cores, R"({"part": "dynamic"})") == Approx(1e3 * dynamic / 4));
    CHECK(value("uJ/inference", cores, R"({"part": "dynamic"})") == Approx(1e6 * dynamic / 4 * 3));
    CHECK(value("W", cores, R"({"part": "static"})") == Approx(0.2));
    CHECK(value("mW", system, R"({"part": "static"})") == Approx(800));
    CHECK(value("W", system, "{}") == Approx(dynamic / 4 / (4e-3 / 33) + (chips + board) / 4e-3));
    // A power times the time of a step is the energy of a step.
    CHECK(value("W", cores, "{}") * *predict(figure("us/step"), {}, priced).value ==
          Approx(value("uJ/step", cores, "{}")));
    CHECK(value("W", cores, R"({"part": "dynamic", "step_us": 10})") == Approx(dynamic / 4 / 10e-6));
    // Three of the 256 cores of two chips have work.
    CHECK(value("W", cores, R"({"part": "static", "static_of": "cores"})") == Approx(0.2 * 3 / 256));
    CHECK(value("nJ/step", cores, R"({"part": "dynamic", "populations": [1]})") ==
          Approx(1e9 * joules(priced.report.layers[2].dynamic.value) / 4));
    CHECK(value("nJ/step", cores, R"({"part": "dynamic", "populations": [0, 1]})") ==
          Approx(1e9 * joules((priced.report.layers[1].dynamic + priced.report.layers[2].dynamic).value) / 4));
    CHECK_FALSE(predict(figure("W", PowerScope::board), {}, priced).value);
    CHECK_FALSE(predict(figure("W/chip", cores), {}, priced).value);
    CHECK_FALSE(predict(figure("W/step", cores), {}, priced).value);
    CHECK(predict(figure("W", cores), query(R"({"needs": "wings"})"), priced).why_not ==
          "cannot be repeated yet: it needs wings");
}

TEST_CASE("what a figure asks for is read strictly") {
    CHECK(refused(R"({"part": "most"})").place == "at#/part");
    CHECK(refused(R"({"static_of": "boards"})").place == "at#/static_of");
    CHECK(refused(R"({"step_us": 0})").place == "at#/step_us");
    CHECK(refused(R"({"part": "dynamic", "populations": [2]})").place == "at#/populations");
    CHECK(refused(R"({"populations": [1]})").message == "only dynamic energy belongs to a population");
    CHECK(refused(R"({"part": "dynamic", "populations": [0]})", 0).place == "at#/populations");
}

TEST_CASE("a series has the period after which it repeats") {
    std::vector<double> series;
    for (int t = 0; t < 32; ++t) series.push_back(5 + (t % 4 == 0 ? 1 : 0) + (t % 8 == 0 ? 0.01 : 0));
    CHECK(period_of(series) == 4);  // it repeats well enough
    for (std::size_t t = 0; t < series.size(); t += 8) series[t] += 1;
    CHECK(period_of(series) == 8);
    CHECK(period_of(std::vector<double>{1, 2, 1, 2}) == 2);
    CHECK_FALSE(period_of(std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8}));
    CHECK_FALSE(period_of(std::vector<double>(9, 3.5)));
    CHECK_FALSE(period_of({}));
    NetworkRun priced = priced_run();
    CHECK(predict(figure("steps"), {}, priced).why_not == "the times of steps have no period");
    priced.run.tokens.clear();
    std::int64_t now = 0;
    for (int t = 0; t < 40; ++t) {
        priced.run.tokens.push_back({0, t, 0, -1, Picoseconds(now), Picoseconds(now + 1)});
        now += t % 5 == 0 ? 2000 : 1000;
    }
    CHECK(*predict(figure("steps"), {}, priced).value == 5);
}
