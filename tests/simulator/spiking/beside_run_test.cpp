#include "simulator/spiking/beside_run.hpp"

#include <algorithm>

#include "core/data_files.hpp"
#include "core/files.hpp"
#include "mapper/machine.hpp"
#include "neuro/spiking/network_codec.hpp"
#include "neuro/spiking/netx.hpp"
#include "tests/catch.hpp"
#include "tests/simulator/tiny_run.hpp"

using namespace tephra;

namespace {

const std::string file = "models/pilotnet-lif/network.net";

LedgerRow row_of(int reset_interval) {
    LedgerRow row;
    row.id = "row";
    row.recipe = "network-file";
    row.repeat = parse_json(R"({"kind": "network-file", "machine": "oheo-gulch", "costs": "loihi2", "noc": "ideal",
                               "steps": 20, "input": "x.npy", "file": ")" +
                                file + R"(", "reset_interval": )" + std::to_string(reset_interval) + "}",
                            "repeat")
                     .value();
    for (const char* unit : {"us/step", "synops/step", "uJ/step", "furlongs"}) {
        LedgerFigure figure;
        figure.unit = unit;
        if (figure.unit == "uJ/step") {
            figure.scope = PowerScope::neurocores;
            figure.at = parse_json(R"({"part": "dynamic"})", "at").value();
        }
        row.figures.push_back(figure);
    }
    return row;
}

}  // namespace

TEST_CASE("a run is beside the rows that measured its network on its machine, and no others") {
    spiking::NetxOptions options;
    options.reset_interval = 16;
    const auto model = spiking::read_netx(find_shipped_file(file).value(), options);
    if (!model) FAIL(to_string(model.error()));
    Run run = test::tiny_network_run();
    run.model = spiking::content_hash(spiking::encode_network(model->network).value());
    run.machine = find_machine("oheo-gulch").value().hash;
    const auto report = price(run, test::tiny_costs());
    REQUIRE(report);
    const auto result = beside_run(row_of(16), run, *report);
    if (!result) FAIL(to_string(result.error()));
    REQUIRE(result->has_value());
    REQUIRE((*result)->figures.size() == 4);
    CHECK((*result)->id == "row");
    CHECK(*(*result)->figures[0].value == Approx(4000.0 / 33));  // 32 steps passed, and the last
    CHECK(*(*result)->figures[1].value == Approx(3000.0 / 8));
    CHECK(*(*result)->figures[2].value == Approx(report->dynamic.value.value() * 1e-6 / 8));
    CHECK_FALSE((*result)->figures[3].value);
    Run shorter = run;
    shorter.tokens.resize(least_steps_beside - 1);
    REQUIRE(run.tokens.size() == least_steps_beside);
    const auto none = beside_run(row_of(16), shorter, *report);
    REQUIRE((none && *none));
    for (const Predicted& figure : (*none)->figures) {
        CHECK_FALSE(figure.value);
        CHECK_THAT(figure.why_not, test::contains("8 time steps or more"));
    }
    const auto beside = [&](const LedgerRow& row, const Run& other) {
        const auto found = beside_run(row, other, *report);
        if (!found) FAIL(to_string(found.error()));
        return found->has_value();
    };
    Run other = run;
    other.machine = hash128("another");
    CHECK_FALSE(beside(row_of(16), other));
    other = run;
    other.model = hash128("another");
    CHECK_FALSE(beside(row_of(16), other));
    other = run;
    other.round = RoundKind::token;
    CHECK_FALSE(beside(row_of(16), other));
    CHECK_FALSE(beside(row_of(17), run));  // read with another option it is another network
    LedgerRow shape = row_of(16);
    shape.recipe = "network";
    CHECK_FALSE(beside(shape, run));
    LedgerRow absent = row_of(16);
    absent.repeat = parse_json(R"({"kind": "network-file", "machine": "oheo-gulch", "file": "models/none.net",
                                  "reset_interval": 0})",
                               "repeat")
                        .value();
    const auto refused = beside_run(absent, run, *report);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().place == "models/none.net");
}

TEST_CASE("the demo runs PilotNet as the ledger says that it was measured, so that its report has the figures") {
    const std::string demo = read_file(std::string(TEPHRA_TEST_DATA) + "/../../demo.sh").value();
    const auto ledger = shipped_ledger().value();
    const auto row = std::ranges::find(ledger, "pilotnet-lif", &LedgerRow::id);
    REQUIRE(row != ledger.end());
    const auto number = [&](const char* key) { return std::to_string(*row->repeat.find(key)->integer()); };
    std::string cores;
    for (const Json& number_of_layer : *row->repeat.find("layer_cores")->array())
        cores += (cores.empty() ? "" : ",") + std::to_string(*number_of_layer.integer());
    for (const std::string& option : {"--steps " + number("steps"), "--reset-interval " + number("reset_interval"),
                                      "--layer-cores " + cores, "--machine " + *row->repeat.find("machine")->string()})
        CHECK_THAT(demo, test::contains(option + " "));
}
