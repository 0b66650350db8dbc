#include "simulator/spare_parts.hpp"

#include <algorithm>

#include "core/narrow.hpp"

namespace tephra {
namespace {

/// Adds the links of a pair in both directions; one of them may have been dead before.
template <typename Link>
void kill_pair(std::vector<Link>& dead, const Link& pair) {
    dead.push_back(pair);
    dead.push_back({pair.to, pair.from});
    std::ranges::sort(dead);
    dead.erase(std::unique(dead.begin(), dead.end()), dead.end());
}

}  // namespace

const std::vector<std::string>& spare_part_names() {
    static const std::vector<std::string> names = {"cores", "links", "mesh-links", "routers"};
    return names;
}

const std::string& spare_part_words(SparePart part) {
    static const std::vector<std::string> words = {"cores that take work", "pairs of linked chips",
                                                   "pairs of linked routers on their chips",
                                                   "routers beside the one that the host hangs on"};
    return words[static_cast<std::size_t>(part)];
}

std::vector<Machine::DeadLink> chip_wires(const Machine& machine) {
    std::vector<Machine::DeadLink> wires;
    for (int a = 0; a < machine.chips(); ++a)
        for (const int step : {1, machine.chips_x, machine.chips_x * machine.chips_y}) {
            const Machine::DeadLink wire{ChipId(a), ChipId(a + step)};
            if (a + step >= machine.chips() || !are_neighbours(machine, wire.from, wire.to)) continue;
            if (!wires.empty() && wires.back() == wire) continue;  // an axis of one chip steps as the one before
            const auto dead = [&](const Machine::DeadLink& link) {
                return std::ranges::binary_search(machine.dead_links, link);
            };
            if (!dead(wire) || !dead({wire.to, wire.from})) wires.push_back(wire);
        }
    return wires;
}

std::vector<Machine::DeadMeshLink> mesh_wires(const Machine& machine) {
    const auto dead = [](const auto& list, const auto& part) { return std::ranges::binary_search(list, part); };
    std::vector<Machine::DeadMeshLink> wires;
    for (int a = 0; a < machine.chips() * machine.tiles_per_chip(); ++a)
        for (const int step : {1, machine.mesh.tiles_x}) {
            const Machine::DeadMeshLink wire{RouterId(a), RouterId(a + step)};
            if (!are_neighbours(machine, wire.from, wire.to) || dead(machine.dead_routers, wire.from) ||
                dead(machine.dead_routers, wire.to))
                continue;
            if (!wires.empty() && wires.back() == wire) continue;  // one tile along X: both steps are the same
            const Machine::DeadMeshLink back{wire.to, wire.from};
            if (!dead(machine.dead_mesh_links, wire) || !dead(machine.dead_mesh_links, back)) wires.push_back(wire);
        }
    return wires;
}

SpareParts::SpareParts(const Machine& machine, const Topology& topology, SparePart part)
    : machine_(&machine), part_(part) {
    switch (part) {
        case SparePart::cores:
            for (int core = 0; core < machine.cores(); ++core)
                if (topology.takes_work(CoreId(core))) numbers_.push_back(core);
            break;
        case SparePart::links:
            chip_wires_ = chip_wires(machine);
            break;
        case SparePart::mesh_links:
            mesh_wires_ = mesh_wires(machine);
            break;
        case SparePart::routers:
            for (int router = 0; router < topology.routers(); ++router)
                if (RouterId(router) != topology.router_of(topology.host()) &&
                    !std::ranges::binary_search(machine.dead_routers, RouterId(router)))
                    numbers_.push_back(router);
            break;
    }
}

int SpareParts::count() const {
    return narrow<int>(std::max({numbers_.size(), chip_wires_.size(), mesh_wires_.size()}));
}

int SpareParts::name(int index) const {
    return numbers_.empty() ? index : numbers_[static_cast<std::size_t>(index)];
}

Machine SpareParts::without(const std::vector<int>& names) const {
    Machine machine = *machine_;
    for (const int name : names) {
        const auto k = static_cast<std::size_t>(name);
        switch (part_) {
            case SparePart::cores:
                machine.dead_cores.emplace_back(name);
                break;
            case SparePart::links:
                kill_pair(machine.dead_links, chip_wires_[k]);
                break;
            case SparePart::mesh_links:
                kill_pair(machine.dead_mesh_links, mesh_wires_[k]);
                break;
            case SparePart::routers:
                machine.dead_routers.emplace_back(name);
                break;
        }
    }
    std::ranges::sort(machine.dead_cores);
    std::ranges::sort(machine.dead_routers);
    machine.hash = machine_hash(machine);
    return machine;
}

}  // namespace tephra
