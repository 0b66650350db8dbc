#include "mapper/place.hpp"

#include <map>

#include "mapper/traffic.hpp"
#include "tests/catch.hpp"
#include "tests/mapper/random_faults.hpp"
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

namespace {

/// Swaps what two cores hold.
Mapping swapped(Mapping mapping, CoreId a, CoreId b) {
    for (auto& slices : mapping.slices)
        for (Slice& slice : slices) slice.core = slice.core == a ? b : slice.core == b ? a : slice.core;
    return mapping;
}

}  // namespace

TEST_CASE("Placement counts the hops of the ways around what is dead") {
    const Program program = test::small_program(64, 1, 64, 32);
    Machine machine = test::unicast_machine({1, 1, 1}, {4, 4});
    for (int y = 0; y < 3; ++y)  // what is left is one line of tiles, row by row to and fro
        for (int x = 0; x < 4; ++x) {
            if (x == (y % 2 == 0 ? 3 : 0)) continue;
            const RouterId above(4 * y + x), below(4 * (y + 1) + x);
            machine.dead_mesh_links.insert(machine.dead_mesh_links.end(), {{above, below}, {below, above}});
        }
    std::ranges::sort(machine.dead_mesh_links);
    machine.hash = machine_hash(machine);
    const Topology topology = *Topology::create(machine);
    const Mapping placed = test::map(program, machine);
    const auto hops = [&](const Mapping& mapping) {
        return summarize_traffic(program, machine, topology, mapping).flit_hops;
    };
    for (int a = 0; a < machine.cores(); ++a)
        for (int b = 0; b < a; ++b) {
            CAPTURE(a, b);
            CHECK(hops(swapped(placed, CoreId(a), CoreId(b))) >= hops(placed));
        }
}

TEST_CASE("Placement lowers traffic x hops on chips with dead links and routers, and between them") {
    const Program program = test::small_program(64, 3, 160, 300);
    int mapped = 0;
    for (const std::uint64_t seed : test::repeats<std::uint64_t>({1, 2, 3, 4}))
        for (const test::FaultRates rates : {test::FaultRates{0, 9, 30}, {8, 0, 0}, {8, 12, 40}}) {
            const Machine machine = test::with_random_faults(test::unicast_machine({2, 2, 1}, {4, 4}), seed, rates);
            CAPTURE(seed, machine.dead_links.size(), machine.dead_mesh_links.size(), machine.dead_routers.size());
            const Topology topology = *Topology::create(machine);
            MapOptions options;
            options.improve = false;
            const auto given = map_program(program, machine, options);
            if (!given) continue;  // the host reaches too few cores
            ++mapped;
            const auto before = summarize_traffic(program, machine, topology, *given);
            const auto after = summarize_traffic(program, machine, topology, test::map(program, machine));
            CHECK(after.flit_hops < before.flit_hops);
            CHECK(after.packets == before.packets);
        }
    CHECK(mapped >= 2);
}
