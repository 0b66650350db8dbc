#pragma once
// Machines with random dead parts.
#include <algorithm>
#include <cstdint>

#include "core/philox.hpp"
#include "mapper/route.hpp"

namespace tephra::test {

/// Of so many parts of a kind one is dead; 0: none.
struct FaultRates {
    unsigned chip_links = 0, mesh_links = 0, routers = 0;
};

/// The machine with dead parts drawn by the seed; the router that the host hangs on lives.
inline Machine with_random_faults(Machine machine, std::uint64_t seed, const FaultRates& rates) {
    const auto dies = [seed](std::uint32_t kind, int a, int b, unsigned one_in) {
        return one_in != 0 &&
               random_words(seed, kind, static_cast<std::uint64_t>(a), static_cast<std::uint32_t>(b))[0] % one_in == 0;
    };
    for (int a = 0; a < machine.chips(); ++a)
        for (int b = 0; b < machine.chips(); ++b)
            if (are_neighbours(machine, ChipId(a), ChipId(b)) && dies(0, a, b, rates.chip_links))
                machine.dead_links.push_back({ChipId(a), ChipId(b)});
    const int tiles = machine.tiles_per_chip();
    for (int a = 0; a < machine.chips() * tiles; ++a) {
        for (int b = a / tiles * tiles; b < (a / tiles + 1) * tiles; ++b)
            if (are_neighbours(machine, RouterId(a), RouterId(b)) && dies(1, a, b, rates.mesh_links))
                machine.dead_mesh_links.push_back({RouterId(a), RouterId(b)});
        if (a != machine.host.chip.value * tiles && dies(2, a, 0, rates.routers)) machine.dead_routers.emplace_back(a);
    }
    std::ranges::sort(machine.dead_links);
    std::ranges::sort(machine.dead_mesh_links);
    std::ranges::sort(machine.dead_routers);
    machine.hash = machine_hash(machine);
    return machine;
}

}  // namespace tephra::test
