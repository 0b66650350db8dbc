#pragma once
// Spiking and graded networks for tests, and the machine held against the plain engine.
#include <map>
#include <vector>

#include "neuro/spiking/convolution.hpp"
#include "neuro/spiking/dense.hpp"
#include "neuro/spiking/engine.hpp"
#include "neuro/spiking/lif.hpp"
#include "neuro/spiking/lower.hpp"
#include "neuro/spiking/one_to_one.hpp"
#include "neuro/spiking/relay.hpp"
#include "neuro/spiking/sigma_delta.hpp"
#include "neuro/spiking/sparse.hpp"
#include "simulator/frame_feed.hpp"
#include "simulator/simulate.hpp"
#include "simulator/state/state_fields.hpp"
#include "tests/catch.hpp"
#include "tests/neuro/spiking/check_format.hpp"

namespace tephra::test {

using Values = std::vector<std::int32_t>;
using spiking::test::Draw;

inline spiking::Network network_of(spiking::NetworkParts parts) {
    auto made = spiking::Network::make(std::move(parts));
    if (!made) FAIL(to_string(made.error()));
    return std::move(*made);
}

inline spiking::SynapseFormatPtr dense_of(Draw& draw, int sources, int targets) {
    const Values weights = draw(static_cast<std::size_t>(sources * targets), -60, 60);
    return spiking::make_dense(sources, targets, spiking::store_plain(weights).value()).value();
}

/// A share 1 / `every` of all pairs, with delays up to `delay`.
inline spiking::SynapseFormatPtr sparse_of(Draw& draw, int sources, int targets, int every, int delay) {
    std::vector<spiking::Synapse> synapses;
    for (int source = 0; source < sources; ++source)
        for (int target = 0; target < targets; ++target)
            if (draw(1, every) == 1) synapses.push_back({source, target, draw(-100, 100), draw(0, delay)});
    return spiking::make_sparse(sources, targets, synapses, 8, 0).value();
}

inline std::shared_ptr<const NeuronModel> lif(int current_decay, int threshold) {
    spiking::LifParameters p;
    p.cuba.current_decay = current_decay;
    p.cuba.voltage_decay = 200;
    p.threshold = threshold;
    return spiking::make_lif(std::move(p)).value();
}

/// Image 8 x 6 x 2 -> convolution -> 50 neurons, dense and sparse, which feed each other with delays; the host drives
/// the image and one port of a later layer.
inline spiking::Network mixed_network() {
    Draw draw(5);
    const spiking::Image image{8, 6, 2};
    spiking::Window window;
    window.kernel = {3, 3}, window.stride = {2, 1}, window.padding = {1, 1};
    const spiking::Image small = spiking::slide(image, window, 5).value();
    const Values kernel = draw(static_cast<std::size_t>(5 * 9 * 2), -50, 70);
    spiking::NetworkParts parts;
    parts.layers = {{"image", {8, 6, 2}, spiking::make_relay(), 8},
                    {"convolution", {small.x, small.y, 5}, lif(4095, 20), 0},
                    {"hidden", {50}, lif(1000, 30), 0},
                    {"memory", {37}, lif(3000, 10), 0},
                    {"sum", {11}, spiking::make_relay(), 24}};
    const auto convolution =
        spiking::make_convolution(image, window, 5, 1, spiking::store_plain(kernel).value()).value();
    const auto once = spiking::make_one_to_one(50, spiking::store_plain(Values{-25}).value()).value();
    parts.connections = {{0, 1, 0, convolution, 0},
                         {1, 2, 0, dense_of(draw, small.size(), 50), 1},
                         {2, 2, 0, once, 0},
                         {2, 3, 0, sparse_of(draw, 50, 37, 4, 9), 0},
                         {3, 2, 0, sparse_of(draw, 37, 50, 6, 0), 3},
                         {3, 4, 0, dense_of(draw, 37, 11), 2},
                         {2, 4, 0, sparse_of(draw, 50, 11, 3, 2), 0}};
    parts.inputs = {{0, 0}, {2, 1}};
    parts.outputs = {4, 2};
    return network_of(std::move(parts));
}

/// The frame that the host offers in a round, by input: the image all the time, a bias now and then.
inline std::vector<Values> mixed_frame(std::int64_t round) {
    Draw draw(static_cast<std::uint64_t>(100 + round));
    std::vector<Values> frame{draw(8 * 6 * 2, -9, 9), Values(50)};
    if (round % 3 == 0) frame[1] = draw(50, 0, 900);
    return frame;
}

/// Messages and states of all layers, and what the host reads, round by round.
struct Played {
    std::vector<std::map<int, Values>> messages, states;
    std::vector<Values> outputs;
    friend bool operator==(const Played&, const Played&) = default;
};

inline Played play_plain(const spiking::Network& network, int rounds) {
    spiking::Engine engine(network);
    Played played;
    for (int round = 0; round < rounds; ++round) {
        const auto frame = mixed_frame(round);
        const std::vector<std::span<const std::int32_t>> inputs(frame.begin(), frame.end());
        REQUIRE(engine.step(inputs));
        auto& messages = played.messages.emplace_back();
        auto& states = played.states.emplace_back();
        for (int layer = 0; layer < std::ssize(network.layers()); ++layer) {
            messages[layer].assign(engine.messages(layer).begin(), engine.messages(layer).end());
            const auto words = std::ssize(network.layer(layer).neurons->states());
            for (int word = 0; word < words; ++word)
                states[layer].insert(states[layer].end(), engine.state(layer, word).begin(),
                                     engine.state(layer, word).end());
        }
        Values& out = played.outputs.emplace_back();
        for (const int layer : network.outputs())
            out.insert(out.end(), engine.messages(layer).begin(), engine.messages(layer).end());
    }
    return played;
}

/// Collects what the simulated slices send and hold.
class Watch final : public SliceObserver {
public:
    Watch(const spiking::Network& network, int rounds) : network_(network) {
        played_.messages.resize(static_cast<std::size_t>(rounds));
        played_.states.resize(static_cast<std::size_t>(rounds));
        played_.outputs.resize(static_cast<std::size_t>(rounds));
        for (std::size_t round = 0; round < played_.messages.size(); ++round)
            for (int layer = 0; layer < std::ssize(network.layers()); ++layer) {
                const auto n = static_cast<std::size_t>(network.layer(layer).size());
                const std::size_t words = network.layer(layer).neurons->states().size();
                played_.messages[round][layer].resize(n);
                if (words > 0) played_.states[round][layer].resize(n * words);
            }
    }
    void fired(const ScheduledSlice& slice, std::uint32_t round, std::span<const std::int32_t> messages,
               std::span<const std::int32_t> state) override {
        const int layer = spiking::layer_of(slice.population);
        if (layer < 0) return;
        const auto n = static_cast<std::size_t>(slice.size()), begin = static_cast<std::size_t>(slice.begin);
        std::ranges::copy(messages, played_.messages[round].at(layer).begin() + slice.begin);
        const std::size_t all = static_cast<std::size_t>(network_.layer(layer).size());
        for (std::size_t word = 0; word * n < state.size(); ++word)
            std::ranges::copy(state.subspan(word * n, n), played_.states[round].at(layer).begin() +
                                                              static_cast<std::ptrdiff_t>(word * all + begin));
    }
    void state(StateFields& fields, std::int64_t rounds) override {
        for (std::size_t round = 0; round < static_cast<std::size_t>(rounds); ++round) {
            for (auto& [layer, values] : played_.messages[round]) fields.fixed(values);
            for (auto& [layer, values] : played_.states[round]) fields.fixed(values);
            fields.list(played_.outputs[round], SIZE_MAX);
        }
    }
    Played& played() { return played_; }

private:
    const spiking::Network& network_;
    Played played_;
};

inline Result<Run> play_on(const spiking::Network& network, const Program& program, const Machine& machine,
                           const Mapping& mapping, const SimulateOptions& options, int rounds, Played& played) {
    Values frame;
    Watch watch(network, rounds);
    FrameFeed feed(
        rounds,
        [&](std::int64_t round) {
            frame.clear();
            for (const Values& part : mixed_frame(round)) frame.insert(frame.end(), part.begin(), part.end());
            return std::span<const std::int32_t>(frame);
        },
        [&](std::int64_t round, std::span<const std::int32_t> values) {
            watch.played().outputs[static_cast<std::size_t>(round)].assign(values.begin(), values.end());
        });
    SimulateOptions watched = options;
    watched.observer = &watch;
    auto run = simulate(program, machine, mapping, feed, watched);
    played = watch.played();
    return run;
}

}  // namespace tephra::test
