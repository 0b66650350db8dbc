#include "mapper/traffic.hpp"

#include "tests/catch.hpp"
#include "tests/mapper/small_machine.hpp"
#include "tests/mapper/small_program.hpp"

using namespace tephra;

namespace {

/// in (host) 4 neurons => out, a neuron on each of cores 0 and 1 of a row of two tiles; the host hangs on the first.
struct TwoCores {
    Program program = test::one_layer(4, 2);
    Machine machine = test::small_machine({1, 1, 1}, {2, 1});
    Mapping mapping;
    TwoCores() { mapping.slices = {{}, {{CoreId(0), 0, 1}, {CoreId(1), 1, 2}}, {}}; }
    [[nodiscard]] std::int64_t flits(LinkId link) const {
        return link_flits(program, machine, *Topology::create(machine), mapping)[link.index()];
    }
};

}  // namespace

TEST_CASE("A packet is one header flit and its payload in whole flits") {
    MeshSpec mesh;
    mesh.flit_bits = 32;
    CHECK(mesh.packet_flits(0) == 1);
    CHECK(mesh.packet_flits(1) == 2);
    CHECK(mesh.packet_flits(32) == 2);
    CHECK(mesh.packet_flits(33) == 3);
    mesh.flit_bits = 1;
    CHECK(mesh.packet_flits(24) == 25);
}

TEST_CASE("A dense layer on two cores sends each message to both, and answers to the host") {
    TwoCores two;
    std::vector<std::pair<int, std::int64_t>> flows;  // source core, packets x targets
    for_each_flow(two.program, two.machine, two.mapping, [&](const Flow& flow) {
        CHECK(flow.flits == 2);
        flows.emplace_back(flow.source.value, flow.packets * static_cast<std::int64_t>(flow.targets.size()));
    });
    CHECK(flows == std::vector<std::pair<int, std::int64_t>>{{2, 8}, {0, 1}, {1, 1}});
    const Topology topology = *Topology::create(two.machine);
    const LinkId east(0);  // of tile 0
    two.machine.mesh.routing = Routing::unicast;
    CHECK(two.flits(topology.inject(topology.host())) == 4 * 2 * 2);
    CHECK(two.flits(east) == 4 * 2);
    CHECK(two.flits(topology.eject(CoreId(0))) == 8);
    CHECK(two.flits(topology.eject(CoreId(1))) == 8);
    CHECK(two.flits(topology.inject(CoreId(1))) == 2);
    CHECK(two.flits(topology.eject(topology.host())) == 4);
    two.machine.mesh.routing = Routing::multicast;  // one copy leaves the host
    CHECK(two.flits(topology.inject(topology.host())) == 4 * 2);
    CHECK(two.flits(east) == 4 * 2);
    const auto sum = summarize_traffic(two.program, two.machine, topology, two.mapping);
    CHECK(sum.packets == 10);
    CHECK(sum.flit_hops == 8 + 2);  // east, and one answer west
    CHECK(sum.busiest_mesh == east);
    CHECK(sum.busiest_mesh_flits == 8);
    CHECK(sum.chip_flits == 0);
}

TEST_CASE("Traffic equals the closed form of the lowered graph") {
    const Program program = test::small_program(256, 6, 768, 4096);
    const Machine machine = *find_machine("kapoho-point");
    MapOptions options;
    options.format = WeightStorage::int8;
    const Mapping mapping = test::map(program, machine, options);
    // Packets by hand: every message to every core of the target; x from chip to chip; records to and from Normalizers.
    std::int64_t expected = 0;
    const auto cores = [&](const std::string& name) {
        return static_cast<std::int64_t>(mapping.slices[test::population_index(program, name)].size());
    };
    for (int b = 0; b < 6; ++b) {
        const std::string block = "block" + std::to_string(b) + ".";
        expected += 256 * cores(block + "mixer") + 256 * cores(block + "attended") + 256 * cores(block + "unit") +
                    768 * cores(block + "residual");
        const std::int64_t records_in =
            b == 0 ? 1 : cores(block + "quantize_fig");  // from the host or the block before
        expected += records_in + cores(block + "mixer") + cores(block + "attended") + cores(block + "unit");
        expected += 2 * (cores(block + "mixer") + cores(block + "attended") + cores(block + "unit") +
                         cores(block + "residual"));
        // The identity packets of x: the slices of two blocks' residual groups cut [0, 256) in the same places.
        expected += 256;
    }
    expected += cores("block5.residual") + cores("quantize_head") + cores("logits");  // head norm
    expected += 256 * cores("logits") + 4096;
    const auto topology = Topology::create(machine);
    CHECK(summarize_traffic(program, machine, *topology, mapping).packets == expected);
}
