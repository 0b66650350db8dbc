#include "simulator/spare_parts.hpp"

#include "tests/catch.hpp"
#include "tests/mapper/small_machine.hpp"

using namespace tephra;

TEST_CASE("pairs of linked chips and of linked routers are listed once, those of which both directions are dead not") {
    Machine machine = test::small_machine({2, 2, 1}, {3, 2});
    CHECK(chip_wires(machine).size() == 4);
    CHECK(mesh_wires(machine).size() == 4 * (2 * 2 + 3));
    machine.dead_links = {{ChipId(0), ChipId(1)}};  // the other direction may die too
    machine.dead_mesh_links = {{RouterId(0), RouterId(1)}};
    CHECK(chip_wires(machine).size() == 4);
    CHECK(mesh_wires(machine).size() == 28);
    machine.dead_links.push_back({ChipId(1), ChipId(0)});
    machine.dead_mesh_links.push_back({RouterId(1), RouterId(0)});
    CHECK(chip_wires(machine).size() == 3);
    CHECK(mesh_wires(machine).size() == 27);
    machine.dead_routers = {RouterId(4)};  // a middle one: of its three pairs none was dead
    CHECK(mesh_wires(machine).size() == 24);
    // One tile, or one chip, along an axis.
    CHECK(mesh_wires(test::small_machine({1, 1, 1}, {1, 4})).size() == 3);
    CHECK(chip_wires(test::small_machine({1, 1, 3}, {1, 1})).size() == 2);
}

TEST_CASE("parts are those that may die, and a machine without some has them dead in its lists") {
    Machine machine = test::small_machine({2, 1, 1}, {2, 2}, 2);
    machine.mesh.usable_cores = 7;
    machine.dead_cores = {CoreId(3)};
    machine.dead_routers = {RouterId(5)};  // of chip 1, not the one that its link is attached to
    machine.hash = machine_hash(machine);
    const Topology topology = *Topology::create(machine);
    const auto parts = [&](SparePart part) { return SpareParts(machine, topology, part); };
    CHECK(parts(SparePart::cores).count() == 6 + 5);
    CHECK(parts(SparePart::cores).name(3) == 4);
    CHECK(parts(SparePart::links).count() == 1);
    CHECK(parts(SparePart::mesh_links).count() == 4 + 2);
    CHECK(parts(SparePart::routers).count() == 8 - 2);
    CHECK(parts(SparePart::routers).name(0) == 1);
    CHECK(parts(SparePart::routers).name(5) == 7);

    CHECK(parts(SparePart::cores).without({1}).dead_cores == std::vector<CoreId>{CoreId(1), CoreId(3)});
    CHECK(parts(SparePart::links).without({0}).dead_links ==
          std::vector<Machine::DeadLink>{{ChipId(0), ChipId(1)}, {ChipId(1), ChipId(0)}});
    CHECK(parts(SparePart::mesh_links).without({1}).dead_mesh_links ==
          std::vector<Machine::DeadMeshLink>{{RouterId(0), RouterId(2)}, {RouterId(2), RouterId(0)}});
    const Machine broken = parts(SparePart::routers).without({1, 7});
    CHECK(broken.dead_routers == std::vector<RouterId>{RouterId(1), RouterId(5), RouterId(7)});
    CHECK(broken.hash == machine_hash(broken));
    CHECK_FALSE(broken.hash == machine.hash);
    CHECK(parse_machine(machine_json(broken), "m"));
}
