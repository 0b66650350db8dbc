#include "simulator/network.hpp"

#include <map>
#include <memory>

#include "core/philox.hpp"
#include "simulator/routes.hpp"
#include "tests/catch.hpp"
#include "tests/mapper/random_faults.hpp"

using namespace tephra;

namespace {

Machine small_machine(int chips_x, int chips_y, int tiles, int buffer) {
    Machine machine;
    machine.chips_x = chips_x;
    machine.chips_y = chips_y;
    machine.mesh.tiles_x = machine.mesh.tiles_y = tiles;
    machine.mesh.cores_per_tile = 2;
    machine.mesh.usable_cores = tiles * tiles * 2;
    machine.mesh.hop_x = Picoseconds(1000);
    machine.mesh.hop_y = Picoseconds(1300);
    machine.mesh.flit_x = machine.mesh.flit_y = Picoseconds(250);
    machine.mesh.flit_local = Picoseconds(150);
    machine.mesh.buffer_packets = buffer;
    machine.link = {Picoseconds(5000), Picoseconds(700), Picoseconds(300), buffer, {}};
    machine.host.latency = Picoseconds(9000);
    machine.host.flit = Picoseconds(500);
    return machine;
}

/// The networks of all chips, one event at a time in order of time: the plainest way to run them together.
class Fabric {
public:
    Fabric(const Machine& machine, const Topology& topology, const RouteTable& routes)
        : topology_(topology), routes_(routes) {
        for (int c = 0; c < machine.chips(); ++c)
            chips_.push_back(std::make_unique<ChipNetwork>(ChipLinks{&machine, &topology, ChipId(c)}, routes));
    }

    /// Every core sends its list of routes as fast as it can; cores take what arrives at once. Returns what arrived,
    /// by (terminal, token).
    std::map<std::pair<std::uint32_t, std::uint32_t>, int> run(
        const std::map<CoreId, std::vector<std::uint32_t>>& sends) {
        for (const auto& [core, entries] : sends) try_send(core, entries, 0);
        while (true) {
            ChipNetwork* next = nullptr;
            for (const auto& chip : chips_)
                if (next == nullptr || chip->queue.next_time() < next->queue.next_time()) next = chip.get();
            Event event;
            if (next->network.run(EventQueue::never, 1, event) == 0) break;
            for (std::size_t k = 0; k < next->network.woken().size(); ++k)
                take(*next, next->network.woken()[k], event.time);
            next->network.woken().clear();
            for (const auto& [core, entries] : sends) try_send(core, entries, event.time);
            deliver(*next);
        }
        for (const auto& chip : chips_) CHECK(chip->packets.live() == 0);
        for (const auto& [core, entries] : sends) CHECK(sent_[core] == entries.size());
        return arrived_;
    }
    [[nodiscard]] std::int64_t flits(LinkId id) const {
        const ChipId owner = topology_.link(id).owner;
        return chips_[owner.index()]->network.flits(chips_[owner.index()]->links.local(id));
    }
    std::int64_t last_arrival = 0;

private:
    struct ChipNetwork {
        ChipNetwork(const ChipLinks& links_in, const RouteTable& routes)
            : links(links_in), network(links_in, routes.entries(), queue, packets, outbox) {}
        ChipLinks links;
        EventQueue queue;
        PacketPool packets;
        Outbox outbox;
        Network network;
    };

    void try_send(CoreId core, const std::vector<std::uint32_t>& entries, std::int64_t now) {
        ChipNetwork& chip = *chips_[topology_.link(topology_.inject(core)).owner.index()];
        std::size_t& sent = sent_[core];
        while (sent < entries.size() && chip.network.can_inject(entries[sent])) {
            Packet packet;
            packet.entry = entries[sent];
            packet.token = static_cast<std::uint32_t>(core.value * 100'000) + static_cast<std::uint32_t>(sent);
            packet.flits = static_cast<std::uint16_t>(1 + sent % 3);
            chip.network.inject(packet, now);
            ++sent;
        }
    }
    void take(ChipNetwork& chip, std::uint32_t link, std::int64_t now) {
        const std::uint32_t buffer = link << topology_.channel_bits();
        while (chip.network.front(buffer) != no_index) {
            const std::uint32_t at = chip.network.front(buffer);
            if (routes_.entries()[chip.packets[at].entry].children != 0) return;  // an inject link was woken
            chip.network.take(buffer, now);
            ++arrived_[{routes_.entries()[chip.packets[at].entry].first_child, chip.packets[at].token}];
            chip.packets.release(at);
            last_arrival = now;
        }
    }
    void deliver(ChipNetwork& chip) {
        for (const Mail& mail : chip.outbox.mails) {
            ChipNetwork& to = *chips_[mail.chip];
            if (mail.credit)
                to.queue.push(mail.time, event_target(ChipEvent::credit, mail.buffer), 0, 0);
            else
                to.queue.push(mail.time, event_target(ChipEvent::arrive, mail.buffer), mail.packet.entry,
                              to.packets.add(mail.packet));
        }
        chip.outbox.clear();
    }

    const Topology& topology_;
    const RouteTable& routes_;
    std::vector<std::unique_ptr<ChipNetwork>> chips_;
    std::map<CoreId, std::size_t> sent_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, int> arrived_;
};

}  // namespace

TEST_CASE("a packet alone takes occupancy and latency of each link in turn") {
    const Machine machine = small_machine(2, 1, 3, 2);
    const Topology topology = *Topology::create(machine);
    RouteTable routes(machine, topology);
    const CoreId from(1);
    const CoreId to(machine.cores() - 1);
    const std::uint32_t entry = routes.add_path(from, to, 7);
    Fabric fabric(machine, topology, routes);
    const auto arrived = fabric.run({{from, {entry}}});
    REQUIRE(arrived.size() == 1);
    CHECK(arrived.begin()->first.first == 7);
    std::int64_t expected = 0;
    for (const Hop& hop : topology.route(from, to)) {
        const LinkTiming timing = link_timing(machine, topology.link(hop.link).kind);
        expected += timing.flit + timing.packet + timing.latency;
        CHECK(fabric.flits(hop.link) == 1);
    }
    CHECK(fabric.last_arrival == expected);
}

namespace {

/// Every end sends packets to random ends as fast as it can: paths, or trees to three ends. All must arrive once.
void check_saturated(const Machine& machine, bool trees) {
    const Topology topology = *Topology::create(machine);
    RouteTable routes(machine, topology);
    std::vector<CoreId> ends;  // the host sends and receives too
    for (int core = 0; core <= machine.cores(); ++core)
        if (topology.reaches(topology.router_of(CoreId(core)))) ends.emplace_back(core);
    std::map<CoreId, std::vector<std::uint32_t>> sends;
    std::map<std::pair<std::uint32_t, std::uint32_t>, int> expected;
    constexpr int packets = 20;
    for (const CoreId core : ends)
        for (int k = 0; k < packets; ++k) {
            const auto random =
                random_words(3, static_cast<std::uint32_t>(core.value), static_cast<std::uint64_t>(k), 0);
            const auto token = static_cast<std::uint32_t>(core.value * 100'000 + k);
            std::vector<CoreId> targets;
            for (int t = 0; t < (trees ? 3 : 1); ++t) {
                const CoreId target = ends[random[static_cast<std::size_t>(t)] % ends.size()];
                if (std::ranges::find(targets, target) == targets.end()) targets.push_back(target);
            }
            std::vector<std::uint32_t> terminals;
            for (const CoreId target : targets) {
                terminals.push_back(static_cast<std::uint32_t>(target.value));
                ++expected[{static_cast<std::uint32_t>(target.value), token}];
            }
            sends[core].push_back(trees ? routes.add_tree(core, targets, terminals)
                                        : routes.add_path(core, targets[0], terminals[0]));
        }
    Fabric fabric(machine, topology, routes);
    CHECK(fabric.run(sends) == expected);
    for (int id = 0; id < topology.links(); ++id)
        if (!topology.works(LinkId(id))) CHECK(fabric.flits(LinkId(id)) == 0);
}

}  // namespace

TEST_CASE("at saturation with the smallest buffers everything drains, on several chips, paths and trees") {
    struct Case {
        int chips_x, chips_y, tiles, buffer;
        bool trees;
    };
    for (const Case& c :
         {Case{1, 1, 4, 1, false}, Case{3, 2, 3, 1, false}, Case{2, 2, 2, 1, true}, Case{3, 1, 3, 2, true}}) {
        INFO(c.chips_x << " x " << c.chips_y << " chips, " << (c.trees ? "trees" : "paths"));
        check_saturated(small_machine(c.chips_x, c.chips_y, c.tiles, c.buffer), c.trees);
    }
}

TEST_CASE("at saturation everything drains around random dead links and routers too, and no dead link carries a flit") {
    for (const std::uint64_t seed : test::repeats<std::uint64_t>({0, 1, 2, 3}))
        for (const bool trees : {false, true}) {
            INFO("seed " << seed << (trees ? ", trees" : ", paths"));
            check_saturated(test::with_random_faults(small_machine(1, 1, 5, 1), seed, {0, 6, 20}), trees);
            check_saturated(test::with_random_faults(small_machine(3, 3, 2, 1), seed, {5, 0, 0}), trees);
            check_saturated(test::with_random_faults(small_machine(3, 2, 3, 1), seed, {8, 9, 25}), trees);
        }
}

TEST_CASE("with buffers of one packet everything drains around a dead router, wherever it is") {
    const auto kill = [](Machine machine, int router) {
        machine.dead_routers = {RouterId(router)};
        return machine;
    };
    for (const bool trees : {false, true}) {
        for (const int router : test::repeats({4, 1, 2, 3, 5, 6, 7, 8})) {  // the host hangs on router 0
            CAPTURE(trees, router);
            check_saturated(kill(small_machine(1, 1, 3, 1), router), trees);
        }
        // Links between the chips hang on routers 1, 3, 5 and 7 of each: with one of them a whole link dies.
        for (const int router : test::repeats({5, 1, 4, 9 + 3, 9 + 4, 18 + 4, 27 + 4})) {
            CAPTURE(trees, router);
            check_saturated(kill(small_machine(2, 2, 3, 1), router), trees);
        }
    }
}

TEST_CASE("at one picosecond freed slots come before arrivals, these before idle links, and cores last") {
    EventQueue queue;
    for (const ChipEvent kind : {ChipEvent::send, ChipEvent::neurons, ChipEvent::receive, ChipEvent::idle,
                                 ChipEvent::arrive, ChipEvent::credit})
        for (const std::uint32_t index : {7U, 3U}) queue.push(1000, event_target(kind, index), 0, 0);
    for (const ChipEvent kind : {ChipEvent::credit, ChipEvent::arrive, ChipEvent::idle, ChipEvent::receive,
                                 ChipEvent::neurons, ChipEvent::send})
        for (const std::uint32_t index : {3U, 7U}) {
            Event event;
            REQUIRE(queue.pop(EventQueue::never, event));
            CHECK(event_kind(event.target) == kind);
            CHECK(event_index(event.target) == index);
        }
}
