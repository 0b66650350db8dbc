#include "mapper/mapping.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "mapper/partition.hpp"
#include "mapper/route.hpp"
#include "tests/catch.hpp"
#include "tests/mapper/small_program.hpp"

using namespace tephra;
using test::map;

namespace {

struct Shape {
    std::string name;
    int hidden, layers, intermediate, vocab;
};
const Shape mmf_7m{"mmf-7m", 256, 6, 768, 4096};
const Shape mmf_25m{"mmf-25m", 512, 6, 1536, 4096};
const Shape mmfree_370m{"mmfree-370m", 1024, 24, 2816, 32000};
const Shape mmfree_1b3{"mmfree-1.3b", 2048, 24, 5632, 32000};
const Shape mmfree_2b7{"mmfree-2.7b", 2560, 32, 6912, 32000};

Program program_of(const Shape& shape) {
    return test::small_program(shape.hidden, shape.layers, shape.intermediate, shape.vocab, shape.name);
}

Machine machine_of(const std::string& name) {
    auto machine = find_machine(name);
    REQUIRE(machine);
    return *machine;
}

constexpr auto ternary2 = WeightStorage::ternary2;
constexpr auto int8 = WeightStorage::int8;

MapOptions with(WeightStorage format, bool head_on_host = false, int streams = 1) {
    MapOptions options;
    options.format = format;
    options.head_on_host = head_on_host;
    options.streams = streams;
    return options;
}

const std::vector<Slice>& slices(const Program& program, const Mapping& mapping, const std::string& name) {
    return mapping.slices[test::population_index(program, name)];
}

/// Chips that hold a layer.
std::map<int, std::set<int>> chips_by_layer(const Program& program, const Machine& machine, const Mapping& mapping) {
    std::map<int, std::set<int>> chips;
    for (std::size_t p = 0; p < program.populations.size(); ++p)
        for (const Slice& slice : mapping.slices[p])
            chips[program.populations[p].layer.value].insert(machine.chip_of(slice.core).value);
    return chips;
}

}  // namespace

TEST_CASE("Every neuron is placed once, groups stay together, and all limits hold") {
    struct Case {
        Shape shape;
        std::string machine;
        MapOptions options;
    };
    for (const auto& c : std::vector<Case>{{mmf_7m, "kapoho-point", with(ternary2)},
                                           {mmf_7m, "kapoho-point", with(int8, true, 64)},
                                           {mmf_7m, "oheo-gulch", with(int8)},
                                           {mmf_7m, "loihi1-nahuku", with(int8)},
                                           {mmf_7m, "generic-mesh", with(ternary2)},
                                           {mmf_25m, "kapoho-point", with(int8)},
                                           {mmf_25m, "oheo-gulch", with(ternary2)},
                                           {mmfree_370m, "alia-point", with(int8)},
                                           {mmfree_370m, "alia-point", with(ternary2, true, 16)},
                                           {mmfree_370m, "loihi1-nahuku", with(int8, true)},
                                           {mmfree_1b3, "hala-point", with(ternary2)},
                                           {{"odd", 97, 2, 301, 499}, "kapoho-point", with(int8)},
                                           {{"tiny", 3, 1, 2, 5}, "oheo-gulch", with(int8)},
                                           {{"one block", 8, 1, 8, 5}, "oheo-gulch", with(int8, true)}}) {
        INFO(c.shape.name << " on " << c.machine);
        const Program program = program_of(c.shape);
        const Machine machine = machine_of(c.machine);
        const Mapping mapping = map(program, machine, c.options);
        CHECK(check_mapping(program, machine, mapping).empty());
        CHECK(mapping == map(program, machine, c.options));  // no hidden state
        for (std::size_t p = 0; p < program.populations.size(); ++p) {
            const Population& placed = program.populations[p];
            int neurons = 0;
            for (const Slice& slice : mapping.slices[p]) {
                CHECK(slice.begin == neurons);
                neurons = slice.end;
            }
            const bool host = placed.runs_on == RunsOn::host || (c.options.head_on_host && placed.name == "logits");
            CHECK(neurons == (host ? 0 : placed.size));
            for (const auto& other : program.populations)
                if (placed.group.valid() && other.group == placed.group)
                    CHECK(mapping.slices[p] == slices(program, mapping, other.name));
        }
        const auto uses = core_use(program, machine, mapping);
        std::int64_t bytes = 0;
        for (std::size_t core = 0; core < uses.size(); ++core) {
            bytes += uses[core].synaptic_bytes;
            CHECK(uses[core].synaptic_bytes <= machine.limits.synaptic_bytes);
            if (!machine.usable(CoreId(static_cast<int>(core)))) CHECK(uses[core].neurons == 0);
        }
        const ProgramCost cost = program_cost(program);
        const std::int64_t head = c.options.head_on_host ? std::int64_t{c.shape.hidden} * c.shape.vocab : 0;
        if (c.options.format == int8) CHECK(bytes == cost.synaptic_bytes_int8 - head);
    }
}

TEST_CASE("The models land on the machines as asked: blocks a chip, head on further chips") {
    struct Case {
        Shape shape;
        std::string machine;
        MapOptions options;
        std::size_t chips_of_block, chips_of_head;
    };
    for (const auto& c : std::vector<Case>{{mmf_7m, "kapoho-point", with(ternary2), 1, 1},
                                           {mmf_25m, "kapoho-point", with(int8), 1, 1},
                                           {mmfree_370m, "alia-point", with(int8), 1, 3},
                                           {mmfree_370m, "alia-point", with(ternary2), 1, 1},
                                           {mmfree_1b3, "hala-point", with(int8), 4, 5},
                                           {mmfree_1b3, "hala-point", with(ternary2), 1, 2},
                                           {mmfree_2b7, "hala-point", with(ternary2), 2, 2}}) {
        INFO(c.shape.name << " on " << c.machine);
        const Program program = program_of(c.shape);
        const Machine machine = machine_of(c.machine);
        const Mapping mapping = map(program, machine, c.options);
        const auto chips = chips_by_layer(program, machine, mapping);
        std::set<int> all;
        const int last = static_cast<int>(program.layers.size()) - 1;
        for (const auto& [layer, set] : chips) {
            if (layer < last) CHECK(set.size() == c.chips_of_block);
            all.insert(set.begin(), set.end());
        }
        std::set<int> head;
        for (const Slice& slice : slices(program, mapping, "logits")) head.insert(machine.chip_of(slice.core).value);
        CHECK(head.size() == c.chips_of_head);
        CHECK(all.size() == static_cast<std::size_t>(c.shape.layers) * c.chips_of_block + c.chips_of_head);
        // Consecutive blocks are on neighbouring chips.
        if (c.chips_of_block == 1)
            for (int b = 1; b + 1 < last; ++b)
                CHECK(are_neighbours(machine, ChipId(*chips.at(b).begin()), ChipId(*chips.at(b + 1).begin())));
    }
}

TEST_CASE("What does not fit says how many chips it needs, and fits on as many") {
    const Program program = program_of(mmfree_370m);
    Machine machine = machine_of("kapoho-point");
    const auto mapping = map_program(program, machine, with(int8));
    REQUIRE_FALSE(mapping);
    CHECK(mapping.error().code == ErrorCode::does_not_fit);
    CHECK(mapping.error().place == "mmfree-370m");
    CHECK(mapping.error().message == "does not fit kapoho-point: needs 23 chips of this kind, it has 8");
    machine.chips_x = 22, machine.chips_y = 1;
    CHECK_FALSE(map_program(program, machine, with(int8)));
    machine.chips_x = 23;
    CHECK(map_program(program, machine, with(int8)));

    Machine small = machine_of("oheo-gulch");
    small.limits.synaptic_bytes = 1000;
    const auto never = map_program(program, small, with(int8));
    REQUIRE_FALSE(never);
    CHECK(never.error().code == ErrorCode::does_not_fit);
    CHECK(never.error().message ==
          "one neuron of block0.quantize_fig needs 3840 bytes of synaptic memory, a core has 1000");
}

TEST_CASE("Streams take state memory until the model no longer fits") {
    const Program program = program_of(mmf_7m);
    const Machine machine = machine_of("oheo-gulch");
    const auto mixer_bytes = [&](int streams) {
        const Mapping mapping = map(program, machine, with(ternary2, false, streams));
        const auto uses = core_use(program, machine, mapping);
        return uses[slices(program, mapping, "block0.mixer")[0].core.index()].state_bytes;
    };
    CHECK(mixer_bytes(64) > mixer_bytes(1));
    const auto mapping = map_program(program, machine, with(ternary2, false, 100000));
    REQUIRE_FALSE(mapping);
    CHECK(mapping.error().code == ErrorCode::does_not_fit);
}

TEST_CASE("Dead cores are left out, on several chips") {
    const Program program = program_of(mmf_25m);
    Machine machine = machine_of("kapoho-point");
    for (int c = 0; c < machine.cores(); c += 3) machine.dead_cores.emplace_back(c);
    for (int c = 0; c < machine.cores_per_chip(); ++c)
        if (c % 3 != 0) machine.dead_cores.emplace_back(machine.cores_per_chip() * 2 + c);  // all of chip 2
    std::ranges::sort(machine.dead_cores);
    const Mapping mapping = map(program, machine, with(int8));
    for (const auto& population_slices : mapping.slices)
        for (const Slice& slice : population_slices) CHECK(machine.usable(slice.core));
}

TEST_CASE("What the host does not reach takes no work; a program that needs it is refused with what to mend") {
    Machine machine = machine_of("kapoho-point");
    machine.mesh.usable_cores = 24;
    const int per_chip = machine.cores_per_chip();
    for (const auto& [a, b] : {std::pair(0, 1), {4, 5}})  // chips 0 and 4 stay with the host, of 4 x 2
        for (const auto& [from, to] : {std::pair(a, b), {b, a}})
            machine.dead_links.push_back({ChipId(from), ChipId(to)});
    std::ranges::sort(machine.dead_links);
    machine.dead_routers = {RouterId(3), RouterId(4 * 32 + 31)};
    machine.dead_mesh_links = {{RouterId(8), RouterId(9)}, {RouterId(9), RouterId(8)}};
    machine.hash = machine_hash(machine);
    const Mapping mapping = map(program_of({"tiny", 64, 2, 64, 64}), machine, with(int8));
    for (const auto& slices : mapping.slices)
        for (const Slice& slice : slices) {
            const int chip = slice.core.value / per_chip;
            CHECK((chip == 0 || chip == 4));
            CHECK(slice.core.value / 4 != 3);
            CHECK(slice.core.value / 4 != 4 * 32 + 31);
        }
    const auto refused = map_program(program_of(mmf_25m), machine, with(int8));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::does_not_fit);
    INFO(to_string(refused.error()));
    CHECK(refused.error().message.ends_with("; 144 more are cut off from the host"));
    CHECK(refused.error().hint.ends_with(
        ", or mend what cuts core 128 off: the link between chips 0 and 1, the link between chips 4 and 5"));
}

TEST_CASE("Fewer cores a chip can be asked for") {
    const Program program = program_of(mmf_7m);
    const Machine machine = machine_of("kapoho-point");
    MapOptions options = with(ternary2);
    options.cores_per_chip = 20;
    const Mapping mapping = map(program, machine, options);
    std::map<int, std::set<int>> cores;
    for (const auto& population_slices : mapping.slices)
        for (const Slice& slice : population_slices) cores[machine.chip_of(slice.core).value].insert(slice.core.value);
    CHECK(cores.size() == 6 + 1);  // a chip for each of the six blocks, and one for the head
    for (const auto& [chip, used] : cores) CHECK(used.size() <= 20);
}

TEST_CASE("The machine must have the synapse format; without one its first is taken") {
    const Program program = program_of({"tiny", 8, 1, 8, 8});
    Machine machine = machine_of("generic-mesh");
    CHECK(map(program, machine, {}).format == ternary2);
    machine.formats = {int8, ternary2};
    CHECK(map(program, machine, {}).format == int8);
    CHECK(map(program, machine, with(ternary2)).format == ternary2);
    machine.formats = {int8};
    CHECK(map(program, machine, {}) == map(program, machine, with(int8)));
    const auto refused = map_program(program, machine, with(ternary2));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message == "generic-mesh has no ternary2 synapses");
    CHECK(refused.error().hint == "its default is int8");
}

TEST_CASE("From one stream to the most") {
    const Program program = program_of({"tiny", 8, 1, 8, 8});
    Machine machine = machine_of("generic-mesh");
    machine.limits.state_bytes = std::int64_t{1} << 40;
    for (const int streams : {1, most_streams})
        CHECK(map(program, machine, with(int8, false, streams)).streams == streams);
    for (const int streams : {0, -1, most_streams + 1}) {
        const auto refused = map_program(program, machine, with(int8, false, streams));
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::bad_input);
        CHECK(refused.error().message == std::to_string(streams) + " streams");
    }
}
