// Ways around dead parts: what is reached is exactly what pairs of working links join, every route avoids what is dead,
// and no set of packets can wait for each other in a circle.
#include <algorithm>
#include <numeric>

#include "tests/catch.hpp"
#include "tests/mapper/random_faults.hpp"
#include "tests/mapper/route_checks.hpp"
#include "tests/mapper/small_machine.hpp"

using namespace tephra;
using test::acyclic;
using test::check_path;
using test::ends;
using test::small_machine;
using test::topology_of;
using test::with_random_faults;

namespace {

/// Whether a link between routers is listed as dead, or a router at its ends.
bool listed_dead(const Machine& machine, const LinkEnds& link) {
    const auto has = [](const auto& list, const auto& part) { return std::ranges::count(list, part) > 0; };
    if (has(machine.dead_routers, link.from) || has(machine.dead_routers, link.to)) return true;
    if (link.kind == LinkKind::chip) return has(machine.dead_links, Machine::DeadLink{link.owner, link.receiver});
    return has(machine.dead_mesh_links, Machine::DeadMeshLink{link.from, link.to});
}

/// [router] links to the router of the host over pairs of working links; -1: none lead there.
std::vector<int> distances(const Machine& machine, const Topology& topology) {
    const auto routers = static_cast<std::size_t>(topology.routers());
    std::vector<std::vector<bool>> leads(routers, std::vector<bool>(routers, false));
    for (int id = 0; id < topology.links(); ++id) {
        const LinkEnds link = topology.link(LinkId(id));
        if (link.from.valid() && link.to.valid() && !listed_dead(machine, link))
            leads[link.from.index()][link.to.index()] = true;
    }
    std::vector<int> distance(routers, -1);
    std::vector<std::size_t> reached{topology.router_of(topology.host()).index()};
    distance[reached[0]] = 0;
    for (std::size_t k = 0; k < reached.size(); ++k)
        for (std::size_t next = 0; next < routers; ++next)
            if (distance[next] < 0 && leads[reached[k]][next] && leads[next][reached[k]]) {
                distance[next] = distance[reached[k]] + 1;
                reached.push_back(next);
            }
    return distance;
}

}  // namespace

TEST_CASE("Random dead parts: the host reaches what working pairs join, and routes there live and cannot deadlock") {
    struct Case {
        std::array<int, 3> chips;
        std::array<int, 2> tiles;
        test::FaultRates rates;
    };
    int cut = 0, detoured = 0;
    for (const Case& c : {Case{{4, 3, 2}, {1, 1}, {4, 0, 0}}, Case{{3, 3, 1}, {3, 2}, {5, 0, 0}},
                          Case{{1, 1, 1}, {6, 5}, {0, 6, 20}}, Case{{3, 2, 1}, {3, 3}, {9, 9, 20}},
                          Case{{2, 2, 2}, {2, 2}, {12, 7, 15}}, Case{{4, 1, 1}, {4, 3}, {0, 5, 0}}})
        for (const std::uint64_t seed : test::repeats<std::uint64_t>({0, 1, 2, 3, 4, 5})) {
            const Machine whole = small_machine(c.chips, c.tiles, 1);
            const Machine machine = with_random_faults(whole, seed, c.rates);
            const Topology topology = topology_of(machine), before = topology_of(whole);
            INFO("seed " << seed << ", " << c.chips[0] << " chips along x");
            const std::vector<int> distance = distances(machine, topology);
            for (int core = 0; core < machine.cores(); ++core) {
                const RouterId router = topology.router_of(CoreId(core));
                CHECK(topology.reaches(router) == (distance[router.index()] >= 0));
                CHECK(topology.takes_work(CoreId(core)) == (distance[router.index()] >= 0));
                cut += distance[router.index()] < 0 ? 1 : 0;
            }
            for (const CoreId from : ends(topology))
                for (const CoreId to : ends(topology)) {
                    const auto path = topology.route(from, to);
                    check_path(topology, from, to, path);
                    const auto straight = before.route(from, to);
                    const bool lives = std::ranges::none_of(straight, [&](const Hop& hop) {
                        const LinkEnds link = before.link(hop.link);
                        return link.from.valid() && link.to.valid() && listed_dead(machine, link);
                    });
                    if (lives) CHECK(path == straight);
                    for (const Hop& hop : path) {
                        const LinkEnds link = topology.link(hop.link);
                        if (link.from.valid() && link.to.valid()) CHECK_FALSE(listed_dead(machine, link));
                    }
                    detoured += lives ? 0 : 1;
                }
            CHECK(acyclic(topology));
        }
    CHECK(cut > 20);
    CHECK(detoured > 1000);
}

TEST_CASE("A dead pair of links costs two more links at most, wherever it is, among chips and on a mesh") {
    const auto check = [](const Machine& machine, const Machine& whole) {
        const Topology topology = topology_of(machine), before = topology_of(whole);
        for (int from = 0; from < machine.cores(); ++from)
            for (int to = 0; to < machine.cores(); ++to) {
                const int more =
                    topology.distance(CoreId(from), CoreId(to)) - before.distance(CoreId(from), CoreId(to));
                CHECK((more == 0 || more == 2));
            }
    };
    const Machine chips = small_machine({4, 3, 2}, {1, 1});
    const Machine mesh = small_machine({1, 1, 1}, {5, 4});
    for (int a = 0; a < chips.chips(); ++a)
        for (int b = a + 1; b < chips.chips(); ++b) {
            if (!are_neighbours(chips, ChipId(a), ChipId(b))) continue;
            Machine machine = chips;
            machine.dead_links = {{ChipId(a), ChipId(b)}, {ChipId(b), ChipId(a)}};
            check(machine, chips);
        }
    for (int a = 0; a < mesh.cores(); ++a)
        for (int b = a + 1; b < mesh.cores(); ++b) {
            if (!are_neighbours(mesh, RouterId(a), RouterId(b))) continue;
            Machine machine = mesh;
            machine.dead_mesh_links = {{RouterId(a), RouterId(b)}, {RouterId(b), RouterId(a)}};
            check(machine, mesh);
        }
}

TEST_CASE("Any tree of chips that is left joins them all") {
    // Kapoho Point's chips: ten pairs of links, of which seven make a tree. Three dead ones cut nothing then.
    const Machine whole = small_machine({4, 2, 1}, {2, 1});
    std::vector<Machine::DeadLink> wires;
    for (int a = 0; a < 8; ++a)
        for (const int b : {a + 1, a + 4})
            if (b < 8 && are_neighbours(whole, ChipId(a), ChipId(b))) wires.push_back({ChipId(a), ChipId(b)});
    REQUIRE(wires.size() == 10);
    int joined = 0;
    for (unsigned mask = 0; mask < 1U << 10; ++mask) {
        Machine machine = whole;
        for (std::size_t k = 0; k < wires.size(); ++k)
            if ((mask >> k & 1U) != 0) {
                machine.dead_links.push_back(wires[k]);
                machine.dead_links.push_back({wires[k].to, wires[k].from});
            }
        std::ranges::sort(machine.dead_links);
        std::vector<int> group(8);  // of chips that wires which are left join
        std::iota(group.begin(), group.end(), 0);
        for (int round = 0; round < 8; ++round)
            for (std::size_t k = 0; k < wires.size(); ++k)
                if ((mask >> k & 1U) == 0)
                    group[wires[k].from.index()] = group[wires[k].to.index()] =
                        std::min(group[wires[k].from.index()], group[wires[k].to.index()]);
        const bool all = std::ranges::count(group, 0) == 8;
        CHECK((std::ssize(ends(topology_of(machine))) == machine.cores() + 1) == all);
        joined += all ? 1 : 0;
    }
    CHECK(joined == 1 + 10 + 38 + 56);  // with no, one, two and three dead pairs
}

TEST_CASE("Channels are added only where a link or a router is dead") {
    Machine one = small_machine({1, 1, 1}, {2, 2}), several = small_machine({2, 2, 1}, {2, 2});
    CHECK(topology_of(one).channels() == 1);
    CHECK(topology_of(several).channels() == 4);
    one.dead_cores = several.dead_cores = {CoreId(1)};
    CHECK(topology_of(one).channels() == 1);
    CHECK(topology_of(several).channels() == 4);
    one.dead_routers = several.dead_routers = {RouterId(1)};
    CHECK(topology_of(one).channels() == 2);
    CHECK(topology_of(several).channels() == most_channels);
}

TEST_CASE("A chip that is cut off takes no work, and the hint names what cuts it off") {
    Machine machine = small_machine({3, 1, 1}, {2, 2}, 2);
    machine.dead_links = {{ChipId(1), ChipId(2)}};  // one direction is enough
    const Topology topology = topology_of(machine);
    CHECK(topology.takes_work(CoreId(15)));
    CHECK_FALSE(topology.takes_work(CoreId(16)));
    CHECK(topology.working_cores(ChipId(1)).size() == 8);
    CHECK(topology.working_cores(ChipId(2)).empty());
    CHECK(topology.mend_hint(CoreId(17)) == "mend what cuts core 17 off: the link between chips 1 and 2");
}

TEST_CASE("A part of a chip is reached over other chips, or named with the links and routers around it") {
    // Chip 0 of 3 x 1 tiles: its last router is cut from the others, but has the link to chip 1, which leads nowhere.
    Machine machine = small_machine({2, 2, 1}, {3, 1});
    machine.dead_mesh_links = {{RouterId(1), RouterId(2)}};
    CHECK(topology_of(machine).takes_work(CoreId(2)));  // over chips 2, 3 and 1
    check_path(topology_of(machine), CoreId(0), CoreId(2), topology_of(machine).route(CoreId(0), CoreId(2)));
    machine.dead_links = {{ChipId(1), ChipId(3)}};
    const Topology cut = topology_of(machine);
    CHECK_FALSE(cut.takes_work(CoreId(2)));
    CHECK_FALSE(cut.takes_work(CoreId(3)));
    CHECK(cut.takes_work(CoreId(6)));
    CHECK(cut.mend_hint(CoreId(2)) ==
          "mend what cuts core 2 off: the link between routers 1 and 2, the link between chips 1 and 3");

    Machine row = small_machine({1, 1, 1}, {6, 1});
    row.dead_routers = {RouterId(2), RouterId(4)};
    CHECK(topology_of(row).mend_hint(CoreId(3)) == "mend what cuts core 3 off: router 2");
    CHECK(topology_of(row).mend_hint(CoreId(2)) == "mend what cuts core 2 off: router 2");
}

TEST_CASE("The router that the host hangs on must live") {
    Machine machine = small_machine({2, 1, 1}, {2, 2});
    machine.host.chip = ChipId(1);
    machine.dead_routers = {RouterId(0)};
    CHECK(Topology::create(machine));
    machine.dead_routers = {RouterId(4)};
    const auto topology = Topology::create(machine);
    REQUIRE_FALSE(topology);
    CHECK(topology.error().message == "router 4 is dead, and the host hangs on it");
    CHECK(topology.error().place == "dead_routers");
}
