// Spiking networks on simulated machines: the bits of the plain engine, on every mapping, machine, network mode and
// number of threads.
#include "simulator/frame_feed.hpp"

#include <set>

#include "tests/mapper/small_machine.hpp"
#include "tests/simulator/networks.hpp"

using namespace tephra;

namespace {

constexpr int rounds = 40;

Program lowered(const spiking::Network& network, spiking::HostInput input = spiking::HostInput::messages) {
    auto program = spiking::lower(network, "mixed", hash128("mixed"), input);
    if (!program) FAIL(to_string(program.error()));
    return std::move(*program);
}

Mapping mapped(const Program& program, const Machine& machine) {
    auto mapping = map_program(program, machine, {});
    if (!mapping) FAIL(to_string(mapping.error()));
    return std::move(*mapping);
}

}  // namespace

TEST_CASE("a network on a machine sends and holds what the plain engine says") {
    const spiking::Network network = test::mixed_network();
    const Program program = lowered(network);
    const test::Played expected = test::play_plain(network, rounds);
    std::int64_t sent = 0;  // the test would prove nothing if layers were silent
    for (const auto& round : expected.messages) sent += std::ranges::count(round.at(3), 1);
    CHECK(sent > 20);
    for (const auto& machine : {test::small_machine({1, 1, 1}, {4, 4}), test::unicast_machine({1, 1, 1}, {4, 4}),
                                test::small_machine({2, 2, 1}, {2, 1}), test::unicast_machine({2, 1, 2}, {1, 1}, 2)}) {
        const Mapping mapping = mapped(program, machine);
        for (const NocMode noc : {NocMode::ideal, NocMode::contended}) {
            Hash128 trace;
            for (const int threads : test::repeats({1, 2, 4})) {
                SimulateOptions options;
                options.noc = noc;
                options.threads = threads;
                test::Played played;
                const auto run = test::play_on(network, program, machine, mapping, options, rounds, played);
                if (!run) FAIL(to_string(run.error()));
                CHECK(played == expected);
                CHECK(run->tokens.size() == rounds);
                if (trace == Hash128()) trace = run->trace;
                CHECK(run->trace == trace);
            }
        }
    }
}

TEST_CASE("a machine counts the weights that messages meet, and one packet a core that needs a message") {
    const spiking::Network network = test::mixed_network();
    const Program program = lowered(network);
    const test::Played expected = test::play_plain(network, rounds);
    std::int64_t synops = 0;
    for (const auto& round : expected.messages)
        for (const spiking::Connection& c : network.connections())
            for (std::size_t j = 0; j < round.at(c.source).size(); ++j)
                if (round.at(c.source)[j] != 0)
                    synops += c.synapses->synops(static_cast<int>(j), {0, c.synapses->targets()});
    const Machine machine = test::unicast_machine({1, 1, 1}, {4, 4});
    const Mapping mapping = mapped(program, machine);
    // Messages of cores to cores: to each core that holds a target of the neuron.
    std::int64_t packets = 0;
    for (const auto& round : expected.messages)
        for (int layer = 0; layer < std::ssize(network.layers()); ++layer)
            for (std::size_t j = 0; j < round.at(layer).size(); ++j) {
                if (round.at(layer)[j] == 0) continue;
                std::set<int> cores;
                for (const Projection& p : program.projections) {
                    if (p.source.value != layer + 1) continue;
                    const auto& slices = mapping.slices[p.target.index()];
                    if (slices.empty()) cores.insert(-1);  // the host
                    for (const Slice& slice : slices)
                        for (const NeuronRange range : p.synapses->sources_of({slice.begin, slice.end}))
                            if (range.begin <= static_cast<int>(j) && static_cast<int>(j) < range.end)
                                cores.insert(slice.core.value);
                }
                packets += std::ssize(cores);
            }
    test::Played played;
    const auto run = test::play_on(network, program, machine, mapping, {}, rounds, played);
    REQUIRE(run);
    CHECK(total(*run, EventKind::synop_int8) == synops);
    CHECK(total(*run, EventKind::synop_ternary) == 0);
    CHECK(total(*run, EventKind::message_out) == packets);
    CHECK(run->steps == rounds + 1);
}

TEST_CASE("input that the host sends when it changes is what the network holds") {
    const spiking::Network network = test::mixed_network();
    const Program program = lowered(network, spiking::HostInput::changes);
    const Machine machine = test::unicast_machine({1, 1, 1}, {4, 4});
    test::Played played;
    const auto run = test::play_on(network, program, machine, mapped(program, machine), {}, rounds, played);
    if (!run) FAIL(to_string(run.error()));
    CHECK(played == test::play_plain(network, rounds));
}

TEST_CASE("values that leave their range end a run with the place") {
    spiking::NetworkParts parts;
    parts.layers = {{"image", {8, 6, 2}, spiking::make_relay(), 4}, {"out", {50}, spiking::make_relay(), 24}};
    parts.inputs = {{0, 0}, {1, 0}};
    parts.outputs = {1};
    const spiking::Network network = test::network_of(std::move(parts));  // image values reach 9, four bits hold 7
    const Program program = lowered(network);
    const Machine machine = test::small_machine({1, 1, 1}, {2, 2});
    test::Played played;
    const auto run = test::play_on(network, program, machine, mapped(program, machine), {}, 3, played);
    REQUIRE_FALSE(run);
    CHECK(run.error().code == ErrorCode::bad_input);
    CHECK(run.error().place == "image");
    CHECK_THAT(run.error().message, test::contains("message bits"));
}

TEST_CASE("a network of time steps has no credits, and does not run self-timed") {
    const spiking::Network network = test::mixed_network();
    const Program program = lowered(network);
    const Machine machine = test::small_machine({1, 1, 1}, {4, 4});
    SimulateOptions options;
    options.sync = SyncMode::dataflow;
    test::Played played;
    const auto run = test::play_on(network, program, machine, mapped(program, machine), options, 3, played);
    REQUIRE_FALSE(run);
    CHECK_THAT(run.error().message, test::contains("no credits"));
}

TEST_CASE("messages over time are those of the plain engine, for any mapping and number of threads") {
    const spiking::Network network = test::mixed_network();
    const Program program = lowered(network);
    struct Case {
        int rounds;
        std::int64_t width;
    };
    for (const Case& c : {Case{1, 1}, Case{40, 1}, Case{130, 2}}) {
        const test::Played expected = test::play_plain(network, c.rounds);
        REQUIRE(time_bin_width(c.rounds) == c.width);
        for (const auto& machine :
             {test::small_machine({1, 1, 1}, {4, 4}), test::unicast_machine({2, 1, 2}, {1, 1}, 2)}) {
            const Mapping mapping = mapped(program, machine);
            std::string first;
            for (const int threads : {1, 4}) {
                INFO(c.rounds << " rounds, " << threads << " threads");
                SimulateOptions options;
                options.threads = threads;
                test::Played played;
                const auto run = test::play_on(network, program, machine, mapping, options, c.rounds, played);
                if (!run) FAIL(to_string(run.error()));
                CHECK(run->round == RoundKind::time_step);
                std::int64_t all = 0;
                for (int layer = 0; layer < std::ssize(network.layers()); ++layer) {
                    const PopulationRecord& record = run->populations[static_cast<std::size_t>(layer) + 1];
                    std::vector<std::int64_t> bins(static_cast<std::size_t>(time_bins(c.rounds)));
                    for (int round = 0; round < c.rounds; ++round)
                        for (const std::int32_t value : expected.messages[static_cast<std::size_t>(round)].at(layer))
                            bins[static_cast<std::size_t>(round / c.width)] += value != 0 ? 1 : 0;
                    INFO(record.name);
                    CHECK(record.messages == bins);
                    std::int64_t sum = 0;
                    for (const std::int64_t bin : bins) sum += bin;
                    CHECK(count_of(record.counts, EventKind::message) == sum);
                    CHECK(count_of(record.counts, EventKind::evaluation) == run->steps * record.neurons);
                    all += sum;
                }
                CHECK((all > 0));
                CHECK_FALSE(run->populations.front().messages.empty());  // the host's input
                CHECK(run->populations.back().messages.empty());         // the host's output sends nothing
                const auto text = run_json(*run);
                if (!text) FAIL(to_string(text.error()));
                if (first.empty()) first = *text;
                CHECK(*text == first);
            }
        }
    }
}
