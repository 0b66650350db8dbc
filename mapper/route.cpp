#include "mapper/route.hpp"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <string>

namespace tephra {
namespace {

// Numbers of the links of a chip, in order: 4 mesh directions a tile, then 2 ports a core, then 6 chip links.
constexpr int ports = 2;  // inject, eject

}  // namespace

bool are_neighbours(const Machine& machine, ChipId a, ChipId b) {
    const int x = machine.chips_x, y = machine.chips_y;
    return links_between(chip_position(a, x, y), chip_position(b, x, y)) == 1;
}

bool are_neighbours(const Machine& machine, RouterId a, RouterId b) {
    const int tiles = machine.tiles_per_chip(), tiles_x = machine.mesh.tiles_x;
    if (a.value / tiles != b.value / tiles) return false;
    const int p = a.value % tiles, q = b.value % tiles;
    return std::abs(p % tiles_x - q % tiles_x) + std::abs(p / tiles_x - q / tiles_x) == 1;
}

Topology::Topology(const Machine& machine)
    : shape_{machine.chips_x, machine.chips_y, machine.chips_z},
      tiles_x_(machine.mesh.tiles_x),
      tiles_y_(machine.mesh.tiles_y),
      tiles_(machine.tiles_per_chip()),
      cores_per_tile_(machine.mesh.cores_per_tile),
      stride_(tiles_ * mesh_directions + tiles_ * cores_per_tile_ * ports + chip_directions),
      host_chip_(machine.host.chip) {}

Result<Topology> Topology::create(const Machine& machine) {
    Topology topology(machine);
    topology.find_remains(machine);
    if (const RouterId gate = topology.router_of(topology.host());
        std::ranges::binary_search(machine.dead_routers, gate))
        return bad_input("router " + std::to_string(gate.value) + " is dead, and the host hangs on it", "dead_routers",
                         "attach the host to a chip whose first router works (host/chip)");
    if (const std::int64_t buffers = topology.buffers_per_chip(); buffers > most_buffers)
        return bad_input("a chip needs " + std::to_string(buffers) +
                             " buffers (links x channels), routes number only " + std::to_string(most_buffers),
                         "mesh", "describe more and smaller chips: fewer tiles or cores each");
    return topology;
}

std::int64_t Topology::buffers_per_chip() const {
    return (std::int64_t{stride_} + host_links + chip_directions) << channel_bits();
}

int Topology::chip_direction(ChipId from, ChipId to) const {
    const auto [px, py, pz] = position(from);
    const auto [qx, qy, qz] = position(to);
    if (px != qx) return px < qx ? 0 : 1;
    if (py != qy) return py < qy ? 2 : 3;
    return pz < qz ? 4 : 5;
}

int Topology::entry_direction(ChipId from, ChipId to) const {
    const auto [px, py, pz] = position(from);
    const auto [qx, qy, qz] = position(to);
    if (pz != qz) return pz < qz ? 5 : 4;
    if (py != qy) return py < qy ? 3 : 2;
    return px < qx ? 1 : 0;
}

ChipId Topology::chip_neighbour(ChipId chip, int direction) const {
    const int step = direction % 2 == 0 ? 1 : -1;
    const int axis = direction / 2;
    const int to = position(chip)[static_cast<std::size_t>(axis)] + step;
    const int size = axis == 0 ? shape_.x : (axis == 1 ? shape_.y : shape_.z);
    if (to < 0 || to >= size) return {};
    return ChipId(chip.value + step * (axis == 0 ? 1 : (axis == 1 ? shape_.x : shape_.x * shape_.y)));
}

int Topology::border_tile(int direction) const {
    const int middle_x = tiles_x_ / 2;
    const int middle_y = tiles_y_ / 2;
    switch (direction) {
        case 0:
            return tiles_x_ - 1 + middle_y * tiles_x_;
        case 1:
            return middle_y * tiles_x_;
        case 2:
            return middle_x + (tiles_y_ - 1) * tiles_x_;
        case 3:
            return middle_x;
        default:
            return middle_x + middle_y * tiles_x_;
    }
}

LinkEnds Topology::link(LinkId id) const {
    LinkEnds link;
    const int chips = shape_.chips();
    if (id.value >= chips * stride_) {
        const RouterId gate(host_chip_.value * tiles_);
        const bool in = id.value == chips * stride_;
        link.kind = in ? LinkKind::from_host : LinkKind::to_host;
        (in ? link.to : link.from) = gate;
        link.owner = link.receiver = host_chip_;
        return link;
    }
    link.owner = link.receiver = ChipId(id.value / stride_);
    const int first_router = link.owner.value * tiles_;
    int rest = id.value % stride_;
    if (rest < tiles_ * mesh_directions) {
        const int tile = rest / mesh_directions;
        const int direction = rest % mesh_directions;
        const int x = tile % tiles_x_ + (direction == 0 ? 1 : (direction == 1 ? -1 : 0));
        const int y = tile / tiles_x_ + (direction == 2 ? 1 : (direction == 3 ? -1 : 0));
        if (x < 0 || x >= tiles_x_ || y < 0 || y >= tiles_y_) return link;
        link.kind = direction < 2 ? LinkKind::mesh_x : LinkKind::mesh_y;
        link.from = RouterId(first_router + tile);
        link.to = RouterId(first_router + x + y * tiles_x_);
        return link;
    }
    rest -= tiles_ * mesh_directions;
    const int cores = tiles_ * cores_per_tile_;
    if (rest < cores * ports) {
        link.core = CoreId(link.owner.value * cores + rest / ports);
        const RouterId router = router_of(link.core);
        link.kind = rest % ports == 0 ? LinkKind::inject : LinkKind::eject;
        (link.kind == LinkKind::inject ? link.to : link.from) = router;
        return link;
    }
    rest -= cores * ports;
    const ChipId neighbour = chip_neighbour(link.owner, rest);
    if (!neighbour.valid()) return link;
    link.kind = LinkKind::chip;
    link.receiver = neighbour;
    link.from = RouterId(first_router + border_tile(rest));
    link.to = RouterId(neighbour.value * tiles_ + border_tile(rest ^ 1));
    return link;
}

RouterId Topology::router_of(CoreId core) const {
    if (core == host()) return RouterId(host_chip_.value * tiles_);
    return RouterId(core.value / cores_per_tile_);
}

LinkId Topology::inject(CoreId core) const {
    if (core == host()) return LinkId(shape_.chips() * stride_);
    const int cores = tiles_ * cores_per_tile_;
    return LinkId(core.value / cores * stride_ + tiles_ * mesh_directions + core.value % cores * ports);
}

LinkId Topology::eject(CoreId core) const {
    return LinkId(inject(core).value + 1);
}

LinkId Topology::chip_link(ChipId from, ChipId to) const {
    const int direction = chip_direction(from, to);
    if (chip_neighbour(from, direction) != to) return {};
    return LinkId((from.value + 1) * stride_ - chip_directions + direction);
}

Topology::Step Topology::mesh_step(RouterId router, int to, std::uint8_t channel) const {
    const int tile = router.value % tiles_;
    const int dx = to % tiles_x_ - tile % tiles_x_;
    const int direction = dx != 0 ? (dx > 0 ? 0 : 1) : (to > tile ? 2 : 3);
    const int distance = (direction % 2 == 0 ? 1 : -1) * (dx != 0 ? 1 : tiles_x_);
    const int chip = router.value / tiles_;
    return {{LinkId(chip * stride_ + tile * mesh_directions + direction), channel}, RouterId(router.value + distance)};
}

Topology::Step Topology::chip_step(ChipId chip, int direction, std::uint8_t channel) const {
    return {{LinkId((chip.value + 1) * stride_ - chip_directions + direction), channel},
            RouterId(chip_neighbour(chip, direction).value * tiles_ + border_tile(direction ^ 1))};
}

Topology::Step Topology::step(RouterId router, CoreId target) const {
    const ChipId chip = chip_of(router);
    const int tile = router.value % tiles_;
    const RouterId last = router_of(target);
    if (chip_of(last) == chip) {
        if (router == last) return {{eject(target), target_channel}, {}};
        return mesh_step(router, last.value % tiles_, target_channel);
    }
    const int direction = chip_direction(chip, chip_of(last));
    const auto channel = static_cast<std::uint8_t>(1 + direction / 2);
    const int border = border_tile(direction);
    return tile != border ? mesh_step(router, border, channel) : chip_step(chip, direction, channel);
}

void Topology::route(CoreId from, CoreId to, std::vector<Hop>& path) const {
    RouterId router = router_of(from);
    path.push_back({inject(from), target_channel});
    const std::size_t begin = path.size();
    while (router.valid()) {
        const Step taken = step(router, to);
        if (!works(taken.hop.link)) {
            path.resize(begin);
            return detour(router_of(from), to, path);
        }
        path.push_back(taken.hop);
        router = taken.to;
    }
}

std::vector<Hop> Topology::route(CoreId from, CoreId to) const {
    std::vector<Hop> path;
    route(from, to, path);
    return path;
}

std::vector<TreeHop> Topology::tree(CoreId from, std::span<const CoreId> targets) const {
    std::vector<TreeHop> tree;
    std::vector<std::vector<int>> children;
    std::vector<Hop> path;
    for (const CoreId target : targets) {
        path.clear();
        route(from, target, path);
        int node = -1;
        for (const Hop& hop : path) {
            int found = node < 0 && !tree.empty() ? 0 : -1;
            if (node >= 0)
                for (const int child : children[static_cast<std::size_t>(node)])
                    if (tree[static_cast<std::size_t>(child)].hop == hop) found = child;
            if (found < 0) {
                found = static_cast<int>(tree.size());
                tree.push_back({hop, node});
                children.emplace_back();
                if (node >= 0) children[static_cast<std::size_t>(node)].push_back(found);
            }
            node = found;
        }
    }
    return tree;
}

int Topology::distance(CoreId from, CoreId to) const {
    return static_cast<int>(route(from, to).size()) - 2;
}

}  // namespace tephra
