// A neuron model and a synapse format that the library does not know, made in this file, mapped and simulated: both are
// open sets.
#include <array>

#include "neuro/identity.hpp"
#include "simulator/frame_feed.hpp"
#include "simulator/simulate.hpp"
#include "tests/catch.hpp"
#include "tests/mapper/small_machine.hpp"

using namespace tephra;

namespace {

constexpr int inputs = 12, neurons = 6, rounds = 9;

/// Sends the largest sum that it has seen.
class Largest {
public:
    static constexpr std::string_view kind = "largest";
    static constexpr std::array<std::string_view, 1> ports{"input"};
    static constexpr std::array<std::string_view, 1> states{"largest"};
    [[nodiscard]] int neurons() const { return 0; }
    [[nodiscard]] int state_bits() const { return 32; }
    [[nodiscard]] int parameter_bits() const { return 0; }
    [[nodiscard]] std::array<std::int32_t, 1> begin(std::size_t) const { return {0}; }
    struct Step {
        std::int32_t operator()(std::size_t, const std::array<std::int32_t, 1>& in, std::array<std::int32_t, 1>& state,
                                bool&) const {
            return state[0] = std::max(state[0], in[0]);
        }
    };
    [[nodiscard]] Step at(std::int64_t) const { return {}; }
};

/// Sources 2 j and 2 j + 1 go to target j: the first as it is, the other three times.
class Pairs final : public SynapseFormat {
public:
    [[nodiscard]] std::string_view kind() const override { return "pairs"; }
    [[nodiscard]] int sources() const override { return inputs; }
    [[nodiscard]] int targets() const override { return neurons; }
    [[nodiscard]] NeuronRanges sources_of(NeuronRange targets) const override {
        return {{2 * targets.begin, 2 * targets.end}};
    }
    [[nodiscard]] int weight_bits() const override { return 3; }
    [[nodiscard]] SynapseMemory memory(NeuronRange targets) const override {
        return {2 * targets.size(), 3 * 2 * targets.size(), 2 * targets.size()};
    }
    [[nodiscard]] bool uniform() const override { return false; }
    [[nodiscard]] std::int64_t synops(int source, NeuronRange targets) const override {
        return source / 2 >= targets.begin && source / 2 < targets.end ? 1 : 0;
    }
    [[nodiscard]] std::int64_t largest_product() const override { return 3; }
    void accumulate(const Arrived& arrived, NeuronRange targets, std::span<std::int32_t> sums) const override {
        std::ranges::fill(sums, 0);
        for (const Spike spike : arrived.spikes)
            if (synops(spike.source, targets) > 0)
                sums[static_cast<std::size_t>(spike.source / 2 - targets.begin)] +=
                    spike.payload * (spike.source % 2 == 0 ? 1 : 3);
    }
};

/// Host (12) == pairs ==> largest (6, each sends to itself in the next round too) --> host.
Program program_of_own_kinds() {
    Program program;
    program.model_name = "own kinds";
    program.model = hash128("own kinds");
    program.steps = 3;
    program.layers = {{"all"}};
    const auto model = std::make_shared<PerNeuron<Largest>>(Largest());
    const auto add = [&](const char* name, int size, int stage, bool on_host) {
        Population p;
        p.name = name;
        p.size = size;
        p.layer = LayerId(0);
        p.runs_on = on_host ? RunsOn::host : RunsOn::cores;
        if (stage < 2) p.model = model, p.payload = Payload::number, p.message_bits = 24;
        p.stage = stage;
        program.populations.push_back(std::move(p));
    };
    add("in", inputs, 0, true), add("largest", neurons, 1, false), add("out", neurons, 2, true);
    program.source = PopulationId(0), program.sink = PopulationId(2);
    const auto connect = [&](int source, int target, std::shared_ptr<const SynapseFormat> synapses) {
        const ProjectionId id(static_cast<int>(program.projections.size()));
        Projection p;
        p.source = PopulationId(source), p.target = PopulationId(target);
        p.synapses = std::move(synapses);
        p.slots = 2;
        program.populations[static_cast<std::size_t>(source)].outputs.push_back(id);
        program.populations[static_cast<std::size_t>(target)].inputs.push_back(id);
        program.projections.push_back(std::move(p));
    };
    connect(0, 1, std::make_shared<Pairs>());
    connect(1, 2, make_identity({neurons, neurons, {0, neurons}, 0, false}));
    return program;
}

std::array<std::int32_t, inputs> frame_of(std::int64_t round) {
    std::array<std::int32_t, inputs> frame{};
    for (int j = 0; j < inputs; ++j)
        frame[static_cast<std::size_t>(j)] = static_cast<std::int32_t>((round * 7 + j * 5) % 11);
    return frame;
}

}  // namespace

TEST_CASE("a neuron model and a synapse format of a test's own map and run") {
    const Program program = program_of_own_kinds();
    // "in" is of the same model: the host sends the largest value that it was offered.
    std::array<std::int32_t, inputs> in{};
    std::array<std::int32_t, neurons> out{};
    std::vector<std::vector<std::int32_t>> expected, read;
    std::int64_t synops = 0;
    for (std::int64_t round = 0; round < rounds; ++round) {
        const auto frame = frame_of(round);
        for (std::size_t j = 0; j < inputs; ++j) in[j] = std::max(in[j], frame[j]), synops += in[j] != 0 ? 1 : 0;
        for (std::size_t j = 0; j < neurons; ++j) out[j] = std::max(out[j], in[2 * j] + 3 * in[2 * j + 1]);
        expected.emplace_back(out.begin(), out.end());
    }
    Machine machine = test::unicast_machine({1, 1, 1}, {2, 2});
    machine.limits.neurons = 2;  // three cores
    machine.hash = machine_hash(machine);
    const auto mapping = map_program(program, machine, {});
    REQUIRE(mapping);
    CHECK(mapping->slices[1].size() >= 3);
    std::array<std::int32_t, inputs> frame{};
    FrameFeed feed(
        rounds,
        [&](std::int64_t round) {
            frame = frame_of(round);
            return std::span<const std::int32_t>(frame);
        },
        [&](std::int64_t, std::span<const std::int32_t> values) { read.emplace_back(values.begin(), values.end()); });
    const auto run = simulate(program, machine, *mapping, feed, {});
    REQUIRE(run);
    CHECK(read == expected);
    CHECK(total(*run, EventKind::synop_int8) == synops);  // three bits do not fit two
}
