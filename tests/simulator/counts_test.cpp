#include "simulator/counts.hpp"

#include "neuro/engine.hpp"
#include "neuro/lower.hpp"
#include "neuro/synth.hpp"
#include "simulator/simulate.hpp"
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
    const test::Activity activity = *test::activity_of(*make_golden_engine(model, {1, 1}), *model, ids);
    for (const int neurons : {3, 50})
        for (const SyncMode sync : {SyncMode::barrier, SyncMode::dataflow})
            for (const NocMode noc : {NocMode::ideal, NocMode::contended}) {
                const Mapping mapping = test::spread(program, machine, neurons);
                SimulateOptions options;
                options.mode = RunMode::prefill;
                options.sync = sync;
                options.noc = noc;
                options.prompts = {ids};
                const auto run = simulate(program, machine, mapping, options);
                if (!run) FAIL(to_string(run.error()));
                const test::Expected expected =
                    test::ClosedForm(program, mapping, activity, static_cast<std::int64_t>(ids.size()),
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
                                             EventKind::synop_ternary, EventKind::barrier_tile})
                    CHECK(cores[static_cast<std::size_t>(kind)] == total(*run, kind));
                CHECK((run->steps > 0) == (sync == SyncMode::barrier));
            }
}
