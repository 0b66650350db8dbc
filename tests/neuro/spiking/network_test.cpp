#include "neuro/spiking/network.hpp"

#include "neuro/spiking/dense.hpp"
#include "neuro/spiking/lif.hpp"
#include "neuro/spiking/relay.hpp"
#include "neuro/spiking/sparse.hpp"
#include "tests/catch.hpp"

using namespace tephra;
using namespace tephra::spiking;

namespace {

NetworkParts two_layers() {
    NetworkParts parts;
    StoredWeights weights;
    weights.values.resize(6);
    parts.layers = {{"in", {2}, make_relay(), 0}, {"out", {3, 1, 1}, make_lif({}).value(), 0}};
    parts.connections = {{0, 1, 0, make_dense(2, 3, weights).value(), 0}};
    parts.inputs = {{0, 0}};
    parts.outputs = {1};
    return parts;
}

template <typename Change>
std::string refused(Change change) {
    NetworkParts parts = two_layers();
    change(parts);
    const auto network = Network::make(std::move(parts));
    return network ? std::string() : to_string(network.error());
}

}  // namespace

TEST_CASE("a network finds its layers by name") {
    const Network network = Network::make(two_layers()).value();
    CHECK(network.find("out").value() == 1);
    CHECK(network.find("outs").error().hint == "did you mean \"out\"?");
    CHECK(network.layer(1).size() == 3);
}

TEST_CASE("parts that do not fit each other are refused with their place") {
    CHECK(refused([](auto&) {}).empty());
    CHECK(refused([](auto& p) { p.layers.clear(); }).find("0 layers") != std::string::npos);
    CHECK(refused([](auto& p) { p.layers[1].name = "in"; }).starts_with("two layers are called \"in\""));
    CHECK(refused([](auto& p) { p.layers[1].name = ""; }).starts_with("two layers are called \"\""));
    CHECK(refused([](auto& p) { p.layers[1].shape = {3, 0}; }).starts_with("layer \"out\": its shape"));
    CHECK(refused([](auto& p) { p.layers[1].shape = {}; }).starts_with("layer \"out\": its shape"));
    CHECK(refused([](auto& p) { p.layers[1].shape = {1 << 13, 1 << 12}; }).starts_with("layer \"out\": its shape"));
    CHECK(refused([](auto& p) { p.layers[1].neurons = nullptr; }).starts_with("layer \"out\": it has no neuron model"));
    CHECK(refused([](auto& p) { p.layers[0].message_bits = 33; }).starts_with("layer \"in\": messages of 33 bits"));
    CHECK(refused([](auto& p) { p.layers[0].message_bits = 32; }).empty());
    CHECK(refused([](auto& p) { p.connections[0].target = 2; }).starts_with("connection 0: there is no layer 2"));
    CHECK(refused([](auto& p) { p.connections[0].source = -1; }).starts_with("connection 0: there is no layer -1"));
    CHECK(refused([](auto& p) { p.connections[0].port = 2; }).find("no port 2") != std::string::npos);
    CHECK(refused([](auto& p) { p.connections[0].port = 1; }).empty());
    CHECK(refused([](auto& p) {
              p.connections[0].synapses = nullptr;
          }).starts_with("connection 0 from \"in\" to \"out\": it has no synapses"));
    CHECK(refused([](auto& p) { p.layers[0].shape = {3}; }).find("from 2 to 3 neurons between layers of 3 and 3") !=
          std::string::npos);
    CHECK(refused([](auto& p) { p.connections[0].delay = 62; }).empty());
    CHECK(refused([](auto& p) { p.connections[0].delay = 63; }).find("a delay of 63 steps") != std::string::npos);
    CHECK(refused([](auto& p) { p.connections[0].delay = -1; }).find("a delay of -1 steps") != std::string::npos);
    CHECK(refused([](auto& p) {
              p.connections[0].synapses = make_sparse(2, 3, {{0, 0, 1, 60}}, 8, 0).value();
              p.connections[0].delay = 3;
          }).find("a delay of 63 steps") != std::string::npos);
    CHECK(refused([](auto& p) { p.inputs = {{5, 0}}; }).starts_with("inputs: there is no layer 5"));
    CHECK(refused([](auto& p) { p.outputs = {2}; }).starts_with("outputs: there is no layer 2"));
    CHECK(refused([](auto& p) {
              LifParameters lif;
              lif.threshold = NeuronConstant(std::vector<std::int32_t>{1, 2});
              p.layers[1].neurons = make_lif(lif).value();
          }).find("constants for 2 neurons, its shape has 3") != std::string::npos);
}
