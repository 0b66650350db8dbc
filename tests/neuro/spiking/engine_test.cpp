// The plain engine: time, delays, recurrence, and what it refuses.
#include "neuro/spiking/engine.hpp"

#include "neuro/spiking/dense.hpp"
#include "neuro/spiking/lif.hpp"
#include "neuro/spiking/relay.hpp"
#include "neuro/spiking/sigma_delta.hpp"
#include "neuro/spiking/sparse.hpp"
#include "tests/catch.hpp"

using namespace tephra;
using namespace tephra::spiking;

namespace {

using Values = std::vector<std::int32_t>;

SynapseFormatPtr dense(int sources, int targets, const Values& weights) {
    return make_dense(sources, targets, store_plain(weights).value()).value();
}

Layer relays(const std::string& name, int neurons, int bits) {
    return {name, {neurons}, make_relay(), bits};
}

Network network(NetworkParts parts) {
    auto made = Network::make(std::move(parts));
    if (!made) FAIL(to_string(made.error()));
    return std::move(*made);
}

/// What a layer sends in each step when `frames` are offered.
std::vector<Values> run(const Network& net, const std::vector<Values>& frames, int layer) {
    Engine engine(net);
    std::vector<Values> sent;
    for (const Values& frame : frames) {
        const std::vector<std::span<const std::int32_t>> inputs{frame};
        const auto done = engine.step(inputs);
        if (!done) FAIL(to_string(done.error()));
        sent.emplace_back(engine.messages(layer).begin(), engine.messages(layer).end());
    }
    return sent;
}

}  // namespace

TEST_CASE("a connection takes one step, its delay more") {
    for (const int delay : {0, 1, 5, 62}) {
        NetworkParts parts;
        parts.layers = {relays("in", 1, 8), relays("out", 2, 32)};
        parts.connections = {{0, 1, 0, dense(1, 2, {3, -4}), delay}};
        parts.inputs = {{0, 0}};
        std::vector<Values> frames(70, Values{0});
        frames[0] = {5};
        frames[1] = {-7};
        const auto sent = run(network(std::move(parts)), frames, 1);
        for (std::size_t step = 0; step < sent.size(); ++step) {
            const auto arrived = static_cast<std::size_t>(1 + delay);
            const Values expected = step == arrived       ? Values{15, -20}
                                    : step == arrived + 1 ? Values{-21, 28}
                                                          : Values{0, 0};
            CHECK(sent[step] == expected);
        }
    }
}

TEST_CASE("messages of spiking layers count as 1, of graded layers as they are") {
    for (const auto& [bits, sum] : {std::pair(0, 10), std::pair(4, -10), std::pair(8, -10)}) {
        NetworkParts parts;
        parts.layers = {relays("in", 1, bits), relays("out", 1, 16)};
        parts.connections = {{0, 1, 0, dense(1, 1, {10}), 0}};
        parts.inputs = {{0, 0}};
        CHECK(run(network(std::move(parts)), {{-1}, {0}}, 1)[1] == Values{sum});
    }
}

TEST_CASE("connections to one port add up, also with delays of single synapses") {
    NetworkParts parts;
    parts.layers = {relays("in", 2, 8), relays("out", 2, 32)};
    // 0 -> 0: weight 1 after 1 step; 0 -> 1: weight 2 after 3; 1 -> 0: weight -5 after 2.
    const auto sparse = make_sparse(2, 2, {{0, 0, 1, 0}, {0, 1, 2, 2}, {1, 0, -5, 1}}, 8, 0).value();
    parts.connections = {{0, 1, 0, sparse, 0}, {0, 1, 0, dense(2, 2, {100, 0, 0, 100}), 1}};
    parts.inputs = {{0, 0}};
    const auto sent = run(network(std::move(parts)), {{1, 1}, {2, 0}, {0, 0}, {0, 0}, {0, 0}, {0, 0}}, 1);
    CHECK(sent == std::vector<Values>{{0, 0}, {1, 0}, {2 - 5 + 100, 100}, {200, 2}, {0, 4}, {0, 0}});
}

TEST_CASE("negative exponents round each round's sum down before it waits") {
    NetworkParts parts;
    parts.layers = {relays("in", 2, 8), relays("out", 1, 32)};
    const auto sparse = make_sparse(2, 1, {{0, 0, 1, 1}, {1, 0, 1, 0}}, 8, -1).value();
    parts.connections = {{0, 1, 0, sparse, 0}};
    parts.inputs = {{0, 0}};
    // 1 >> 1 twice is 0, not (1 + 1) >> 1.
    CHECK(run(network(std::move(parts)), {{1, 0}, {0, 1}, {0, 0}}, 1)[2] == Values{0});
}

TEST_CASE("a recurrent population feels its spikes one step later") {
    NetworkParts parts;
    LifParameters p;
    p.threshold = 9;
    parts.layers = {relays("in", 3, 0), {"ring", {3}, make_lif(p).value(), 0}};
    parts.connections = {{0, 1, 0, dense(3, 3, {10, 0, 0, 0, 10, 0, 0, 0, 10}), 0},
                         {1, 1, 0, dense(3, 3, {0, 0, 10, 10, 0, 0, 0, 10, 0}), 0}};
    parts.inputs = {{0, 0}};
    std::vector<Values> frames(6, Values{0, 0, 0});
    frames[0] = {1, 0, 0};
    const auto sent = run(network(std::move(parts)), frames, 1);
    CHECK(sent == std::vector<Values>{{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 0, 0}, {0, 1, 0}});
}

TEST_CASE("input adds to what arrives at the same port") {
    NetworkParts parts;
    parts.layers = {relays("loop", 1, 16)};
    parts.connections = {{0, 0, 0, dense(1, 1, {2}), 0}};
    parts.inputs = {{0, 0}};
    CHECK(run(network(std::move(parts)), {{1}, {1}, {0}}, 0) == std::vector<Values>{{1}, {3}, {6}});
}

TEST_CASE("the engine counts messages that are not zero") {
    NetworkParts parts;
    parts.layers = {relays("in", 3, 8)};
    parts.inputs = {{0, 0}};
    const Network net = network(std::move(parts));
    Engine engine(net);
    const Values frame{1, 0, -2};
    const std::vector<std::span<const std::int32_t>> inputs{frame};
    REQUIRE(engine.step(inputs));
    REQUIRE(engine.step({}));
    CHECK(engine.sent(0) == 2);
    CHECK(engine.steps() == 2);
}

TEST_CASE("what would become a wrong number ends the run, with layer and step") {
    NetworkParts parts;
    parts.layers = {relays("in", 1, 8), {"out", {1}, make_sigma(), 24}};
    parts.connections = {{0, 1, 0, dense(1, 1, {32767}), 0}};
    parts.inputs = {{0, 0}};
    const Network net = network(std::move(parts));
    const auto fails = [&](const std::vector<Values>& frames) {
        Engine engine(net);
        Result<void> done;
        for (const Values& frame : frames) {
            const std::vector<std::span<const std::int32_t>> inputs{frame};
            done = engine.step(inputs);
            if (!done) return to_string(done.error());
        }
        return std::string();
    };
    CHECK(fails({{127}, {127}, {0}}).empty());
    CHECK(fails({{127}, {-128}, {0}}).empty());
    CHECK(fails({{0}, {128}}).starts_with("layer \"in\", step 2: neuron 0 sends 128, which does not fit"));
    CHECK(fails({{-129}}).starts_with("layer \"in\", step 1: neuron 0 sends -129"));
    CHECK(
        fails({{127}, {127}, {127}, {0}}).starts_with("layer \"out\", step 4: neuron 0 of kind sigma left the range"));
    CHECK(fails({{1, 2}}).starts_with("layer \"in\", step 1: an input of 2 values for 1 neurons"));
}

TEST_CASE("a layer of spikes sends nothing larger") {
    NetworkParts parts;
    parts.layers = {relays("in", 1, 0)};
    parts.inputs = {{0, 0}};
    const Network net = network(std::move(parts));
    Engine engine(net);
    const Values frame{2};
    const std::vector<std::span<const std::int32_t>> inputs{frame};
    CHECK(engine.step(inputs).error().message == "neuron 0 sends 2, but the layer sends spikes");
}

TEST_CASE("sums that may leave 32 bits end the run") {
    NetworkParts parts;
    parts.layers = {relays("in", 2, 32), relays("out", 1, 32)};
    parts.connections = {{0, 1, 0, dense(2, 1, {1, -1}), 0}};
    parts.inputs = {{0, 0}};
    const Network net = network(std::move(parts));
    const auto works = [&](const Values& frame) {
        Engine engine(net);
        const std::vector<std::span<const std::int32_t>> inputs{frame};
        return engine.step(inputs).has_value();
    };
    CHECK(works({2147483647, 0}));
    CHECK_FALSE(works({2147483647, 1}));
    CHECK_FALSE(works({2147483647, 2147483647}));
}

TEST_CASE("a state that is set between two steps is what the next one begins with") {
    LifParameters lif;
    lif.threshold = 10;
    NetworkParts parts;
    parts.layers = {{"a", {2}, make_lif(lif).value(), 0}};
    const Network net = network(std::move(parts));
    Engine engine(net);
    REQUIRE(engine.set_state(0, 1, Values{640, 641}));
    REQUIRE(engine.step({}));
    CHECK(engine.messages(0)[0] == 0);
    CHECK(engine.messages(0)[1] == 1);
    CHECK(engine.state(0, 1)[0] == 640);
    CHECK(engine.set_state(0, 0, Values{largest_state, -largest_state}));
    CHECK(engine.set_state(0, 0, Values{1}).error().message == "1 values for 2 neurons");
    CHECK(engine.set_state(0, 0, Values{0, largest_state + 1}).error().message == "value 1 is 8388609");
}

TEST_CASE("a step in parts is the same step") {
    NetworkParts parts;
    parts.layers = {relays("in", 2, 8), relays("out", 2, 32)};
    parts.connections = {{0, 1, 0, dense(2, 2, {1, 2, 3, -4}), 0}, {1, 1, 0, dense(2, 2, {1, 0, 0, 1}), 2}};
    parts.inputs = {{0, 0}, {1, 0}};
    const Network net = network(std::move(parts));
    Engine whole(net), in_parts(net);
    for (int step = 0; step < 8; ++step) {
        const Values first{step, -step}, second{step * step, 1};
        const std::vector<std::span<const std::int32_t>> inputs{first, second};
        REQUIRE(whole.step(inputs));
        for (const int layer : {1, 0}) REQUIRE(in_parts.fire_layer(layer, inputs));
        REQUIRE(in_parts.finish());
        for (const int layer : {0, 1}) CHECK(std::ranges::equal(whole.messages(layer), in_parts.messages(layer)));
        CHECK(whole.synops(1) == in_parts.synops(1));
    }
    CHECK(in_parts.steps() == 8);
    REQUIRE(in_parts.fire_layer(0, {}));
    CHECK(in_parts.fire_layer(0, {}).error().message == "it has fired in this step");
    const auto unfinished = in_parts.finish();
    CHECK(unfinished.error().message == "it has not fired in this step");
    CHECK(unfinished.error().place == "layer \"out\", step 9");
    const Values wrong{1};
    const std::vector<std::span<const std::int32_t>> inputs{{}, wrong};
    CHECK(in_parts.fire_layer(1, inputs).error().message == "an input of 1 values for 2 neurons");
}

TEST_CASE("neurons and synapses take other constants between two steps") {
    NetworkParts parts;
    parts.layers = {relays("in", 1, 8), {"lif", {1}, make_lif({.threshold = 5}).value(), 0}};
    parts.connections = {{0, 1, 0, dense(1, 1, {4}), 0}};
    parts.inputs = {{0, 0}};
    const Network net = network(std::move(parts));
    Engine engine(net);
    const Values one{1};
    const std::vector<std::span<const std::int32_t>> inputs{one};
    for (int step = 0; step < 2; ++step) REQUIRE(engine.step(inputs));
    CHECK(engine.state(1, 1)[0] == 4 << 6);
    REQUIRE(engine.set_synapses(0, dense(1, 1, {7})));
    REQUIRE(engine.step(inputs));  // a message with the old weight was on its way
    CHECK(engine.state(1, 1)[0] == 0);
    CHECK(engine.messages(1)[0] == 1);
    REQUIRE(engine.set_neurons(1, make_lif({.threshold = 100}).value()));
    REQUIRE(engine.step(inputs));
    CHECK(engine.state(1, 1)[0] == 7 << 6);
    CHECK(engine.synops(1) == 4);

    CHECK(engine.set_synapses(0, dense(1, 2, {7, 8})).error().place == "connection 0");
    CHECK_FALSE(engine.set_synapses(0, make_sparse(1, 1, {{0, 0, 1, 3}}, 8, 0).value()));
    CHECK(engine.set_neurons(1, make_relay()).error().message == "neurons of kind relay in place of those of kind lif");
    CHECK_FALSE(engine.set_neurons(1, make_lif({.refractory = 2}).value()));
    CHECK_FALSE(engine.set_neurons(1, make_lif({.threshold = NeuronConstant(Values{1, 2})}).value()));
}
