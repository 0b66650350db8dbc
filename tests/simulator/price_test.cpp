#include "simulator/price.hpp"

#include <cmath>

#include "tests/catch.hpp"
#include "tests/simulator/tiny_run.hpp"

using namespace tephra;
using test::tiny_costs;
using test::tiny_run;

namespace {

double group(const Report& report, EnergyGroup group) {
    return report.groups[static_cast<std::size_t>(group)].value.value();
}

}  // namespace

TEST_CASE("a tiny run costs what the hand computes") {
    const auto report = price(tiny_run(), tiny_costs());
    REQUIRE(report);
    // 3000 synops x 2, 30 updates x 10, 40 packets x 3 + 64 hops x 1, 7 flits x 50, 5 host flits x 100
    CHECK(group(*report, EnergyGroup::synapse) == Approx(6000));
    CHECK(group(*report, EnergyGroup::neuron) == Approx(300));
    CHECK(group(*report, EnergyGroup::network) == Approx(184));
    CHECK(group(*report, EnergyGroup::chip_links) == Approx(350));
    CHECK(group(*report, EnergyGroup::host) == Approx(500));
    // 2 chips x 100 mW x 4 ms = 0.8 mJ = 8e8 pJ
    CHECK(group(*report, EnergyGroup::static_power) == Approx(8e8));
    // 32 steps x 2 chips x 1000
    CHECK(group(*report, EnergyGroup::steps) == Approx(64000));
    CHECK(report->dynamic.value.value() == Approx(7334 + 64000));
    CHECK(report->dynamic.low.value() == Approx(4334 + 32000));
    CHECK(report->dynamic.high.value() == Approx(13334 + 192000));
    CHECK(report->tokens_per_s == Approx(1000));
    REQUIRE(report->first_token);
    CHECK(report->first_token->value() == 3'000'000'000);
    CHECK(report->generated == 2);
}

TEST_CASE("each scope has its energy: the neurocores', and the system's with processors and board") {
    const auto report = price(tiny_run(), tiny_costs());
    REQUIRE(report);
    REQUIRE(report->scopes.size() == 2);
    const ScopeEnergy &cores = report->scopes[0], &system = report->scopes[1];
    CHECK(cores.scope == PowerScope::neurocores);
    CHECK(system.scope == PowerScope::system);
    CHECK(cores.total.value.value() == Approx(8e8 + 71334));
    CHECK(cores.watts == Approx((8e8 + 71334) * 1e-12 / 4e-3));
    CHECK(cores.per_token.value.value() == Approx((8e8 + 71334) / 4));
    // 2 chips x 300 mW (200 to 500) x 4 ms more
    CHECK(system.total.value.value() == Approx(32e8 + 71334));
    CHECK(system.total.low.value() == Approx(4e8 + 16e8 + 36334));
    CHECK(system.total.high.value() == Approx(16e8 + 40e8 + 205334));
    CHECK(group(*report, EnergyGroup::system) == Approx(24e8));
    CHECK(&report->widest() == &system);
}

TEST_CASE("a table without a system prices the neurocores alone, and says why") {
    CostTable costs = tiny_costs();
    costs.system_included = false;
    costs.chip_system = {};
    costs.chip_system.source = "nobody knows its board";
    const auto report = price(tiny_run(), costs);
    REQUIRE(report);
    REQUIRE(report->scopes.size() == 1);
    CHECK(report->widest().scope == PowerScope::neurocores);
    CHECK(report->widest().total.value.value() == Approx(8e8 + 71334));
    REQUIRE_FALSE(report->notes.empty());
    CHECK(report->notes.front() == "energy is given for neurocores alone, not for a system: nobody knows its board");
}

TEST_CASE("what the host does and draws belongs to the system") {
    CostTable costs = tiny_costs();
    costs.host_included = true;
    costs.host = {1000, 1000, 1000, Evidence::measured, "a meter"};
    costs.energy[static_cast<std::size_t>(EventKind::host_update)] = {5, 5, 5, Evidence::cited, "a page"};
    const auto report = price(tiny_run(), costs);
    REQUIRE(report);
    CHECK(report->scopes[0].total.value.value() == Approx(8e8 + 71334));
    CHECK(report->scopes[1].total.value.value() == Approx(32e8 + 71334 + 4e9 + 16 * 5));
}

TEST_CASE("a self-timed run has no steps to pay for") {
    Run run = tiny_run();
    test::retime(run);
    CHECK(group(*price(run, tiny_costs()), EnergyGroup::steps) == 0);
}

TEST_CASE("every joule is in one term, one group, one layer, and on one core or off the cores") {
    const auto report = price(tiny_run(), tiny_costs());
    REQUIRE(report);
    double terms = 0, groups = 0, layers = 0, cores = report->off_core.value();
    for (const auto& term : report->terms) terms += term.energy.value.value();
    for (const auto& each : report->groups) groups += each.value.value();
    for (const auto& layer : report->layers) layers += layer.dynamic.value.value();
    for (const auto& core : report->cores) cores += core.dynamic.value();
    const double total = report->widest().total.value.value(), steps = group(*report, EnergyGroup::steps);
    CHECK(terms == Approx(total));
    CHECK(groups == Approx(total));
    CHECK(layers + steps == Approx(report->dynamic.value.value()).epsilon(1e-12));  // a step is of no layer
    CHECK(cores == Approx(report->dynamic.value.value()).epsilon(1e-12));
    CHECK(report->off_core.value() == Approx(500 + steps));  // the host's link and the chips' steps belong to no core
}

TEST_CASE("activity, utilisation and where things ran are reported") {
    const auto report = price(tiny_run(), tiny_costs());
    REQUIRE(report);
    CHECK(report->evaluations == 960);
    CHECK(report->updates == 46);
    CHECK(report->skipped == 4);
    CHECK(report->messages == 40);
    CHECK(report->messages_saved == Approx(32.0 * 4 / 16));
    REQUIRE((report->utilisation_mean && report->utilisation_max));
    CHECK(*report->utilisation_mean == Approx(0.5));
    CHECK(*report->utilisation_max == Approx(0.75));
    CHECK(report->on_host == std::vector<std::string>{"embedding"});
    REQUIRE(report->layers.size() == 3);
    CHECK(report->layers[0].name == "embedding");
    CHECK(report->layers[1].name == "block 0");
    CHECK(report->layers[2].name == "head");
}

TEST_CASE("a pipeline's steady rate leaves out its filling") {
    Run run = tiny_run();
    run.mode = RunMode::prefill;
    run.tokens.clear();
    for (int t = 0; t < 8; ++t)  // fills for 3 ms, then a token every 0.125 ms
        run.tokens.push_back({0, t, 1, -1, Picoseconds(0), Picoseconds(3'000'000'000 + t * 125'000'000LL)});
    test::retime(run);
    const auto report = price(run, tiny_costs());
    REQUIRE(report);
    CHECK(report->tokens_per_s == Approx(8 / 3.875e-3));
    CHECK(report->steady_tokens_per_s == Approx(8000));
    CHECK(report->scopes[0].steady_per_token.value.value() == Approx(7334.0 / 8 + 2 * 0.1 * 0.125e-3 * 1e12));
    CHECK_FALSE(report->first_token);
}

TEST_CASE("steps go by with time: a full pipeline pays for fewer of them a token") {
    Run run = tiny_run();  // 32 steps in 4 ms, on 2 chips
    run.mode = RunMode::prefill;
    for (std::size_t t = 0; t < 4; ++t) {
        run.tokens[t].output = -1;
        run.tokens[t].left = Picoseconds(2'500'000'000 + static_cast<std::int64_t>(t) * 500'000'000);
    }
    const auto report = price(run, tiny_costs());
    REQUIRE(report);
    CHECK(report->steady_tokens_per_s == Approx(2000));
    CHECK(report->scopes[0].steady_per_token.value.value() ==
          Approx(7334.0 / 4 + 4 * 2 * 1000 + 2 * 0.1 * 0.5e-3 * 1e12));
}

TEST_CASE("a prefill's steady rate leaves out the token whose logits are worked out") {
    Run run = tiny_run();
    run.mode = RunMode::prefill;
    run.tokens.clear();
    for (int t = 0; t < 9; ++t)  // a token every 0.125 ms, the last 5 ms later for its logits
        run.tokens.push_back({0, t, 1, t == 8 ? 3 : -1, Picoseconds(0),
                              Picoseconds(3'000'000'000 + t * 125'000'000LL + (t == 8 ? 5'000'000'000 : 0))});
    test::retime(run);
    const auto report = price(run, tiny_costs());
    REQUIRE(report);
    CHECK(report->steady_tokens_per_s == Approx(8000));
}

TEST_CASE("a generation's steady rate leaves out the prompt") {
    Run run = tiny_run();  // the prompt leaves at 1 and 2 ms
    run.tokens[3].left = Picoseconds(3'250'000'000);
    test::retime(run);
    const auto report = price(run, tiny_costs());
    REQUIRE(report);
    CHECK(report->steady_tokens_per_s == Approx(4000));  // 3 to 3.25 ms
    run.tokens.pop_back();                               // a single sampled token has no rate of its own
    test::retime(run);
    CHECK(price(run, tiny_costs())->steady_tokens_per_s == Approx(1000));
}

TEST_CASE("a cost table of another technology is used, and said") {
    Run run = tiny_run();
    run.machine_kind = "generic";
    const auto report = price(run, tiny_costs());
    REQUIRE(report);
    bool said = false;
    for (const auto& note : report->notes)
        said = said || note.find("not made for machines of kind") != std::string::npos;
    CHECK(said);
}

TEST_CASE("runs that can't be priced are refused") {
    Run empty = tiny_run();
    empty.tokens.clear();
    CHECK(price(empty, tiny_costs()).error().code == ErrorCode::bad_input);
    Run timeless = tiny_run();
    timeless.elapsed = Picoseconds(0);
    CHECK_FALSE(price(timeless, tiny_costs()));
    Run contradiction = tiny_run();
    test::set(contradiction.cores[0].counts, EventKind::synop_int8, 501);
    const auto refused = price(contradiction, tiny_costs());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("synop_int8") != std::string::npos);
}

TEST_CASE("runs at the edge have finite rates and energies, with prices and without") {
    for (const auto& [name, run] : test::edge_runs())
        for (const CostTable& costs : {tiny_costs(), test::zero_costs()}) {
            INFO(name);
            const auto report = price(run, costs);
            REQUIRE(report);
            for (const double rate : {report->tokens_per_s, report->steady_tokens_per_s}) {
                CHECK(std::isfinite(rate));
                CHECK(rate > 0);
            }
            for (const ScopeEnergy& scope : report->scopes) {
                CHECK(std::isfinite(scope.watts));
                CHECK(std::isfinite(scope.steady_watts));
                for (const EnergyRange& energy : {scope.total, scope.per_token, scope.steady_per_token})
                    for (const Picojoules end : {energy.low, energy.value, energy.high})
                        CHECK(std::isfinite(end.value()));
            }
            CHECK(report->utilisation_mean.has_value() == !run.cores.empty());
        }
    const auto free = price(tiny_run(), test::zero_costs());
    CHECK(free->widest().total.high.value() == 0);
}
