#include "mapper/route.hpp"

#include <cstdlib>
#include <map>
#include <set>

#include "tests/catch.hpp"
#include "tests/mapper/route_checks.hpp"
#include "tests/mapper/small_machine.hpp"

using namespace tephra;
using test::acyclic;
using test::check_path;
using test::ends;
using test::small_machine;
using test::topology_of;

namespace {

/// Fewest mesh and chip links between two cores that X-Y-Z order between chips allows.
int straight_distance(const Machine& machine, const Topology& topology, CoreId from, CoreId to) {
    const int tiles_x = machine.mesh.tiles_x;
    int tile = machine.tile_of(from);
    int chip = machine.chip_of(from).value;
    const int target = machine.chip_of(to).value;
    const auto walk = [&](int next) {
        const int links = std::abs(next % tiles_x - tile % tiles_x) + std::abs(next / tiles_x - tile / tiles_x);
        tile = next;
        return links;
    };
    int links = 0;
    for (int axis = 0; axis < 3; ++axis) {
        const int stride = axis == 0 ? 1 : (axis == 1 ? machine.chips_x : machine.chips_x * machine.chips_y);
        const int size = axis == 0 ? machine.chips_x : (axis == 1 ? machine.chips_y : machine.chips_z);
        while (chip / stride % size != target / stride % size) {
            const int step = chip / stride % size < target / stride % size ? stride : -stride;
            const LinkEnds link = topology.link(topology.chip_link(ChipId(chip), ChipId(chip + step)));
            links += walk(link.from.value % machine.tiles_per_chip()) + 1;
            tile = link.to.value % machine.tiles_per_chip();
            chip += step;
        }
    }
    return links + walk(machine.tile_of(to));
}

}  // namespace

TEST_CASE("Every link number describes one link, and ends meet") {
    const Machine machine = small_machine({2, 2, 2}, {3, 2}, 2);
    const Topology topology = topology_of(machine);
    std::map<LinkKind, int> count;
    for (int id = 0; id < topology.links(); ++id) {
        const LinkEnds link = topology.link(LinkId(id));
        ++count[link.kind];
        if (link.kind == LinkKind::inject) CHECK(topology.inject(link.core).value == id);
        if (link.kind == LinkKind::eject) CHECK(topology.eject(link.core).value == id);
        if (link.kind == LinkKind::chip) CHECK(topology.chip_link(link.owner, link.receiver).value == id);
    }
    CHECK(count[LinkKind::inject] == machine.cores());
    CHECK(count[LinkKind::eject] == machine.cores());
    CHECK(count[LinkKind::mesh_x] == 8 * 2 * 2 * 2);
    CHECK(count[LinkKind::mesh_y] == 8 * 3 * 2);
    CHECK(count[LinkKind::chip] == 3 * 4 * 2);
    CHECK(count[LinkKind::from_host] == 1);
    CHECK(count[LinkKind::to_host] == 1);
}

TEST_CASE("Routes reach every core and the host over the fewest links") {
    for (const auto& machine : {small_machine({1, 1, 1}, {4, 3}, 2), small_machine({3, 2, 2}, {3, 4}, 1),
                                small_machine({2, 1, 3}, {1, 2}, 2), small_machine({1, 2, 1}, {2, 1}, 1)}) {
        const Topology topology = topology_of(machine);
        for (const CoreId from : ends(topology))
            for (const CoreId to : ends(topology)) {
                const auto path = topology.route(from, to);
                check_path(topology, from, to, path);
                if (from != topology.host() && to != topology.host())
                    CHECK(topology.distance(from, to) == straight_distance(machine, topology, from, to));
            }
    }
}

TEST_CASE("No set of packets can wait for each other in a circle") {
    for (const auto& machine : {small_machine({1, 1, 1}, {8, 4}, 1), small_machine({3, 3, 1}, {4, 3}, 1),
                                small_machine({3, 2, 2}, {4, 4}, 1), small_machine({2, 2, 3}, {3, 2}, 1),
                                small_machine({4, 2, 1}, {8, 4}, 1), small_machine({3, 3, 3}, {1, 1}, 1)})
        CHECK(acyclic(topology_of(machine)));
}

TEST_CASE("Without channels packets could wait in a circle: the check finds it") {
    CHECK_FALSE(acyclic(topology_of(small_machine({2, 2, 1}, {3, 3}, 1)), false));
}

TEST_CASE("A multicast tree is the union of the paths, each link taken once a channel") {
    const Machine machine = small_machine({2, 2, 1}, {4, 4}, 1);
    const Topology topology = topology_of(machine);
    std::vector<CoreId> targets;
    for (int c = 0; c < machine.cores(); c += 3) targets.emplace_back(c);
    targets.push_back(topology.host());
    const CoreId from(5);
    const auto tree = topology.tree(from, targets);
    std::set<std::pair<int, int>> seen;
    std::set<int> reached;
    for (std::size_t k = 0; k < tree.size(); ++k) {
        CHECK(tree[k].parent < static_cast<int>(k));
        CHECK(seen.insert({tree[k].hop.link.value, tree[k].hop.channel}).second);
        const LinkEnds link = topology.link(tree[k].hop.link);
        if (!link.to.valid()) reached.insert(tree[k].hop.link.value);
        if (tree[k].parent >= 0)
            CHECK(topology.link(tree[static_cast<std::size_t>(tree[k].parent)].hop.link).to == link.from);
    }
    std::set<int> wanted;
    for (const CoreId target : targets) wanted.insert(topology.eject(target).value);
    CHECK(reached == wanted);
}
