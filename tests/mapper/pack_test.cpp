#include "mapper/pack.hpp"

#include <set>

#include "core/files.hpp"
#include "tests/catch.hpp"
#include "tests/mapper/small_machine.hpp"
#include "tests/mapper/small_program.hpp"

using namespace tephra;

namespace {

constexpr auto int8 = WeightStorage::int8;

bool operator_equal(const PackedPart& a, const PackedPart& b) {
    return a.cluster == b.cluster && a.rows == b.rows && a.core == b.core;
}

}  // namespace

TEST_CASE("Parts share a core while its limits leave room, and never with their own cluster") {
    Machine machine = test::small_machine({1, 1, 1}, {4, 4});
    machine.limits.synaptic_bytes = 100;  // ten rows
    const Program program = test::dense_layers(10, {4, 6, 1, 12, 4});
    MapOptions options;
    options.format = int8;
    Clusters clusters(program, machine, options);
    REQUIRE(clusters.find_least_cores());
    const auto parts = pack(clusters, machine.limits);
    const std::vector<PackedPart> expected = {{0, {0, 4}, 0}, {1, {0, 6}, 0},  {2, {0, 1}, 1},
                                              {3, {0, 6}, 1}, {3, {6, 12}, 2}, {4, {0, 4}, 2}};
    CHECK(std::ranges::equal(parts, expected, operator_equal));
    CHECK(cores_needed(parts) == 3);
    CHECK(cores_needed({}) == 0);
}

TEST_CASE("A model runs on one core that is large enough for all of it") {
    const Program program = test::small_program(64, 3, 160, 300);
    Machine machine = test::small_machine({1, 1, 1}, {1, 1});
    machine.limits = {1 << 20, 1 << 30, 1 << 26, 1 << 24, 1 << 24};
    machine.hash = machine_hash(machine);
    const Mapping mapping = test::map(program, machine);
    for (std::size_t p = 0; p < mapping.slices.size(); ++p)
        if (program.populations[p].runs_on != RunsOn::host)
            CHECK(mapping.slices[p] == std::vector<Slice>{{CoreId(0), 0, program.populations[p].size}});

    const std::string shared = std::string(TEPHRA_SHARED) + "/cases/one_big_core.json";
    if (!std::filesystem::exists(shared)) {
        WARN("skipped: ../shared/cases/one_big_core.json is absent");
        return;
    }
    const auto big = read_machine(shared);
    REQUIRE(big);
    CHECK(map_program(test::small_program(256, 6, 768, 4096), *big, {}));
}

TEST_CASE("A few cores are filled in order where there is none for each cluster") {
    const Program program = test::small_program(64, 3, 160, 300);
    Machine machine = test::small_machine({2, 1, 1}, {2, 2});
    const Mapping mapping = test::map(program, machine);  // 8 cores for 10 clusters
    std::set<CoreId> cores;
    for (const auto& slices : mapping.slices)
        for (const Slice& slice : slices) cores.insert(slice.core);
    CHECK(cores.size() < 8);
}

TEST_CASE("Where packing leaves cores of a chip free, these are the slow ones") {
    const Program program = test::small_program(64, 3, 160, 300);
    Machine machine = test::small_machine({2, 1, 1}, {2, 2});
    const auto used = [&] {
        machine.hash = machine_hash(machine);
        std::set<CoreId> cores;
        for (const auto& slices : test::map(program, machine, {.improve = false}).slices)
            for (const Slice& slice : slices) cores.insert(slice.core);
        return cores;
    };
    CHECK(used() == std::set{CoreId(0), CoreId(1)});
    machine.slow_cores = {{CoreId(1), 5000}, {CoreId(2), 1500}};
    CHECK(used() == std::set{CoreId(0), CoreId(3)});
    // The next chip has sound cores, but is one more.
    machine.slow_cores = {{CoreId(0), 2000}, {CoreId(1), 5000}, {CoreId(2), 1500}};
    CHECK(used() == std::set{CoreId(2), CoreId(3)});
}

TEST_CASE("What does not fit says what is needed and only what would help") {
    const Program program = test::small_program(64, 3, 160, 3000);
    Machine machine = test::small_machine({1, 1, 1}, {2, 1});
    machine.limits.synaptic_bytes = 40000;  // 58,000 weights a block: more than 2 cores
    MapOptions options;
    options.format = int8;
    options.streams = 2;
    const auto refused = [&] {
        const auto mapping = map_program(program, machine, options);
        REQUIRE_FALSE(mapping);
        CHECK(mapping.error().code == ErrorCode::does_not_fit);
        return mapping.error();
    };
    const Error narrow_machine = refused();
    CHECK(narrow_machine.message.starts_with("does not fit generic-mesh: needs "));
    CHECK(narrow_machine.message.ends_with(" chips of this kind, it has 1"));
    CHECK(narrow_machine.hint == "take 2-bit synapses, the head on the host or a larger machine");
    machine.formats = {int8};
    options.head_on_host = true;
    CHECK(refused().hint == "take a larger machine");
    options.cores_per_chip = 1;
    CHECK(refused().message.find(", 1 cores of each in use, it has 1") != std::string::npos);
    CHECK(refused().hint == "take more cores of each chip or a larger machine");

    // Dead cores, not chips, are what lacks here.
    machine.mesh.tiles_x = 64;
    machine.mesh.usable_cores = machine.cores_per_chip();
    options.cores_per_chip = 0;
    for (int core = 1; core < machine.cores(); ++core) machine.dead_cores.emplace_back(core);
    CHECK(refused().message.ends_with(" cores, it has 1 that take work"));
    machine.dead_cores.insert(machine.dead_cores.begin(), CoreId(0));
    CHECK(refused().message == "no core of generic-mesh takes work: all are dead or reserved");
}

TEST_CASE("The chips that are said to be needed are enough") {
    const Program program = test::small_program(64, 3, 160, 300);
    for (const std::int64_t bytes : {3000, 5000, 20000}) {
        Machine machine = test::small_machine({1, 1, 1}, {2, 1});
        machine.limits.synaptic_bytes = bytes;
        MapOptions options;
        options.format = int8;
        const auto refused = map_program(program, machine, options);
        REQUIRE_FALSE(refused);
        const std::string& message = refused.error().message;
        INFO(message);
        machine.chips_x = std::stoi(message.substr(message.find("needs ") + 6));
        REQUIRE(machine.chips_x > 1);
        CHECK(map_program(program, machine, options));
    }
}
