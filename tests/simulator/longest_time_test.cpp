#include "simulator/longest_time.hpp"

#include "simulator/run.hpp"
#include "simulator/schedule.hpp"
#include "tests/simulator/hand_made.hpp"

using namespace tephra;
using test::hand_made, test::on_two_cores, test::two_cores;

namespace {

Machine with_times(Picoseconds all) {
    Machine machine = two_cores();
    for (Picoseconds* time : {&machine.timing.message_in,  &machine.timing.synop,       &machine.timing.neuron[0],
                              &machine.timing.neuron[1],   &machine.timing.neuron[2],   &machine.timing.spike,
                              &machine.timing.message_out, &machine.mesh.hop_x,         &machine.mesh.hop_y,
                              &machine.mesh.flit_x,        &machine.mesh.flit_y,        &machine.mesh.flit_local,
                              &machine.link.packet,        &machine.barrier.base,       &machine.barrier.per_tile,
                              &machine.barrier.per_chip,   &machine.barrier.management, &machine.host.latency,
                              &machine.host.flit,          &machine.host.message,       &machine.host.synop,
                              &machine.host.neuron_update, &machine.host.token})
        *time = all;
    return machine;
}

}  // namespace

TEST_CASE("the longest time of a token is the sum of all its services, packets and barriers") {
    const Program program = hand_made();
    const Machine machine = with_times(Picoseconds(1));
    const auto plan = make_schedule(program, machine, on_two_cores(program, machine), false);
    REQUIRE(plan);
    // 16 weights; 4 + 1 + 4 + 4 neurons, evaluated in each of four steps, sending once; one token.
    const std::int64_t services = 16 + 4 * 13 + 13 + 1;
    // Packets by hand: 4 messages to each core, a record to the pacer, its answer to each core, logits to the host.
    std::int64_t packets = 0, travel = 0;
    for (const Fanout& fanout : (*plan)->fanouts) {
        const std::int64_t sent = fanout.kind == Fanout::Kind::message ? fanout.end - fanout.begin : 1;
        packets += sent * (1 + fanout.terminals);
        for (std::uint32_t e = fanout.entry; e < fanout.entry + fanout.entries; ++e) {
            const LinkKind kind = (*plan)->routes.kind(e);
            const bool has_latency = kind != LinkKind::inject && kind != LinkKind::eject;
            travel += sent * (fanout.flits + (has_latency ? 1 : 0));
        }
    }
    const std::int64_t barriers = 4 * (1 + 2 + 1 + 1);
    CHECK((*plan)->longest_token.value() == services + packets + travel + barriers);
}

TEST_CASE("times that could pass 2^62 ps are refused, the longest that cannot are not") {
    const Program program = hand_made();
    const auto accepted = [&](std::int64_t synop) {
        Machine machine = with_times(Picoseconds(1));
        machine.timing.synop = machine.host.synop = Picoseconds(synop);
        const auto plan = make_schedule(program, machine, on_two_cores(program, machine), true);
        if (plan) return (*plan)->longest_token.value();
        CHECK(plan.error().code == ErrorCode::bad_input);
        CHECK_THAT(plan.error().message, test::contains("times too long for this model"));
        return std::int64_t{-1};
    };
    const std::int64_t others = accepted(0);
    const std::int64_t longest_synop = (longest_time.value() - 1 - others) / 16;
    CHECK(accepted(longest_synop) == others + 16 * longest_synop);
    CHECK(accepted(longest_synop + 1) == -1);
    CHECK(accepted(INT64_MAX) == -1);
    Machine machine = with_times(Picoseconds(1));
    machine.barrier.base = Picoseconds(longest_time.value() / 4);
    CHECK_FALSE(make_schedule(program, machine, on_two_cores(program, machine), true));
}
