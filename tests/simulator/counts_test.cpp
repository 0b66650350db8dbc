#include "simulator/counts.hpp"

#include <map>

#include "mapper/traffic.hpp"
#include "neuro/lm/engine.hpp"
#include "neuro/lm/lower.hpp"
#include "neuro/lm/synth.hpp"
#include "simulator/lm/simulate_tokens.hpp"
#include "tests/catch.hpp"
#include "tests/simulator/closed_form.hpp"
#include "tests/simulator/spread.hpp"

using namespace tephra;

namespace {

EventCounts sum_of_cores(const Run& run) {
    EventCounts sum{};
    for (const CoreRecord& core : run.cores)
        for (std::size_t k = 0; k < event_kinds; ++k) sum[k] += core.counts[k];
    return sum;
}

}  // namespace

TEST_CASE("the counts are those of a closed form over the mapping and the golden model's zeros") {
    const auto model = *make_synthetic_model(synth_shape(96, 2, 150, 130, 8));
    const Program program = lower(model);
    const Machine machine = *find_machine("kapoho-point");
    const std::vector<std::int32_t> ids{5, 100, 17, 3, 3, 42};
    const Activity activity = *activity_of(*make_golden_engine(model, {1, 1}).value(), *model, ids);
    for (const int neurons : test::repeats({3, 50}))
        for (const SyncMode sync : {SyncMode::barrier, SyncMode::dataflow})
            for (const NocMode noc : {NocMode::ideal, NocMode::contended}) {
                const Mapping mapping = test::spread(program, machine, neurons);
                TokenOptions options;
                options.mode = RunMode::prefill;
                options.sync = sync;
                options.noc = noc;
                options.prompts = {ids};
                const auto run = simulate_tokens(program, machine, mapping, options);
                if (!run) FAIL(to_string(run.error()));
                const Expected expected = ClosedForm(program, mapping, activity, static_cast<std::int64_t>(ids.size()),
                                                     sync == SyncMode::dataflow)
                                              .sum();
                CHECK(total(*run, EventKind::message_out) == expected.out);
                CHECK(total(*run, EventKind::message_in) == expected.in);
                CHECK(total(*run, EventKind::synop_ternary) == expected.synops);
                CHECK(total(*run, EventKind::synop_int8) == 0);
                CHECK(total(*run, EventKind::neuron_update) == expected.updates);
                CHECK(total(*run, EventKind::skipped) == expected.skipped);
                CHECK(expected.skipped > 0);
                const EventCounts cores = sum_of_cores(*run);
                for (const EventKind kind : {EventKind::message_out, EventKind::message_in, EventKind::neuron_update,
                                             EventKind::synop_ternary, EventKind::barrier_tile, EventKind::evaluation})
                    CHECK(cores[static_cast<std::size_t>(kind)] == total(*run, kind));
                CHECK((run->steps > 0) == (sync == SyncMode::barrier));
                for (const PopulationRecord& population : run->populations) {
                    const std::int64_t fired = count_of(population.counts, EventKind::neuron_update);
                    const std::int64_t evaluated = count_of(population.counts, EventKind::evaluation);
                    INFO(population.name);
                    CHECK(population.messages.empty());  // rounds are tokens
                    if (population.on_host) continue;
                    CHECK(fired == population.neurons * std::ssize(ids));
                    CHECK(evaluated == (sync == SyncMode::barrier ? run->steps * population.neurons : fired));
                }
                CHECK(total(*run, EventKind::message) > 0);
            }
}

TEST_CASE("where no message is zero, the links carry the mapper's traffic") {
    for (const char* name : {"kapoho-point", "generic-mesh"}) {  // unicast, multicast
        const Machine machine = *find_machine(name);
        const Topology topology = *Topology::create(machine);
        int full = 0;
        for (std::uint64_t seed = 1; seed <= 300 && full < 3; ++seed) {
            const auto model = *make_synthetic_model(synth_shape(8, 1, 4, 6, seed));
            const Program program = lower(model);
            const Mapping mapping = test::spread(program, machine, 3);
            TokenOptions options;
            options.mode = RunMode::prefill;
            options.prompts = {{1}};
            const auto run = simulate_tokens(program, machine, mapping, options);
            if (!run) FAIL(to_string(run.error()));
            std::map<EventKind, std::int64_t> expected;
            std::map<std::pair<int, int>, std::int64_t> chips;
            const std::vector<std::int64_t> flits = link_flits(program, machine, topology, mapping);
            for (std::size_t k = 0; k < flits.size(); ++k) {
                const LinkEnds link = topology.link(LinkId(static_cast<std::int32_t>(k)));
                if (link.kind == LinkKind::none) continue;
                expected[hop_kind(link.kind)] += flits[k];
                if (link.kind == LinkKind::chip && flits[k] > 0)
                    chips[{link.owner.value, link.receiver.value}] += flits[k];
            }
            const bool none_zero = total(*run, EventKind::skipped) == 0;
            full += none_zero ? 1 : 0;
            for (const auto& [kind, count] : expected) {
                INFO(name << ", seed " << seed << ", " << event_name(kind));
                if (none_zero)
                    CHECK(total(*run, kind) == count);
                else
                    CHECK(total(*run, kind) <= count);
            }
            if (!none_zero) continue;
            std::map<std::pair<int, int>, std::int64_t> counted;
            for (const auto& link : run->links) counted[{link.from, link.to}] += link.flits;
            CHECK(counted == chips);
        }
        CHECK(full > 0);
    }
}
