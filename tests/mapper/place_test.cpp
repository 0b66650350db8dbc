#include "mapper/place.hpp"

#include <map>

#include "mapper/traffic.hpp"
#include "tests/catch.hpp"
#include "tests/mapper/small_machine.hpp"
#include "tests/mapper/small_program.hpp"

using namespace tephra;

TEST_CASE("Slices move within their chip, those of one core together, and flits x hops never grow") {
    const Program program = test::small_program(64, 3, 160, 300);
    const Machine machine = test::small_machine({2, 2, 1}, {4, 4});
    const auto topology = Topology::create(machine);
    REQUIRE(topology);
    MapOptions options;
    options.improve = false;
    const Mapping given = test::map(program, machine, options);
    Mapping placed = given;
    improve_placement(program, machine, *topology, placed);
    std::map<CoreId, CoreId> moved;
    for (std::size_t p = 0; p < given.slices.size(); ++p)
        for (std::size_t k = 0; k < given.slices[p].size(); ++k) {
            const CoreId from = given.slices[p][k].core;
            const CoreId to = placed.slices[p][k].core;
            CHECK(machine.chip_of(from) == machine.chip_of(to));
            CHECK(moved.try_emplace(from, to).first->second == to);
        }
    const auto before = summarize_traffic(program, machine, *topology, given);
    const auto after = summarize_traffic(program, machine, *topology, placed);
    CHECK(after.flit_hops <= before.flit_hops);
    CHECK(after.packets == before.packets);
}

TEST_CASE("On a chip with more cores than places the used ones move to the middle") {
    const Program program = test::small_program(64, 1, 64, 32);
    const Machine machine = test::unicast_machine({1, 1, 1}, {32, 32}, 2);
    const auto topology = Topology::create(machine);
    MapOptions options;
    options.cores_per_chip = 300;
    options.improve = false;
    const Mapping given = test::map(program, machine, options);
    options.improve = true;
    const Mapping placed = test::map(program, machine, options);
    CHECK_FALSE(placed == given);
    CHECK(summarize_traffic(program, machine, *topology, placed).flit_hops <
          summarize_traffic(program, machine, *topology, given).flit_hops);
}

TEST_CASE("A chip of 131,072 cores is mapped; with more cores in use than places its slices stay") {
    const Program program = test::small_program(256, 6, 768, 4096);
    const Machine machine = test::unicast_machine({1, 1, 1}, {128, 128}, 8);
    MapOptions options;
    options.improve = false;
    const Mapping given = test::map(program, machine, options);
    Mapping placed = given;
    improve_placement(program, machine, *Topology::create(machine), placed);
    CHECK(placed == given);
}

TEST_CASE("Placement lowers traffic x hops and the busiest mesh link") {
    const Program mmf_7m = test::small_program(256, 6, 768, 4096), mmf_25m = test::small_program(512, 6, 1536, 4096);
    for (const auto& [model, name] : std::vector<std::pair<const Program*, std::string>>{
             {&mmf_7m, "kapoho-point"}, {&mmf_25m, "generic-mesh"}, {&mmf_7m, "oheo-gulch"}}) {
        const Program& program = *model;
        const Machine machine = *find_machine(name);
        const auto topology = Topology::create(machine);
        MapOptions options;
        options.format = WeightStorage::ternary2;
        options.improve = false;
        const auto before = summarize_traffic(program, machine, *topology, test::map(program, machine, options));
        options.improve = true;
        const auto after = summarize_traffic(program, machine, *topology, test::map(program, machine, options));
        CHECK(after.packets == before.packets);
        CHECK(after.chip_flits == before.chip_flits);
        CHECK(after.flit_hops < before.flit_hops * 9 / 10);
        CHECK(after.busiest_mesh_flits < before.busiest_mesh_flits);
    }
}
