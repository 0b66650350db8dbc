#include "mapper/cluster.hpp"

#include <functional>
#include <map>

#include "tests/catch.hpp"
#include "tests/mapper/small_machine.hpp"
#include "tests/mapper/small_program.hpp"

using namespace tephra;

namespace {

constexpr auto int8 = WeightStorage::int8;

MapOptions with_int8() {
    MapOptions options;
    options.format = int8;
    return options;
}

}  // namespace

TEST_CASE("A cluster of a dense layer has the costs that its shape says") {
    const Program program = test::one_layer(10, 6);
    Machine machine = test::small_machine({1, 1, 1}, {4, 4});
    const Clusters clusters(program, machine, with_int8());
    REQUIRE(clusters.all.size() == 1);
    CHECK(clusters.cluster_of == std::vector<int>{-1, 0, -1});
    const Cluster& layer = clusters.all[0];
    CHECK(layer.size == 6);
    CHECK(layer.has_weights);
    CHECK(layer.row_time == machine.timing.synop * 10);
    CHECK(layer.row_neuron_time == machine.timing.of(NeuronProgram::microcode) + machine.timing.spike);
    CHECK(layer.core_time == machine.timing.message_in * 10);
    CHECK_FALSE(layer.merges_records());
    const CoreUse part = clusters.part_use(layer, {1, 4});
    CHECK(part.neurons == 3);
    CHECK(part.synaptic_bytes == 30);
    CHECK(part.state_bytes == 12);
    CHECK(part.axons_in == 10);
    CHECK(part.axons_out == 3);  // to the host
}

TEST_CASE("Each limit of a core bounds the rows of a cluster, and a row that exceeds it is named") {
    const Program program = test::one_layer(10, 6);
    struct Limit {
        std::function<void(CoreLimits&, int)> set;  ///< to this many rows
        int of_row;
        std::string needs;
    };
    const std::vector<Limit> limits = {
        {[](CoreLimits& l, int n) { l.neurons = n; }, 1, "1 neurons, a core has 0"},
        {[](CoreLimits& l, int n) { l.synaptic_bytes = n; }, 10, "10 bytes of synaptic memory, a core has 9"},
        {[](CoreLimits& l, int n) { l.state_bytes = n; }, 4, "4 bytes of state memory, a core has 3"},
        {[](CoreLimits& l, int n) { l.axons_out = n; }, 1, "1 axons out, a core has 0"}};
    for (const Limit& limit : limits) {
        INFO(limit.needs);
        Machine machine = test::small_machine({1, 1, 1}, {4, 4});
        Clusters clusters(program, machine, with_int8());
        limit.set(machine.limits, 4 * limit.of_row);
        CHECK(fits(clusters.part_use(clusters.all[0], {1, 5}), machine.limits));
        limit.set(machine.limits, 4 * limit.of_row - 1);
        CHECK_FALSE(fits(clusters.part_use(clusters.all[0], {1, 5}), machine.limits));
        CHECK(fits(clusters.part_use(clusters.all[0], {1, 4}), machine.limits));
        CHECK_FALSE(clusters.fits_on(clusters.all[0], 1));
        CHECK(clusters.fits_on(clusters.all[0], 2));
        REQUIRE(clusters.find_least_cores());
        CHECK(clusters.all[0].least == 2);
        limit.set(machine.limits, limit.of_row - 1);
        const auto refused = clusters.find_least_cores();
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::does_not_fit);
        CHECK(refused.error().message == "one neuron of out needs " + limit.needs);
    }
    // A core listens to all of `in`, however few rows it holds.
    Machine machine = test::small_machine({1, 1, 1}, {4, 4});
    Clusters clusters(program, machine, with_int8());
    machine.limits.axons_in = 10;
    CHECK(clusters.fits_on(clusters.all[0], 1));
    machine.limits.axons_in = 9;
    CHECK_FALSE(clusters.fits_on(clusters.all[0], 6));
}

TEST_CASE("The use that parts promise is what core_use counts") {
    const Program program = test::small_program(97, 2, 301, 211);
    const Machine machine = test::unicast_machine({2, 1, 1}, {5, 4});
    const Mapping mapping = test::map(program, machine);
    Clusters clusters(program, machine, {WeightStorage::ternary2});
    for (std::size_t p = 0; p < mapping.slices.size(); ++p)
        if (const int c = clusters.cluster_of[p]; c >= 0)
            clusters.all[static_cast<std::size_t>(c)].cores = static_cast<int>(mapping.slices[p].size());
    std::map<CoreId, CoreUse> promised;
    for (const Cluster& cluster : clusters.all)
        for (const Slice& slice : mapping.slices[cluster.members.front().index()])
            promised[slice.core] += clusters.part_use(cluster, {slice.begin, slice.end});
    const auto uses = core_use(program, machine, mapping);
    for (const auto& [core, use] : promised) {
        const CoreUse& counted = uses[core.index()];
        CHECK(counted.neurons == use.neurons);
        CHECK(counted.synaptic_bytes <= use.synaptic_bytes);
        CHECK(counted.state_bytes <= use.state_bytes);
        CHECK(counted.axons_in <= use.axons_in);
        CHECK(counted.axons_out <= use.axons_out);
    }
}
