#pragma once
// The plain engine: a network without a machine, step by step. It is the definition of what a network computes, and
// works event by event: messages that are zero cost nothing.
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "neuro/spiking/network.hpp"

namespace tephra::spiking {

/// Sums on their way to one port of a population: [slots][neurons]; what arrives in round r stands in slot r mod slots.
class PortSums {
public:
    /// Makes room for what a connection sends.
    void add_connection(const Connection& connection, std::size_t neurons);
    /// The sums of a round; empty where nothing is connected.
    [[nodiscard]] std::span<const std::int32_t> at(std::int64_t round) const;
    /// Forgets the sums of a round, whose slot then serves a later one.
    void clear(std::int64_t round);
    /// Adds the sums of the messages that a connection carries in `round`. `magnitudes`: of the messages, together.
    /// false: a sum may leave 32 bits; nothing was added.
    [[nodiscard]] bool deliver(const Connection& connection, std::span<const Spike> spikes, std::int64_t magnitudes,
                               std::int64_t round);

private:
    [[nodiscard]] std::size_t slot(std::int64_t round) const {
        return static_cast<std::size_t>(round) % bounds_.size();
    }
    [[nodiscard]] std::span<std::int32_t> sums(std::size_t slot) {
        return std::span(sums_).subspan(slot * neurons_, neurons_);
    }
    std::vector<std::int32_t> sums_;
    std::vector<std::int64_t> bounds_;   ///< of each slot: no sum is larger in magnitude
    std::vector<std::int32_t> scratch_;  ///< sums of one connection before they are added
    std::size_t neurons_ = 0;
    int connections_ = 0;
};

/// States have 24 bits; a current may be 2^23, which wraps in the next step (docs/numerics.md, section 11.2).
inline constexpr std::int32_t largest_state = 1 << 23;

class Engine {
public:
    /// Ready for step 1. The network must outlive the engine.
    explicit Engine(const Network& network);
    explicit Engine(Network&&) = delete;

    /// One step. `inputs`: by Network::inputs(), a value for each neuron of the layer; empty: zeros.
    /// Errors: bad_input, with the layer and the step, when an input has another size, a message does not fit its
    /// layer's bits, sums may leave 32 bits, or a neuron left the range of its law. The engine is then of no more use.
    Result<void> step(std::span<const std::span<const std::int32_t>> inputs);

    /// A step in parts, for a host that computes beside the engine within a step: each layer fires once, in any order,
    /// and finish() then carries on what all of them sent. `inputs`: as of step(); those of this layer are read.
    /// Errors: as of step(); also bad_input for a layer that fires twice, or has not fired at the end of the step.
    Result<void> fire_layer(int layer, std::span<const std::span<const std::int32_t>> inputs);
    Result<void> finish();

    /// Gives the neurons of a layer other constants between two steps; their state stays. Errors: bad_input when the
    /// model has other ports or states, or constants for another number of neurons.
    Result<void> set_neurons(int layer, std::shared_ptr<const NeuronModel> neurons);
    /// Gives a connection other weights between two steps; what is on its way stays. Errors: bad_input when the format
    /// has other sizes, or longer delays than the network's.
    Result<void> set_synapses(int connection, std::shared_ptr<const SynapseFormat> synapses);

    /// Steps done so far.
    [[nodiscard]] std::int64_t steps() const { return round_; }
    /// What the neurons of a layer sent in the last step.
    [[nodiscard]] std::span<const std::int32_t> messages(int layer) const { return at(layer).messages; }
    /// State word `word` of a layer after the last step, a value for each neuron.
    [[nodiscard]] std::span<const std::int32_t> state(int layer, int word) const;
    /// Sets a state word of a layer between two steps, a value for each neuron. Errors: bad_input for another number of
    /// values, or one beyond largest_state in magnitude.
    Result<void> set_state(int layer, int word, std::span<const std::int32_t> values);
    /// Messages of a layer that were not zero, over all steps.
    [[nodiscard]] std::int64_t sent(int layer) const { return at(layer).sent; }
    /// Weights that messages met on their way to a layer, over all steps.
    [[nodiscard]] std::int64_t synops(int layer) const { return at(layer).synops; }

private:
    struct Population {
        std::shared_ptr<const NeuronModel> neurons;
        std::vector<PortSums> ports;
        std::vector<std::int32_t> state, messages;
        std::vector<std::vector<std::int32_t>> arrived;  ///< by port: sums and input of a step, where it has both
        std::vector<Spike> spikes;
        std::int64_t magnitudes = 0;  ///< of the spikes' payloads, together
        std::int64_t sent = 0, synops = 0;
        bool fired = false;  ///< in the step that is being done
    };
    [[nodiscard]] const Population& at(int layer) const { return populations_[static_cast<std::size_t>(layer)]; }
    /// Errors: bad_input for an input of another size.
    Result<void> check_sizes(std::span<const std::span<const std::int32_t>> inputs) const;
    Result<void> fire(int layer, std::span<const std::span<const std::int32_t>> inputs);
    /// Makes spikes of messages.
    Result<void> collect(int layer);
    [[nodiscard]] std::string place(int layer) const;

    const Network* network_;
    std::vector<Population> populations_;
    std::vector<Connection> connections_;              ///< the network's, with the weights of now
    std::vector<std::vector<std::int32_t>> fan_outs_;  ///< of each connection's sources; one entry: the same for all
    std::int64_t round_ = 0;
};

}  // namespace tephra::spiking
