#include "neuro/spiking/network.hpp"

#include <algorithm>
#include <unordered_set>

#include "core/text.hpp"
#include "neuro/spiking/image.hpp"

namespace tephra::spiking {
namespace {

/// Product of the extents; 0: one is not positive, or a population can't have so many neurons.
int product(std::span<const int> shape) {
    std::int64_t size = shape.empty() ? 0 : 1;
    for (const int extent : shape) {
        size = extent < 1 || extent > most_neurons ? 0 : size * extent;
        if (size > most_neurons) return 0;
    }
    return static_cast<int>(size);
}

Result<void> check_layer(const Layer& layer) {
    const std::string place = "layer \"" + layer.name + "\"";
    const int size = product(layer.shape);
    if (size == 0)
        return bad_input("its shape has no neurons or too many", place,
                         "a population has 1 to " + std::to_string(most_neurons) + " neurons");
    if (layer.neurons == nullptr) return bad_input("it has no neuron model", place, "every layer needs one");
    if (const int given = layer.neurons->neurons(); given != 0 && given != size)
        return bad_input("its neuron model has constants for " + std::to_string(given) + " neurons, its shape has " +
                             std::to_string(size),
                         place, "give each neuron one value");
    if (layer.message_bits < 0 || layer.message_bits > most_message_bits)
        return bad_input("messages of " + std::to_string(layer.message_bits) + " bits", place,
                         "0 for spikes, up to " + std::to_string(most_message_bits) + " for graded messages");
    return {};
}

Result<void> check_port(const std::vector<Layer>& layers, int layer, int port, const std::string& place) {
    if (layer < 0 || layer >= std::ssize(layers))
        return bad_input("there is no layer " + std::to_string(layer), place, "name a layer of the network");
    const Layer& target = layers[static_cast<std::size_t>(layer)];
    if (port < 0 || port >= std::ssize(target.neurons->ports()))
        return bad_input("layer \"" + target.name + "\" has no port " + std::to_string(port), place,
                         "neurons of kind " + std::string(target.neurons->kind()) + " have " +
                             std::to_string(target.neurons->ports().size()));
    return {};
}

Result<void> check_connection(const std::vector<Layer>& layers, const Connection& c, std::size_t index) {
    std::string place = "connection " + std::to_string(index);
    if (auto checked = check_port(layers, c.target, c.port, place); !checked) return checked;
    if (c.source < 0 || c.source >= std::ssize(layers))
        return bad_input("there is no layer " + std::to_string(c.source), place, "name a layer of the network");
    const Layer &source = layers[static_cast<std::size_t>(c.source)],
                &target = layers[static_cast<std::size_t>(c.target)];
    place += " from \"" + source.name + "\" to \"" + target.name + "\"";
    if (c.synapses == nullptr) return bad_input("it has no synapses", place, "every connection needs a format");
    if (c.synapses->sources() != source.size() || c.synapses->targets() != target.size())
        return bad_input("synapses from " + std::to_string(c.synapses->sources()) + " to " +
                             std::to_string(c.synapses->targets()) + " neurons between layers of " +
                             std::to_string(source.size()) + " and " + std::to_string(target.size()),
                         place, "the shapes must agree");
    if (c.delay < 0 || c.delay + c.synapses->max_delay() > longest_delay)
        return bad_input("a delay of " + std::to_string(c.delay + c.synapses->max_delay()) + " steps", place,
                         "it can be 0 to " + std::to_string(longest_delay) + ", beside the step of the connection");
    return {};
}

Result<void> check(const NetworkParts& parts) {
    if (parts.layers.empty() || parts.layers.size() > most_layers || parts.connections.size() > most_layers)
        return bad_input(std::to_string(parts.layers.size()) + " layers and " +
                             std::to_string(parts.connections.size()) + " connections",
                         "", "a network has 1 to " + std::to_string(most_layers));
    std::unordered_set<std::string> names;
    for (const Layer& layer : parts.layers) {
        if (layer.name.empty() || !names.insert(layer.name).second)
            return bad_input("two layers are called \"" + layer.name + "\", or one has no name", "",
                             "give each layer a name of its own");
        if (auto checked = check_layer(layer); !checked) return checked;
    }
    for (std::size_t i = 0; i < parts.connections.size(); ++i)
        if (auto checked = check_connection(parts.layers, parts.connections[i], i); !checked) return checked;
    for (const Input& input : parts.inputs)
        if (auto checked = check_port(parts.layers, input.layer, input.port, "inputs"); !checked) return checked;
    for (const int output : parts.outputs)
        if (auto checked = check_port(parts.layers, output, 0, "outputs"); !checked) return checked;
    return {};
}

}  // namespace

int Layer::size() const {
    return product(shape);
}

Result<Network> Network::make(NetworkParts parts) {
    if (const auto checked = check(parts); !checked) return tl::unexpected(checked.error());
    return Network(std::move(parts));
}

Result<int> Network::find(const std::string& name) const {
    std::vector<std::string> names;
    for (const Layer& layer : layers()) names.push_back(layer.name);
    const auto found = std::ranges::find(names, name);
    if (found != names.end()) return static_cast<int>(found - names.begin());
    const std::string nearest = nearest_name(name, names);
    return bad_input("there is no layer \"" + name + "\"", "",
                     nearest.empty() ? "the first is \"" + names.front() + "\"" : "did you mean \"" + nearest + "\"?");
}

}  // namespace tephra::spiking
