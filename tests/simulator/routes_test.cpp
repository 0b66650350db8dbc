#include "simulator/routes.hpp"

#include <set>

#include "simulator/network.hpp"
#include "tests/mapper/small_machine.hpp"

using namespace tephra;

namespace {

/// Links from the first entry of a route to the entry that names `terminal`, by walking the table.
bool find_path(const RouteTable& routes, std::uint32_t entry, std::uint32_t terminal, std::vector<LinkId>& path) {
    const RouteEntry at = routes.entries()[entry];
    path.push_back(routes.link(entry));
    if (at.children == 0 && at.first_child == terminal) return true;
    for (std::uint32_t k = 0; k < at.children; ++k)
        if (find_path(routes, at.first_child + k, terminal, path)) return true;
    path.pop_back();
    return false;
}

std::vector<LinkId> links_of(const std::vector<Hop>& hops) {
    std::vector<LinkId> links;
    for (const Hop& hop : hops) links.push_back(hop.link);
    return links;
}

}  // namespace

TEST_CASE("a path in the table has the links, kinds and buffers of its route") {
    const Machine machine = test::small_machine({2, 2, 1}, {3, 3}, 2);
    const Topology topology = *Topology::create(machine);
    RouteTable routes(machine, topology);
    const CoreId from(3), to(machine.cores() - 1);
    routes.add_path(to, from, 1);
    const std::uint32_t first = routes.add_path(from, to, 77);
    const std::vector<Hop> hops = topology.route(from, to);
    REQUIRE(routes.size() == first + hops.size());
    for (std::uint32_t k = 0; k < hops.size(); ++k) {
        const LinkEnds link = topology.link(hops[k].link);
        const RouteEntry entry = routes.entries()[first + k];
        CHECK(routes.link(first + k) == hops[k].link);
        CHECK(routes.kind(first + k) == link.kind);
        CHECK(entry.buffer == ChipLinks{&machine, &topology, link.owner}.buffer(hops[k]));
        CHECK(entry.children == (k + 1 < hops.size() ? 1U : 0U));
        CHECK(entry.first_child == (k + 1 < hops.size() ? first + k + 1 : 77U));
    }
}

TEST_CASE("a tree in the table leads to each target once, over the links of its path") {
    const Machine machine = test::small_machine({3, 1, 1}, {3, 2}, 2);
    const Topology topology = *Topology::create(machine);
    RouteTable routes(machine, topology);
    const CoreId from = topology.host();
    const std::vector<CoreId> targets{CoreId(0), CoreId(1), CoreId(11), CoreId(17), CoreId(35)};
    const std::vector<std::uint32_t> terminals{40, 41, 42, 43, 44};
    const std::uint32_t first = routes.add_tree(from, targets, terminals);
    std::set<std::pair<LinkId, int>> hops;  // link and channel
    for (std::size_t k = 0; k < targets.size(); ++k) {
        std::vector<LinkId> path;
        REQUIRE(find_path(routes, first, terminals[k], path));
        CHECK(path == links_of(topology.route(from, targets[k])));
        for (const Hop& hop : topology.route(from, targets[k])) hops.insert({hop.link, hop.channel});
    }
    CHECK(hops.size() == routes.size() - first);  // common beginnings are there once
}

TEST_CASE("a tree branches at a router over every link and channel that its targets need") {
    Machine machine = test::small_machine({3, 3, 3}, {3, 3}, most_cores_per_tile);
    const ChipId middle(13);
    machine.host.chip = middle;
    const Topology topology = *Topology::create(machine);
    const CoreId from(middle.value * machine.cores_per_chip() + 4 * most_cores_per_tile);  // in the middle tile
    std::vector<CoreId> targets{topology.host()};
    for (int core = 0; core < machine.cores(); ++core)
        if (core != from.value && (core % most_cores_per_tile == 0 || machine.chip_of(CoreId(core)) == middle))
            targets.emplace_back(core);
    std::set<std::pair<LinkId, int>> branches;  // link and channel
    for (const CoreId target : targets) {
        const Hop hop = topology.route(from, target)[1];
        branches.insert({hop.link, hop.channel});
    }
    RouteTable routes(machine, topology);
    const std::uint32_t first = routes.add_tree(from, targets, std::vector<std::uint32_t>(targets.size()));
    CHECK(routes.entries()[first].children == branches.size());
    // Its other cores; a mesh link to each side, for this chip and for the next; the two chip links along Z.
    CHECK(branches.size() == most_cores_per_tile - 1 + 2 * mesh_directions + 2);
    CHECK(branches.size() <= most_branches);
}
