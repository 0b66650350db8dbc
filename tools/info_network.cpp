#include "tools/info_network.hpp"

#include <iostream>
#include <numeric>

#include "core/text.hpp"
#include "mapper/memory.hpp"
#include "tools/table.hpp"

namespace tephra::tools {
namespace {

using spiking::Connection;
using spiking::Layer;
using spiking::Network;

/// Synapses count as often as they are met when every source sends once; weights as often as a core that holds all
/// targets keeps them, so those of a convolution once.
struct Synapses {
    std::int64_t synapses = 0, weights = 0, bits = 0;
};

Synapses synapses_of(const Connection& connection) {
    const SynapseMemory memory = connection.synapses->memory({0, connection.synapses->targets()});
    return {total_synops(*connection.synapses), memory.weights, memory.bits};
}

std::string shape_text(const std::vector<int>& shape) {
    std::string text;
    for (const int extent : shape) text += (text.empty() ? "" : " x ") + std::to_string(extent);
    return text;
}

std::string message_text(int bits) {
    return bits == 0 ? "spikes" : std::to_string(bits) + " bits";
}

std::string names_of(const Network& network, const std::vector<int>& layers) {
    std::string text;
    for (const int layer : layers) text += (text.empty() ? "" : ", ") + network.layer(layer).name;
    return text.empty() ? "none" : text;
}

std::vector<int> input_layers(const Network& network) {
    std::vector<int> layers;
    for (const spiking::Input& input : network.inputs()) layers.push_back(input.layer);
    return layers;
}

Table layer_table(const Network& network) {
    Table table({"layer", "shape", "neurons", "model", "messages", "state bits", "parameter bits"});
    for (const Layer& layer : network.layers())
        table.add({layer.name, shape_text(layer.shape), layer.size(), std::string(layer.neurons->kind()),
                   message_text(layer.message_bits), layer.neurons->state_bits(), layer.neurons->parameter_bits()});
    return table;
}

Table connection_table(const Network& network) {
    Table table({"from", "to", "port", "synapses of", "synapses", "weights kept", "bits each", "bytes", "delay"});
    for (const Connection& connection : network.connections()) {
        const Synapses count = synapses_of(connection);
        const Layer& target = network.layer(connection.target);
        table.add({network.layer(connection.source).name, target.name,
                   std::string(target.neurons->ports()[static_cast<std::size_t>(connection.port)]),
                   std::string(connection.synapses->kind()), count.synapses, count.weights,
                   connection.synapses->weight_bits(), bytes_of(count.bits),
                   connection.delay + connection.synapses->max_delay()});
    }
    return table;
}

}  // namespace

void print_network(const NetworkOptions& options, const CLI::App& command, const std::string& format) {
    const spiking::NamedNetwork named = read_named_network(options, command);
    const Network& network = named.network;
    Synapses sum;
    for (const Connection& connection : network.connections()) {
        const Synapses count = synapses_of(connection);
        sum.synapses += count.synapses;
        sum.weights += count.weights;
    }
    const auto neurons = std::accumulate(network.layers().begin(), network.layers().end(), std::int64_t{0},
                                         [](std::int64_t n, const Layer& layer) { return n + layer.size(); });
    if (format == "json") {
        const Json head = Json::Object{{"name", named.name},
                                       {"kind", "network"},
                                       {"hash", to_string(named.hash)},
                                       {"origin", parse_json(named.origin, "origin").value_or(Json())},
                                       {"neurons", neurons},
                                       {"synapses", sum.synapses},
                                       {"weights_kept", sum.weights},
                                       {"inputs", names_of(network, input_layers(network))},
                                       {"outputs", names_of(network, network.outputs())}};
        std::string text = head.dump(-1);
        text.pop_back();
        std::cout << text << ", \"layers\": " << layer_table(network).render("json")
                  << ", \"connections\": " << connection_table(network).render("json") << "}\n";
        return;
    }
    Table head({"network", named.name});
    head.add({"neurons", neurons});
    head.add({"synapses", sum.synapses});
    head.add({"weights kept, each shared one once", sum.weights});
    head.add({"input enters", names_of(network, input_layers(network))});
    head.add({"output leaves", names_of(network, network.outputs())});
    head.add({"hash", to_string(named.hash)});
    std::cout << head.render("text") << "\norigin: " << printable(named.origin) << "\n\n"
              << layer_table(network).render("text") << "\n"
              << connection_table(network).render("text");
}

}  // namespace tephra::tools
