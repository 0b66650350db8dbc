#include "mapper/partition.hpp"

#include <set>

#include "mapper/route.hpp"
#include "tests/catch.hpp"
#include "tests/mapper/small_machine.hpp"
#include "tests/mapper/small_program.hpp"

using namespace tephra;

TEST_CASE("Chips in snake order are neighbours, and all are there") {
    const auto hala = find_machine("hala-point");
    REQUIRE(hala);
    for (const auto& machine :
         {test::small_machine({4, 3, 2}, {1, 1}), test::small_machine({3, 3, 3}, {1, 1}), *hala}) {
        const auto order = snake_order(machine);
        CHECK(std::set<ChipId>(order.begin(), order.end()).size() == static_cast<std::size_t>(machine.chips()));
        for (std::size_t k = 1; k < order.size(); ++k) CHECK(are_neighbours(machine, order[k - 1], order[k]));
    }
}

TEST_CASE("A layer of one neuron counts its memory like any other") {
    const Program program = test::one_layer(100, 1);
    Machine machine = test::small_machine({1, 1, 1}, {2, 1});
    MapOptions options;
    options.format = WeightStorage::int8;
    machine.limits.synaptic_bytes = 100;
    CHECK(map_program(program, machine, options));
    machine.limits.synaptic_bytes = 99;
    const auto refused = map_program(program, machine, options);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message == "one neuron of out needs 100 bytes of synaptic memory, a core has 99");
}

TEST_CASE("A model with one output fits where each of its clusters fills a core") {
    const Program program = test::small_program(32, 1, 32, 1);
    Machine machine = test::unicast_machine({1, 1, 1}, {4, 2});
    MapOptions options;
    options.format = WeightStorage::int8;
    machine.limits.synaptic_bytes = 96 * 32;  // the mixer's three matrices
    machine.hash = machine_hash(machine);
    const Mapping mapping = test::map(program, machine, options);
    CHECK(check_mapping(program, machine, mapping).empty());
}

TEST_CASE("Slow cores get rows by their speed, where the others have room for the rest") {
    const Program program = test::one_layer(100, 120);
    Machine machine = test::small_machine({1, 1, 1}, {2, 2});
    machine.slow_cores = {{CoreId(1), 1500}, {CoreId(2), 3000}};
    machine.hash = machine_hash(machine);
    for (const bool improve : {false, true}) {
        MapOptions options;
        options.improve = improve;
        const auto rows = [&](int limit) {
            machine.limits.neurons = limit;
            const Mapping mapping = test::map(program, machine, options);
            std::vector<int> of_core(4, 0);
            for (const Slice& slice : mapping.slices[1]) of_core[slice.core.index()] = slice.end - slice.begin;
            return of_core;
        };
        for (const int limit : {4096, 41}) {  // 1000, 666, 333 and 1000 of 2999; sound cores may swap
            const std::vector<int> given = rows(limit);
            CHECK((given[1] == 26 && given[2] == 13));
            CHECK((std::min(given[0], given[3]) == 40 && std::max(given[0], given[3]) == 41));
        }
        CHECK(rows(40) == std::vector<int>{30, 30, 30, 30});
    }
}

TEST_CASE("Normalizers find room beside others, whichever limit is tight") {
    const Program program = test::small_program(16, 2, 32, 24);
    // As many neurons a core as the largest part needs: beside it there is no room for a Normalizer.
    for (int neurons = 8; neurons <= 96; neurons += 4) {
        Machine machine = test::small_machine({1, 1, 1}, {6, 4});
        machine.limits.neurons = neurons;
        machine.hash = machine_hash(machine);
        INFO(neurons);
        const auto mapping = map_program(program, machine, {});
        if (!mapping) {
            CHECK(mapping.error().message.starts_with("does not fit generic-mesh: needs "));
            continue;
        }
        CHECK(check_mapping(program, machine, *mapping).empty());
    }
}
