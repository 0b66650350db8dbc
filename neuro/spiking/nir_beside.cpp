#include "neuro/spiking/nir_beside.hpp"

#include <algorithm>

#include "core/narrow.hpp"
#include "neuro/spiking/nir_path.hpp"

namespace tephra::spiking {

Result<NirBeside> NirBeside::make(NirGraph graph, double dt, const Network& network) {
    auto simulation = NirSimulation::make(std::move(graph), dt);
    if (!simulation) return tl::unexpected(simulation.error());
    NirBeside beside(std::move(*simulation));
    const std::vector<NirNode>& nodes = beside.simulation_.graph().nodes;
    beside.elements_.resize(
        static_cast<std::size_t>(nodes[static_cast<std::size_t>(beside.simulation_.graph().input)].size()));
    for (int layer = 0; layer < std::ssize(network.layers()); ++layer) {
        const auto node = std::ranges::find(nodes, network.layer(layer).name, &NirNode::name);
        if (node == nodes.end() || node->size() != network.layer(layer).size())
            return bad_input("layer \"" + network.layer(layer).name + "\" is no node of the file");
        if (network.layer(layer).message_bits > 0) continue;
        beside.nodes_.push_back(narrow<int>(node - nodes.begin()));
        beside.agreements_.push_back({layer, 0, 0, 0});
    }
    return beside;
}

void NirBeside::step(std::span<const std::int32_t> frame, const Engine& engine) {
    const std::vector<NirNode>& nodes = simulation_.graph().nodes;
    const std::vector<int>& shape = nodes[static_cast<std::size_t>(simulation_.graph().input)].shape;
    for (std::size_t i = 0; i < elements_.size(); ++i)
        elements_[i] = frame.empty() ? 0 : frame[static_cast<std::size_t>(neuron_of_element(shape, narrow<int>(i)))];
    simulation_.step(elements_);
    for (std::size_t k = 0; k < nodes_.size(); ++k) {
        NirAgreement& agreement = agreements_[k];
        const std::vector<int>& axes = nodes[static_cast<std::size_t>(nodes_[k])].shape;
        const auto fixed = engine.messages(agreement.layer);
        const auto real = simulation_.output(nodes_[k]);
        for (std::size_t i = 0; i < real.size(); ++i) {
            const bool sent = fixed[static_cast<std::size_t>(neuron_of_element(axes, narrow<int>(i)))] != 0;
            agreement.fixed += sent ? 1 : 0;
            agreement.real += real[i] != 0 ? 1 : 0;
            agreement.different += sent != (real[i] != 0) ? 1 : 0;
        }
    }
}

}  // namespace tephra::spiking
