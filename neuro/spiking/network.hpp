#pragma once
// Network: what a reader of NIR or NetX files makes and the plain engine runs: populations ("layers") joined by
// connections. A value; Network::make() is the one place where the parts are checked against each other.
#include <memory>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "neuro/neuron_model.hpp"
#include "neuro/synapse_format.hpp"

namespace tephra::spiking {

inline constexpr int most_message_bits = 32;
inline constexpr int longest_delay = 62;     ///< steps beside the one that every connection takes
inline constexpr int most_layers = 1 << 16;  ///< and connections

struct Layer {
    std::string name;        ///< not empty, no other layer's
    std::vector<int> shape;  ///< axes of its arrays, the last varies fastest: (neurons) or (x, y, channel)
    std::shared_ptr<const NeuronModel> neurons;
    int message_bits = 0;  ///< 0: spikes, 1 or -1, which count as 1; else signed payloads of so many bits
    [[nodiscard]] int size() const;
};

/// What `source` sends in step t reaches `port` of `target` in step t + 1 + delay.
struct Connection {
    int source = 0, target = 0;  ///< index of a layer
    int port = 0;                ///< of the target's neuron model
    std::shared_ptr<const SynapseFormat> synapses;
    int delay = 0;  ///< steps more than one
};

/// Values from outside that go into a port in the step in which they are offered.
struct Input {
    int layer = 0, port = 0;
};

struct NetworkParts {
    std::vector<Layer> layers;
    std::vector<Connection> connections;
    std::vector<Input> inputs;
    std::vector<int> outputs;  ///< layers whose messages the host reads
};

class Network {
public:
    /// Errors: bad_input with the layer or the connection.
    static Result<Network> make(NetworkParts parts);

    [[nodiscard]] const std::vector<Layer>& layers() const { return parts_.layers; }
    [[nodiscard]] const std::vector<Connection>& connections() const { return parts_.connections; }
    [[nodiscard]] const std::vector<Input>& inputs() const { return parts_.inputs; }
    [[nodiscard]] const std::vector<int>& outputs() const { return parts_.outputs; }
    [[nodiscard]] const Layer& layer(int index) const { return parts_.layers[static_cast<std::size_t>(index)]; }
    /// Index of a layer; errors: bad_input that names the nearest.
    [[nodiscard]] Result<int> find(const std::string& name) const;

private:
    explicit Network(NetworkParts parts) : parts_(std::move(parts)) {}
    NetworkParts parts_;
};

}  // namespace tephra::spiking
