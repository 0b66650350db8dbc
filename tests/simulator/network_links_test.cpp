#include <limits>
#include <set>

#include "neuro/lm/lower.hpp"
#include "neuro/lm/synth.hpp"
#include "simulator/lm/simulate_tokens.hpp"
#include "simulator/network.hpp"
#include "tests/mapper/small_machine.hpp"
#include "tests/simulator/spread.hpp"

using namespace tephra;

namespace {

/// One chip's network with nothing around it.
struct Alone {
    explicit Alone(const Machine& machine_in) : machine(machine_in) {}
    const Machine machine;
    const Topology topology = *Topology::create(machine);
    RouteTable routes{machine, topology};
    EventQueue queue;
    PacketPool packets;
    Outbox outbox;
    Network network() { return {{&machine, &topology, ChipId(0)}, routes.entries(), queue, packets, outbox}; }
};

}  // namespace

TEST_CASE("every link of a chip has a number of its own") {
    const Machine machine = test::small_machine({3, 3, 3}, {2, 3}, 2);
    const Topology topology = *Topology::create(machine);
    const ChipId middle(13);
    const ChipLinks links{&machine, &topology, middle};
    std::set<std::uint32_t> numbers;
    std::size_t expected = 0;
    for (int k = 0; k < topology.links(); ++k) {
        const LinkEnds link = topology.link(LinkId(k));
        if (link.kind == LinkKind::none) continue;
        if (link.owner == middle) numbers.insert(links.local(LinkId(k))), ++expected;
        if (link.kind == LinkKind::chip && link.receiver == middle)
            numbers.insert(ChipLinks::incoming(topology, LinkId(k))), ++expected;
    }
    CHECK(numbers.size() == expected);
    CHECK(*numbers.rbegin() < static_cast<std::uint32_t>(links.count()));
}

TEST_CASE("a core may send as many packets as its buffer has slots, up to the largest buffer") {
    for (const int slots : {1, 3, most_buffer_packets}) {
        Machine machine = test::small_machine({1, 1, 1}, {2, 1});
        machine.mesh.buffer_packets = slots;
        Alone chip(machine);
        const std::uint32_t entry = chip.routes.add_path(CoreId(0), CoreId(1), 0);
        Network network = chip.network();
        Packet packet;
        packet.entry = entry;
        packet.flits = 1;
        int sent = 0;
        for (; network.can_inject(entry) && sent <= most_buffer_packets; ++sent) network.inject(packet, 0);
        CHECK(sent == slots);
    }
}

TEST_CASE("packets wait in front of a core in a buffer of its own size, or in one as large as a router's") {
    for (const int slots : {0, 1, 5, most_buffer_packets}) {
        Machine machine = test::small_machine({1, 1, 1}, {2, 1});
        machine.mesh.buffer_packets = 2;
        machine.mesh.core_packets = slots;
        Alone chip(machine);
        const std::uint32_t entry = chip.routes.add_path(CoreId(0), CoreId(1), 0);
        Network network = chip.network();
        Packet packet;
        packet.entry = entry;
        packet.flits = 1;
        int sent = 0;
        Event event{};
        for (; sent < 2 * most_buffer_packets && network.can_inject(entry); ++sent) {
            network.inject(packet, event.time);
            while (network.run(EventQueue::never, EventQueue::never, event) > 0) continue;
        }
        // Nobody takes any: those on the first two links wait in routers.
        CHECK(sent == 2 * machine.mesh.buffer_packets + (slots > 0 ? slots : machine.mesh.buffer_packets));
    }
}

TEST_CASE("a packet takes the latency of its link, however long") {
    for (const std::int64_t latency : {std::int64_t{1'000}, std::int64_t{5'000'000'000}, std::int64_t{7'000'000'000},
                                       std::int64_t{1'000'000'000'000}}) {
        Machine machine = test::small_machine({1, 1, 1}, {2, 1});
        machine.host.latency = Picoseconds(latency);
        machine.mesh.flit_local = Picoseconds(latency / 2);
        Alone chip(machine);
        const std::uint32_t entry = chip.routes.add_path(chip.topology.host(), CoreId(0), 0);
        Network network = chip.network();
        Packet packet;
        packet.entry = entry;
        packet.flits = 2;
        network.inject(packet, 10);
        Event event;
        REQUIRE(network.run(EventQueue::never, EventQueue::never, event) > 0);
        CHECK(event.time == 10 + 2 * machine.host.flit.value() + latency + 2 * (latency / 2));
    }
}

TEST_CASE("a host that is milliseconds away is so in an ideal and in a contended network") {
    const auto model = *make_synthetic_model(synth_shape(96, 1, 150, 130, 5));
    const Program program = lower(model);
    const Machine shipped = *find_machine("kapoho-point");
    for (const SyncMode sync : {SyncMode::barrier, SyncMode::dataflow})
        for (const NocMode noc : {NocMode::ideal, NocMode::contended}) {
            std::set<std::int64_t> rest;
            for (const std::int64_t milliseconds : {1, 2, 5, 7, 1000}) {
                Machine machine = shipped;
                machine.host.latency = Picoseconds(milliseconds * 1'000'000'000);
                machine = *parse_machine(machine_json(machine), "machine");
                TokenOptions options;
                options.mode = RunMode::prefill;
                options.sync = sync;
                options.noc = noc;
                options.prompts = {{1}};
                const auto run = simulate_tokens(program, machine, test::spread(program, machine, 30), options);
                if (!run) FAIL(to_string(run.error()));
                // A token crosses the host's link once each way; all else takes as long as ever.
                rest.insert((run->elapsed - machine.host.latency * 2).value());
            }
            CHECK(rest.size() == 1);
            CHECK(*rest.begin() > 0);
        }
}
