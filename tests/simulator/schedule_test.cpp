#include "simulator/schedule.hpp"

#include <algorithm>
#include <type_traits>

#include "tests/simulator/hand_made.hpp"

using namespace tephra;
using test::hand_made, test::on_two_cores, test::two_cores;

static_assert(!std::is_constructible_v<RouteTable, Machine, const Topology&>, "a route table keeps no temporary");
static_assert(!std::is_constructible_v<RouteTable, const Machine&, Topology>);
static_assert(std::is_constructible_v<RouteTable, const Machine&, const Topology&>);

namespace {

std::unique_ptr<const Schedule> schedule_of(const Program& program, const Machine& machine, const Mapping& mapping,
                                            bool self_timed = true) {
    auto schedule = make_schedule(program, machine, mapping, self_timed);
    if (!schedule) FAIL(to_string(schedule.error()));
    return std::move(*schedule);
}

Error error_of(const Program& program, const Machine& machine, const Mapping& mapping) {
    const auto schedule = make_schedule(program, machine, mapping, true);
    REQUIRE_FALSE(schedule);
    return schedule.error();
}

const Fanout& fanout_of(const Schedule& plan, std::uint32_t slice, std::uint32_t k) {
    REQUIRE(k < plan.slices[slice].fanouts);
    return plan.fanouts[plan.slices[slice].first_fanout + k];
}

}  // namespace

TEST_CASE("a schedule of two cores has the slices, inputs and packets that one counts by hand") {
    const Program program = hand_made();
    Machine machine = two_cores();
    machine.mesh.routing = Routing::unicast;
    const auto plan = schedule_of(program, machine, on_two_cores(program, machine));
    // In order of core: pacer and unit 0, 1 on core 0, unit 2, 3 on core 1, then source and sink on the host.
    REQUIRE(plan->slices.size() == 5);
    const std::uint32_t pacer = 0, low = 1, high = 2, source = 3, sink = 4;
    CHECK(plan->slices[pacer].population == PopulationId(test::pacer_p));
    CHECK(plan->slices[high].core == CoreId(1));
    CHECK((plan->source == source && plan->sink == sink));
    CHECK(plan->slices[source].on_host);
    CHECK((plan->mapped_chips == 1 && plan->mapped_tiles == 2 && plan->tiles_of_fullest_chip == 2));

    // Inputs by port. One message of the source is multiplied by one weight for each of a slice's two neurons.
    const auto input = [&](std::uint32_t slice, std::uint32_t port) {
        return plan->inputs[plan->slices[slice].first_input + port];
    };
    CHECK((plan->slices[pacer].inputs == 2 && plan->slices[low].inputs == 2 && plan->slices[sink].inputs == 1));
    CHECK(input(low, 0).synops == 2);
    CHECK(input(low, 0).service == machine.timing.synop * 2);
    CHECK(input(low, 0).sources == 1);
    CHECK(program[input(pacer, 1).projection].transport == Transport::credit);
    CHECK(input(pacer, 1).sources == 2);  // both slices of the unit
    CHECK(input(sink, 0).sources == 2);

    // The source sends each message to both cores, and its record to the pacer.
    CHECK((plan->slices[source].message_fanouts == 2 && plan->slices[source].fanouts == 3));
    for (std::uint32_t k = 0; k < 2; ++k) {
        const Fanout& messages = fanout_of(*plan, source, k);
        CHECK((messages.begin == 0 && messages.end == 4 && messages.terminals == 1));
        CHECK(messages.flits == machine.mesh.packet_flits(8));
        CHECK(plan->terminals[messages.first_terminal].core == CoreId(static_cast<int>(k)));
    }
    const Fanout& record = fanout_of(*plan, source, 2);
    CHECK(record.kind == Fanout::Kind::record);
    CHECK(record.flits == machine.mesh.packet_flits(32 * 3));
    CHECK(plan->header_flits == 1);

    // Host to core 1: the host's link, one hop along X, the port of the core.
    const Terminal& far = plan->terminals[fanout_of(*plan, source, 1).first_terminal];
    CHECK(fanout_of(*plan, source, 1).entries == 3);
    CHECK(far.latency == (machine.host.latency + machine.mesh.hop_x).value());
    CHECK(far.flit_time == (machine.host.flit + machine.mesh.flit_x + machine.mesh.flit_local).value());
    REQUIRE(far.deliveries == 1);
    CHECK(plan->deliveries[far.first_delivery].slice == high);
    CHECK(plan->deliveries[far.first_delivery].service == 2 * machine.timing.synop.value());

    // The pacer sends its record to both cores, one of them its own; the unit sends logits and a credit.
    CHECK((plan->slices[pacer].message_fanouts == 0 && plan->slices[pacer].fanouts == 2));
    CHECK((plan->slices[high].message_fanouts == 1 && plan->slices[high].fanouts == 2));
    CHECK(fanout_of(*plan, high, 1).kind == Fanout::Kind::credit);
    CHECK(fanout_of(*plan, high, 1).flits == plan->header_flits);
    CHECK(plan->locals.empty());
    // Barrier runs need no credits.
    CHECK(schedule_of(program, machine, on_two_cores(program, machine), false)->slices[high].fanouts == 1);
}

TEST_CASE("multicast sends one packet to all cores, and identity within a core sends none") {
    Program program = hand_made();
    Machine machine = two_cores();
    machine.mesh.routing = Routing::multicast;
    const auto plan = schedule_of(program, machine, on_two_cores(program, machine));
    CHECK(plan->slices[plan->source].message_fanouts == 1);
    CHECK(fanout_of(*plan, plan->source, 0).terminals == 2);
    CHECK(fanout_of(*plan, plan->source, 0).entries == 4);  // the host's link; a port; the hop; the other port
    // The sink beside the unit: states pass without a packet.
    program.populations[test::sink_p].runs_on = RunsOn::cores;
    Mapping mapping = on_two_cores(program, machine);
    mapping.slices[test::sink_p] = mapping.slices[test::unit_p];
    const auto local = schedule_of(program, machine, mapping);
    CHECK(local->locals.size() == 2);
    for (const ScheduledSlice& slice : local->slices)
        if (slice.population == PopulationId(test::unit_p)) CHECK((slice.locals == 1 && slice.message_fanouts == 0));
}

TEST_CASE("a mapping that does not place the program is refused") {
    const Program program = hand_made();
    const Machine machine = two_cores();
    const Mapping good = on_two_cores(program, machine);
    const auto refused = [&](const auto& change) {
        Mapping mapping = good;
        change(mapping);
        return error_of(program, machine, mapping);
    };
    // No slice: on the host, but only for populations that may be there.
    const Error nowhere = refused([](Mapping& m) { m.slices[test::unit_p].clear(); });
    CHECK(nowhere.code == ErrorCode::bad_input);
    CHECK(nowhere.place == "unit");
    Mapping head = good;
    head.head_on_host = true;
    head.slices[test::unit_p].clear();
    CHECK(make_schedule(program, machine, head, true));
    for (const Error& error :
         {refused([](Mapping& m) { m.slices[test::unit_p][1].core = CoreId(2); }),
          refused([](Mapping& m) { m.slices[test::unit_p][1].core = CoreId(0); }),
          refused([](Mapping& m) { m.slices[test::unit_p][1].begin = 1; }),
          refused([](Mapping& m) { m.slices[test::unit_p][1].end = 3; }), refused([](Mapping& m) {
              m.slices[test::sink_p] = {{CoreId(0), 0, 4}};
          }),
          refused([](Mapping& m) { m.head_on_host = true; }), refused([](Mapping& m) { m.slices.pop_back(); })})
        CHECK(error.code == ErrorCode::bad_input);
}

TEST_CASE("a record has at most eight words") {
    Program program = hand_made();
    const Machine machine = two_cores();
    const Mapping mapping = on_two_cores(program, machine);
    program.projections[test::record_j].words = max_record_words;
    CHECK(make_schedule(program, machine, mapping, false));
    for (const int words : {max_record_words + 1, 0, -1}) {
        program.projections[test::record_j].words = words;
        const Error error = error_of(program, machine, mapping);
        CHECK(error.code == ErrorCode::bad_input);
        CHECK(error.place == "record");
    }
}

TEST_CASE("a chip whose buffers pass 24 bits is refused, the largest below is not") {
    const Program program = hand_made();
    // Two chips have four channels; a tile has four links, each of its 62 cores two.
    const auto of_tiles = [](int x, int y) { return test::small_machine({2, 1, 1}, {x, y}, 62); };
    const auto buffers = [](int tiles) { return std::int64_t{4} * (tiles * (4 + 2 * 62) + 6 + 8); };
    const Machine largest = of_tiles(217, 151), over = of_tiles(256, 128);
    REQUIRE((buffers(217 * 151) <= most_buffers && buffers(217 * 151 + 1) > most_buffers));
    CHECK(make_schedule(program, largest, on_two_cores(program, largest), true));
    const auto refused = make_schedule(program, over, on_two_cores(program, over), true);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::bad_input);
    CHECK_THAT(refused.error().message, test::contains(std::to_string(buffers(256 * 128))));
    CHECK_THAT(refused.error().message, test::contains(std::to_string(most_buffers)));
}
