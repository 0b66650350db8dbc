#pragma once
// Machines of chosen shape for tests: the times and limits of machines/generic-mesh.json.
#include "mapper/machine.hpp"
#include "tests/catch.hpp"

namespace tephra::test {

inline Machine small_machine(std::array<int, 3> chips, std::array<int, 2> tiles, int cores_per_tile = 1) {
    auto machine = read_machine(std::string(TEPHRA_MACHINES) + "/generic-mesh.json");
    REQUIRE(machine);
    machine->chips_x = chips[0], machine->chips_y = chips[1], machine->chips_z = chips[2];
    machine->mesh.tiles_x = tiles[0], machine->mesh.tiles_y = tiles[1];
    machine->mesh.cores_per_tile = cores_per_tile;
    machine->mesh.usable_cores = machine->cores_per_chip();
    machine->hash = machine_hash(*machine);
    return *machine;
}

/// The same with a packet per destination core instead of trees.
inline Machine unicast_machine(std::array<int, 3> chips, std::array<int, 2> tiles, int cores_per_tile = 1) {
    Machine machine = small_machine(chips, tiles, cores_per_tile);
    machine.mesh.routing = Routing::unicast;
    machine.hash = machine_hash(machine);
    return machine;
}

}  // namespace tephra::test
