#include "simulator/damage_record.hpp"

#include <algorithm>
#include <cstdlib>

#include "mapper/chip_position.hpp"

namespace tephra {
namespace {

const char* const hint = "simulate again";

/// Each part once, in ascending order, all that `known` accepts.
template <typename Part, typename Known>
Result<void> check_list(const std::vector<Part>& parts, const Known& known, const std::string& place) {
    for (std::size_t k = 0; k < parts.size(); ++k) {
        const std::string at = place + "/" + std::to_string(k);
        if (!known(parts[k])) return bad_input("the machine has no such part", at, hint);
        if (k > 0 && parts[k] <= parts[k - 1]) return bad_input("not in ascending order", at, hint);
    }
    return {};
}

}  // namespace

std::optional<DamageRecord> record_damage(const Machine& machine) {
    if (!machine.damaged()) return {};
    DamageRecord damage;
    for (const CoreId core : machine.dead_cores) damage.dead_cores.push_back(core.value);
    for (const RouterId router : machine.dead_routers) damage.dead_routers.push_back(router.value);
    for (const auto& link : machine.dead_links) damage.dead_links.push_back({link.from.value, link.to.value});
    for (const auto& link : machine.dead_mesh_links) damage.dead_mesh_links.push_back({link.from.value, link.to.value});
    for (const auto& slow : machine.slow_cores) damage.slow_cores.push_back({slow.core.value, slow.thousandths});
    return damage;
}

Result<void> check_damage(const DamageRecord& damage, const Geometry& geometry, const std::string& place) {
    const int tiles = geometry.tiles_x * geometry.tiles_y;
    const int chips = geometry.chips_x * geometry.chips_y * geometry.chips_z;
    const std::int64_t routers = std::int64_t{chips} * tiles, cores = routers * geometry.cores_per_tile;
    const auto below = [](std::int64_t count) { return [count](std::int64_t part) { return part < count; }; };
    const auto linked_chips = [&](const DamageRecord::Pair& link) {
        const auto at = [&](int chip) { return chip_position(ChipId(chip), geometry.chips_x, geometry.chips_y); };
        return std::max(link[0], link[1]) < chips && links_between(at(link[0]), at(link[1])) == 1;
    };
    const auto linked_routers = [&](const DamageRecord::Pair& link) {
        const int a = link[0] % tiles, b = link[1] % tiles;
        return std::max(link[0], link[1]) < routers && link[0] / tiles == link[1] / tiles &&
               std::abs(a % geometry.tiles_x - b % geometry.tiles_x) +
                       std::abs(a / geometry.tiles_x - b / geometry.tiles_x) ==
                   1;
    };
    return check_list(damage.dead_cores, below(cores), place + "/dead_cores")
        .and_then([&] { return check_list(damage.dead_routers, below(routers), place + "/dead_routers"); })
        .and_then([&] { return check_list(damage.dead_links, linked_chips, place + "/dead_links"); })
        .and_then([&] { return check_list(damage.dead_mesh_links, linked_routers, place + "/dead_mesh_links"); })
        .and_then([&] {
            const auto known = [&](const DamageRecord::Pair& slow) { return slow[0] < cores; };
            return check_list(damage.slow_cores, known, place + "/slow_cores");
        });
}

}  // namespace tephra
