#include "neuro/spiking/engine.hpp"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <limits>
#include <optional>

#include "core/narrow.hpp"

namespace tephra::spiking {
namespace {

constexpr std::int64_t largest_sum = std::numeric_limits<std::int32_t>::max();

/// a b, or a number above largest_sum where that is larger; both not negative, b below 2^32.
std::int64_t bounded_product(std::int64_t a, std::int64_t b) {
    return a > largest_sum ? largest_sum + 1 : a * b;
}

/// Weights that a message of each source meets; one entry where they are as many for all.
std::vector<std::int32_t> fan_outs(const SynapseFormat& synapses) {
    std::vector<std::int32_t> counts(synapses.uniform() ? 1 : static_cast<std::size_t>(synapses.sources()));
    for (std::size_t i = 0; i < counts.size(); ++i)
        counts[i] = narrow<std::int32_t>(synapses.synops(static_cast<int>(i), {0, synapses.targets()}));
    return counts;
}

std::int64_t count_synops(const std::vector<std::int32_t>& fan_outs, std::span<const Spike> spikes) {
    if (fan_outs.size() == 1) return std::ssize(spikes) * fan_outs.front();
    std::int64_t sum = 0;
    for (const Spike spike : spikes) sum += fan_outs[static_cast<std::size_t>(spike.source)];
    return sum;
}

}  // namespace

void PortSums::add_connection(const Connection& connection, std::size_t neurons) {
    neurons_ = neurons;
    ++connections_;
    const auto slots = static_cast<std::size_t>(1 + connection.delay + connection.synapses->max_delay());
    bounds_.resize(std::max(bounds_.size(), slots));
    sums_.resize(bounds_.size() * neurons);
    if (connections_ > 1 || bounds_.size() > 1)
        scratch_.resize(
            std::max(scratch_.size(), static_cast<std::size_t>(1 + connection.synapses->max_delay()) * neurons));
}

std::span<const std::int32_t> PortSums::at(std::int64_t round) const {
    if (connections_ == 0) return {};
    return std::span(sums_).subspan(slot(round) * neurons_, neurons_);
}

void PortSums::clear(std::int64_t round) {
    if (connections_ == 0 || bounds_[slot(round)] == 0) return;
    bounds_[slot(round)] = 0;
    std::ranges::fill(sums(slot(round)), 0);
}

bool PortSums::deliver(const Connection& connection, std::span<const Spike> spikes, std::int64_t magnitudes,
                       std::int64_t round) {
    const SynapseFormat& synapses = *connection.synapses;
    const std::int64_t bound = bounded_product(magnitudes, synapses.largest_product());
    if (bound == 0) return true;
    const int rows = 1 + synapses.max_delay();
    for (int row = 0; row < rows; ++row)
        if (bounds_[slot(round + 1 + connection.delay + row)] + bound > largest_sum) return false;
    const NeuronRange all{0, synapses.targets()};
    const bool alone = scratch_.empty();
    if (alone)
        synapses.accumulate({.spikes = spikes}, all, sums_);
    else
        synapses.accumulate({.spikes = spikes}, all,
                            std::span(scratch_).first(static_cast<std::size_t>(rows) * neurons_));
    for (int row = 0; row < rows; ++row) {
        const std::size_t to = slot(round + 1 + connection.delay + row);
        bounds_[to] += bound;
        if (alone) continue;
        const std::span<std::int32_t> sum = sums(to);
        const std::int32_t* more = scratch_.data() + static_cast<std::size_t>(row) * neurons_;
        for (std::size_t i = 0; i < neurons_; ++i) sum[i] += more[i];
    }
    return true;
}

Engine::Engine(const Network& network)
    : network_(&network), populations_(network.layers().size()), connections_(network.connections()) {
    for (std::size_t i = 0; i < populations_.size(); ++i) {
        const Layer& layer = network.layers()[i];
        Population& population = populations_[i];
        const auto neurons = static_cast<std::size_t>(layer.size());
        population.neurons = layer.neurons;
        population.ports.resize(layer.neurons->ports().size());
        population.arrived.resize(population.ports.size());
        population.state.resize(layer.neurons->states().size() * neurons);
        population.messages.resize(neurons);
        layer.neurons->begin({0, layer.size()}, population.state);
    }
    for (const Connection& c : network.connections()) {
        populations_[static_cast<std::size_t>(c.target)].ports[static_cast<std::size_t>(c.port)].add_connection(
            c, static_cast<std::size_t>(c.synapses->targets()));
        fan_outs_.push_back(fan_outs(*c.synapses));
    }
}

std::string Engine::place(int layer) const {
    return "layer \"" + network_->layer(layer).name + "\", step " + std::to_string(round_ + 1);
}

std::span<const std::int32_t> Engine::state(int layer, int word) const {
    const auto neurons = static_cast<std::size_t>(network_->layer(layer).size());
    return std::span(at(layer).state).subspan(static_cast<std::size_t>(word) * neurons, neurons);
}

Result<void> Engine::set_state(int layer, int word, std::span<const std::int32_t> values) {
    const auto neurons = static_cast<std::size_t>(network_->layer(layer).size());
    if (values.size() != neurons)
        return bad_input(std::to_string(values.size()) + " values for " + std::to_string(neurons) + " neurons",
                         place(layer), "give one for each neuron");
    const auto wide =
        std::ranges::find_if(values, [](std::int32_t v) { return v > largest_state || v < -largest_state; });
    if (wide != values.end())
        return bad_input("value " + std::to_string(wide - values.begin()) + " is " + std::to_string(*wide),
                         place(layer), "states have 24 bits: up to " + std::to_string(largest_state) + " in magnitude");
    std::ranges::copy(values, std::span(populations_[static_cast<std::size_t>(layer)].state)
                                  .subspan(static_cast<std::size_t>(word) * neurons, neurons)
                                  .begin());
    return {};
}

Result<void> Engine::fire(int layer, std::span<const std::span<const std::int32_t>> inputs) {
    const Layer& what = network_->layer(layer);
    Population& population = populations_[static_cast<std::size_t>(layer)];
    std::vector<std::span<const std::int32_t>> ports;
    for (const PortSums& port : population.ports) ports.push_back(port.at(round_));
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const Input& input = network_->inputs()[i];
        if (input.layer != layer || inputs[i].empty()) continue;
        auto& port = ports[static_cast<std::size_t>(input.port)];
        if (port.empty()) {
            port = inputs[i];
            continue;
        }
        std::vector<std::int32_t>& arrived = population.arrived[static_cast<std::size_t>(input.port)];
        arrived.resize(port.size());
        for (std::size_t j = 0; j < port.size(); ++j) {
            const std::int64_t sum = std::int64_t{port[j]} + inputs[i][j];
            if (std::abs(sum) > largest_sum)
                return bad_input("input and sum of neuron " + std::to_string(j) + " leave 32 bits", place(layer),
                                 "offer smaller values");
            arrived[j] = narrow<std::int32_t>(sum);
        }
        port = arrived;
    }
    const std::optional<int> overflow =
        population.neurons->fire({{0, what.size()}, round_, ports, population.state, population.messages});
    if (overflow)
        return bad_input("neuron " + std::to_string(*overflow) + " of kind " + std::string(what.neurons->kind()) +
                             " left the range of its state or bias",
                         place(layer), "use smaller inputs, weights or biases (docs/numerics.md, section 11)");
    for (PortSums& port : population.ports) port.clear(round_);
    return {};
}

Result<void> Engine::collect(int layer) {
    const int bits = network_->layer(layer).message_bits;
    Population& population = populations_[static_cast<std::size_t>(layer)];
    population.spikes.clear();
    population.magnitudes = 0;
    for (std::size_t i = 0; i < population.messages.size(); ++i) {
        const std::int64_t message = population.messages[i];
        if (message == 0) continue;
        if (bits == 0 && std::abs(message) > 1)
            return bad_input(
                "neuron " + std::to_string(i) + " sends " + std::to_string(message) + ", but the layer sends spikes",
                place(layer), "offer 0 and 1, or give the layer message bits");
        const std::int64_t payload = bits == 0 ? 1 : message;
        if (bits > 0 && (payload >= std::int64_t{1} << (bits - 1) || payload < -(std::int64_t{1} << (bits - 1))))
            return bad_input("neuron " + std::to_string(i) + " sends " + std::to_string(message) +
                                 ", which does not fit messages of " + std::to_string(bits) + " bits",
                             place(layer), "give the layer more message bits, or use smaller weights or inputs");
        population.spikes.push_back({static_cast<std::int32_t>(i), static_cast<std::int32_t>(payload)});
        population.magnitudes += std::abs(payload);
    }
    population.sent += std::ssize(population.spikes);
    return {};
}

Result<void> Engine::check_sizes(std::span<const std::span<const std::int32_t>> inputs) const {
    assert(inputs.size() <= network_->inputs().size());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const int layer = network_->inputs()[i].layer;
        if (!inputs[i].empty() && std::ssize(inputs[i]) != network_->layer(layer).size())
            return bad_input("an input of " + std::to_string(inputs[i].size()) + " values for " +
                                 std::to_string(network_->layer(layer).size()) + " neurons",
                             place(layer), "offer one value for each neuron");
    }
    return {};
}

Result<void> Engine::fire_layer(int layer, std::span<const std::span<const std::int32_t>> inputs) {
    if (auto checked = check_sizes(inputs); !checked) return checked;
    Population& population = populations_[static_cast<std::size_t>(layer)];
    if (population.fired) return bad_input("it has fired in this step", place(layer), "finish the step before");
    population.fired = true;
    if (auto fired = fire(layer, inputs); !fired) return fired;
    return collect(layer);
}

Result<void> Engine::finish() {
    for (std::size_t layer = 0; layer < populations_.size(); ++layer)
        if (!populations_[layer].fired)
            return bad_input("it has not fired in this step", place(static_cast<int>(layer)),
                             "let each layer fire before the step ends");
    for (std::size_t i = 0; i < connections_.size(); ++i) {
        const Connection& c = connections_[i];
        const Population& source = at(c.source);
        Population& target = populations_[static_cast<std::size_t>(c.target)];
        if (!target.ports[static_cast<std::size_t>(c.port)].deliver(c, source.spikes, source.magnitudes, round_))
            return bad_input(
                "messages to layer \"" + network_->layer(c.target).name + "\" may add up to more than 32 bits hold",
                place(c.source), "use smaller messages or weights");
        target.synops += count_synops(fan_outs_[i], source.spikes);
    }
    for (Population& population : populations_) population.fired = false;
    ++round_;
    return {};
}

Result<void> Engine::step(std::span<const std::span<const std::int32_t>> inputs) {
    const int layers = narrow<int>(populations_.size());
    if (auto checked = check_sizes(inputs); !checked) return checked;
    for (int layer = 0; layer < layers; ++layer)
        if (auto fired = fire_layer(layer, inputs); !fired) return fired;
    return finish();
}

Result<void> Engine::set_neurons(int layer, std::shared_ptr<const NeuronModel> neurons) {
    Population& population = populations_[static_cast<std::size_t>(layer)];
    const int given = neurons->neurons();
    if (neurons->kind() != population.neurons->kind() ||
        !std::ranges::equal(neurons->states(), population.neurons->states()) ||
        (given != 0 && given != network_->layer(layer).size()))
        return bad_input("neurons of kind " + std::string(neurons->kind()) + " in place of those of kind " +
                             std::string(population.neurons->kind()),
                         place(layer), "kind, states and the number of neurons stay as they are");
    population.neurons = std::move(neurons);
    return {};
}

Result<void> Engine::set_synapses(int connection, std::shared_ptr<const SynapseFormat> synapses) {
    const auto index = static_cast<std::size_t>(connection);
    const SynapseFormat& old = *network_->connections()[index].synapses;
    if (synapses->sources() != old.sources() || synapses->targets() != old.targets() ||
        synapses->max_delay() > old.max_delay())
        return bad_input("synapses from " + std::to_string(synapses->sources()) + " to " +
                             std::to_string(synapses->targets()) + " neurons with delays of up to " +
                             std::to_string(synapses->max_delay()) + " steps",
                         "connection " + std::to_string(connection),
                         "sizes stay as they are, and delays within " + std::to_string(old.max_delay()) + " steps");
    fan_outs_[index] = fan_outs(*synapses);
    connections_[index].synapses = std::move(synapses);
    return {};
}

}  // namespace tephra::spiking
