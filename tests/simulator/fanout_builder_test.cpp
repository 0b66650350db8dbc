#include "simulator/fanout_builder.hpp"

#include <array>

#include "tests/mapper/small_machine.hpp"

using namespace tephra;

namespace {

/// Three slices of a population on cores 0, 1, 2; on cores 3, 4, 5 a slice each with two inputs.
Schedule& with_slices(Schedule& schedule) {
    for (int core = 0; core < 6; ++core) {
        ScheduledSlice slice;
        slice.core = CoreId(core);
        slice.begin = core < 3 ? 4 * core : 0;
        slice.end = slice.begin + 4;
        slice.first_input = static_cast<std::uint32_t>(schedule.inputs.size());
        slice.inputs = core < 3 ? 0 : 2;
        for (std::uint32_t port = 0; port < slice.inputs; ++port) {
            SliceInput input;
            input.slice = static_cast<std::uint32_t>(core);
            input.service = Picoseconds(100 * core + static_cast<int>(port));
            schedule.inputs.push_back(input);
        }
        schedule.slices.push_back(slice);
    }
    return schedule;
}

constexpr std::array<std::uint32_t, 3> peers{0, 1, 2};

/// Every input of every target, from all neurons of a slice.
std::vector<Reach> all_inputs(const ScheduledSlice& from) {
    std::vector<Reach> reaches;
    for (std::uint32_t core = 0; core < 3; ++core)
        reaches.push_back({{from.neurons()}, CoreId(3 + static_cast<int>(core)), {2 * core, 2 * core + 1}});
    return reaches;
}

Fanout messages_of(std::uint32_t slice) {
    Fanout fanout;
    fanout.slice = slice;
    fanout.flits = 2;
    return fanout;
}

}  // namespace

TEST_CASE("unicast has a fan-out a core, multicast one for all") {
    for (const Routing routing : {Routing::unicast, Routing::multicast}) {
        Machine machine = test::small_machine({1, 1, 1}, {3, 2});
        machine.mesh.routing = routing;
        Schedule schedule(machine, *Topology::create(machine));
        FanoutBuilder builder(with_slices(schedule));
        builder.add(messages_of(0), all_inputs(schedule.slices[0]), peers);
        REQUIRE(schedule.fanouts.size() == (routing == Routing::unicast ? 3 : 1));
        REQUIRE(schedule.terminals.size() == 3);
        for (const Fanout& fanout : schedule.fanouts) {
            CHECK((fanout.slice == 0 && fanout.begin == 0 && fanout.end == 4 && fanout.flits == 2));
            CHECK(fanout.terminals == (routing == Routing::unicast ? 1 : 3));
        }
        for (std::uint32_t t = 0; t < 3; ++t) {
            const Terminal& terminal = schedule.terminals[t];
            CHECK(terminal.core == CoreId(3 + static_cast<int>(t)));
            CHECK(schedule.routes.entries()[terminal.entry].first_child == (routing == Routing::unicast ? 0 : t));
            CHECK(schedule.routes.link(terminal.entry) == schedule.topology.eject(terminal.core));
            REQUIRE(terminal.deliveries == 2);
            for (std::uint32_t k = 0; k < 2; ++k) {
                const Delivery& delivery = schedule.deliveries[terminal.first_delivery + k];
                CHECK((delivery.slice == 3 + t && delivery.port == k && delivery.input == 2 * t + k));
                CHECK(delivery.service == 100 * (3 + t) + k);
            }
        }
    }
}

TEST_CASE("slices of one population begin at different cores and share their lists of deliveries") {
    Machine machine = test::small_machine({1, 1, 1}, {3, 2});
    machine.mesh.routing = Routing::unicast;
    Schedule schedule(machine, *Topology::create(machine));
    FanoutBuilder builder(with_slices(schedule));
    for (const std::uint32_t slice : peers) builder.add(messages_of(slice), all_inputs(schedule.slices[slice]), peers);
    REQUIRE(schedule.terminals.size() == 9);
    for (int slice = 0; slice < 3; ++slice)
        for (int k = 0; k < 3; ++k)
            CHECK(schedule.terminals[static_cast<std::size_t>(3 * slice + k)].core == CoreId(3 + (slice + k) % 3));
    CHECK(schedule.deliveries.size() == 6);
    // A slice that reaches fewer inputs there has a list of its own.
    builder.add(messages_of(0), {{{{0, 4}}, CoreId(3), {0}}}, peers);
    builder.add(messages_of(0), {{{{0, 4}}, CoreId(3), {1}}}, peers);
    CHECK(schedule.terminals.back().deliveries == 1);
    CHECK(schedule.deliveries[schedule.terminals.back().first_delivery].port == 1);
}

TEST_CASE("targets of different source neurons are different fan-outs") {
    Machine machine = test::small_machine({1, 1, 1}, {3, 2});
    machine.mesh.routing = Routing::multicast;
    Schedule schedule(machine, *Topology::create(machine));
    FanoutBuilder builder(with_slices(schedule));
    builder.add(messages_of(0), {{{{2, 4}}, CoreId(4), {2}}, {{{0, 2}}, CoreId(3), {0}}, {{{2, 4}}, CoreId(5), {4}}},
                peers);
    REQUIRE(schedule.fanouts.size() == 2);
    CHECK((schedule.fanouts[0].begin == 0 && schedule.fanouts[0].end == 2 && schedule.fanouts[0].terminals == 1));
    CHECK((schedule.fanouts[1].begin == 2 && schedule.fanouts[1].end == 4 && schedule.fanouts[1].terminals == 2));
}

TEST_CASE("a fan-out of scattered neurons knows which of its range send") {
    Machine machine = test::small_machine({1, 1, 1}, {3, 2});
    machine.mesh.routing = Routing::unicast;
    Schedule schedule(machine, *Topology::create(machine));
    FanoutBuilder builder(with_slices(schedule));
    builder.add(messages_of(1), {{{{4, 5}, {6, 8}}, CoreId(4), {2}}, {{{4, 8}}, CoreId(3), {0}}}, peers);
    REQUIRE(schedule.fanouts.size() == 2);
    std::vector<bool> some, all;
    for (int neuron = 3; neuron <= 8; ++neuron) {
        for (const Fanout& fanout : schedule.fanouts)
            (fanout.members == Fanout::no_members ? all : some).push_back(schedule.sends(fanout, neuron));
    }
    CHECK(all == std::vector<bool>{false, true, true, true, true, false});
    CHECK(some == std::vector<bool>{false, true, false, true, true, false});
}
