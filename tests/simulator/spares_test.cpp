#include "simulator/spares.hpp"

#include <algorithm>
#include <set>

#include "neuro/lm/lower.hpp"
#include "neuro/lm/sampling.hpp"
#include "neuro/lm/synth.hpp"
#include "simulator/lm/simulate_tokens.hpp"
#include "simulator/page/spares_page.hpp"
#include "tests/catch.hpp"
#include "tests/markup_reader.hpp"

using namespace tephra;

namespace {

Program small_program() {
    return lower(*make_synthetic_model(synth_shape(96, 2, 150, 130, 5)));
}

SparesWork generate_two(const Program& program) {
    TokenOptions options;
    options.prompts = {{1}};
    options.new_tokens = 2;
    options.sample = [](int, int, std::span<const std::int32_t> logits) { return greedy_token(logits); };
    return [&program, options](const Machine& machine, const Mapping& mapping) {
        return simulate_tokens(program, machine, mapping, options);
    };
}

/// A machine of 2 x 2 chips with few cores, so that draws differ.
Machine small_machine() {
    Machine machine = *find_machine("kapoho-point");
    machine.chips_x = 2, machine.chips_y = 2, machine.chips_z = 1;
    machine.mesh.tiles_x = 2, machine.mesh.tiles_y = 2, machine.mesh.cores_per_tile = 2;
    machine.mesh.usable_cores = 7;
    machine.dead_cores = {CoreId(3)};
    machine.hash = machine_hash(machine);
    return machine;
}

SparesOptions few(std::vector<int> dead) {
    SparesOptions options;
    options.dead = std::move(dead);
    options.draws = 4, options.seed = 7, options.threads = 2;
    return options;
}

}  // namespace

TEST_CASE("work runs around dead cores, and each draw is what a machine with these cores dead gives", "[threads]") {
    const Program program = small_program();
    const Machine machine = small_machine();
    const CostTable costs = *find_cost_table("loihi2");
    const auto work = generate_two(program);
    const auto spares = measure_spares(program, machine, costs, few({1, 5}), work);
    REQUIRE(spares);
    CHECK(spares->parts == 27);  // 4 x 7, less the one that is dead
    CHECK(spares->rounds == 2);
    REQUIRE(spares->trials.size() == 8);
    std::set<std::vector<int>> sets;
    for (const SparesTrial& trial : spares->trials) {
        CHECK(trial.parts.size() == static_cast<std::size_t>(trial.dead));
        CHECK(std::ranges::adjacent_find(trial.parts, std::greater_equal<>{}) == trial.parts.end());
        for (const int core : trial.parts) CHECK(machine.usable(CoreId(core)));
        sets.insert(trial.parts);
    }
    CHECK(sets.size() > 5);
    const SparesTrial& last = spares->trials.back();
    REQUIRE(last.refused.empty());
    Machine broken = machine;
    for (const int core : last.parts) broken.dead_cores.emplace_back(core);
    std::ranges::sort(broken.dead_cores);
    broken.hash = machine_hash(broken);
    const auto mapping = map_program(program, broken, {});
    REQUIRE(mapping);
    const auto run = work(broken, *mapping);
    REQUIRE(run);
    CHECK(last.round.value() == run->elapsed.value() / 2);
    const double joules_of_both = joules(price(*run, costs)->widest().total.value);
    CHECK(joules(last.energy.value) * 2 == Approx(joules_of_both));
    // The same on any number of threads.
    SparesOptions alone = few({1, 5});
    alone.threads = 1;
    CHECK(spares_json(*measure_spares(program, machine, costs, alone, work)).dump() == spares_json(*spares).dump());
    alone.seed = 8;
    CHECK(measure_spares(program, machine, costs, alone, work)->trials.front().parts != spares->trials.front().parts);
}

TEST_CASE("work runs around dead chip links, and cores that are cut off are said") {
    const Program program = small_program();
    Machine machine = small_machine();
    int neurons = 0;
    for (const Population& population : program.populations)
        if (population.runs_on != RunsOn::host) neurons += population.size;
    machine.limits.neurons = neurons / 15 + 1;  // it needs 15 cores at least: more than two chips have
    machine.hash = machine_hash(machine);
    SparesOptions options = few({1, 3});
    options.part = SparePart::links;
    const auto spares = measure_spares(program, machine, *find_cost_table("loihi2"), options, generate_two(program));
    REQUIRE(spares);
    CHECK(spares->parts == 4);
    for (const SparesTrial& trial : spares->trials)  // of four in a ring any three leave two chips at most
        CHECK(trial.refused.empty() == (trial.dead == 1));
    CHECK(spares->trials.back().refused.find("are cut off from the host") != std::string::npos);
    const auto rows = summaries(*spares);
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].dead == 0);
    CHECK((rows[1].ran == 4 && rows[2].ran == 0));
    CHECK(rows[1].microseconds.least <= rows[1].microseconds.median);
    CHECK(rows[1].microseconds.median <= rows[1].microseconds.most);
    CHECK(percent_more(rows[0], rows[0], &SparesSummary::microjoules) == 0.0);
    CHECK_FALSE(percent_more(rows[0], rows[2], &SparesSummary::microjoules));
    const std::string page = spares_page(*spares);
    CHECK(test::markup_fault(page).empty());
    CHECK(page.find("none ran") != std::string::npos);
    CHECK(page.find(" are cut off from the host") != std::string::npos);
}

TEST_CASE("work runs around dead mesh links and dead routers, as on a machine with these dead") {
    const Program program = small_program();
    const Machine machine = small_machine();
    const CostTable costs = *find_cost_table("loihi2");
    const auto work = generate_two(program);
    for (const SparePart part : {SparePart::mesh_links, SparePart::routers}) {
        SparesOptions options = few({1, 2});
        options.part = part;
        const auto spares = measure_spares(program, machine, costs, options, work);
        REQUIRE(spares);
        CHECK(spares->parts == (part == SparePart::routers ? 15 : 16));
        const auto ran = std::ranges::find_if(spares->trials, [](const auto& trial) { return trial.refused.empty(); });
        REQUIRE(ran != spares->trials.end());
        const Machine broken = SpareParts(machine, *Topology::create(machine), part).without(ran->parts);
        const auto run = work(broken, *map_program(program, broken, {}));
        REQUIRE(run);
        CHECK(ran->round.value() == run->elapsed.value() / 2);
    }
}

TEST_CASE("a machine with too few cores left is a result, numbers out of range are refused") {
    const Program program = small_program();
    const Machine machine = small_machine();
    const CostTable costs = *find_cost_table("loihi2");
    const auto code = [&](const SparesOptions& options) {
        const auto spares = measure_spares(program, machine, costs, options, generate_two(program));
        return spares ? ErrorCode::internal : spares.error().code;
    };
    const auto all = measure_spares(program, machine, costs, few({27}), generate_two(program));
    REQUIRE(all);
    for (const SparesTrial& trial : all->trials) CHECK_FALSE(trial.refused.empty());
    CHECK(code(few({28})) == ErrorCode::bad_input);
    CHECK(code(few({0})) == ErrorCode::bad_input);
    CHECK(code(few({})) == ErrorCode::bad_input);
    for (const int draws : {0, most_draws + 1}) {
        SparesOptions options = few({1});
        options.draws = draws;
        CHECK(code(options) == ErrorCode::bad_input);
    }
    SparesOptions links = few({5});
    links.part = SparePart::links;
    CHECK(code(links) == ErrorCode::bad_input);
    SparesOptions threads = few({1});
    threads.threads = 0;
    CHECK(code(threads) == ErrorCode::bad_input);
}
