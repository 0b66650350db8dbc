#include "simulator/spiking/message_change.hpp"

#include <array>

#include "neuro/spiking/engine.hpp"

namespace tephra::spiking {

Result<std::vector<Probe>> message_probes(const Network& network, int steps, const std::string& place) {
    std::vector<std::string> names;
    for (const Layer& layer : network.layers()) names.push_back(layer.name + ":spikes");
    return find_probes(network, names, steps, place);
}

Result<std::vector<std::int64_t>> changed_messages(const Network& network, NetworkInput& input, int steps,
                                                   const std::vector<Probe>& recorded) {
    std::vector<std::int64_t> changed(network.layers().size());
    Engine engine(network);
    for (int step = 0; step < steps; ++step) {
        const std::array<std::span<const std::int32_t>, 1> frames{input.frame(step)};
        if (auto done = engine.step(std::span(frames).first(network.inputs().empty() ? 0 : 1)); !done)
            return tl::unexpected(done.error());
        for (const Probe& probe : recorded) {
            const auto sound = engine.messages(probe.layer);
            const std::size_t at = sound.size() * static_cast<std::size_t>(step);
            std::int64_t& count = changed[static_cast<std::size_t>(probe.layer)];
            for (std::size_t k = 0; k < sound.size(); ++k)
                count += sound[k] != (probe.small ? probe.bytes[at + k] : probe.words[at + k]) ? 1 : 0;
        }
    }
    return changed;
}

}  // namespace tephra::spiking
