#include "neuro/spiking/nir_float.hpp"

#include <algorithm>
#include <cmath>

#include "core/narrow.hpp"
#include "neuro/spiking/network.hpp"

namespace tephra::spiking {
namespace {

std::vector<double> broadcast(const NirNode& node, const std::string& parameter) {
    const std::vector<double>& values = node.at(parameter).values;
    return values.size() == 1 ? std::vector<double>(static_cast<std::size_t>(node.size()), values.front()) : values;
}

/// dt / tau. Errors: bad_input where tau is below dt.
Result<std::vector<double>> leaks(const NirNode& node, const std::string& parameter, double dt) {
    std::vector<double> out = broadcast(node, parameter);
    for (double& tau : out) {
        if (!(tau >= dt))
            return bad_input("\"" + parameter + "\" of node \"" + node.name + "\" is " + std::to_string(tau) +
                                 " s, a step is " + std::to_string(dt) + " s",
                             node.place, "use a smaller --dt: forward Euler needs steps within every time constant");
        tau = dt / tau;
    }
    return out;
}

}  // namespace

Result<NirDynamics> nir_dynamics(const NirNode& node, double dt) {
    NirDynamics d;
    const auto n = static_cast<std::size_t>(node.size());
    d.leak.assign(n, 0);
    d.v_leak.assign(n, 0);
    d.gain.assign(n, 1);
    if (node.type == "Threshold") {
        d.leak.assign(n, 1);  // v is its input
        d.v_threshold = broadcast(node, "threshold");
        return d;
    }
    const bool cuba = node.type.starts_with("Cuba"), leaky = cuba || node.type.starts_with("LI");
    if (leaky) {
        auto leak = leaks(node, cuba ? "tau_mem" : "tau", dt);
        if (!leak) return tl::unexpected(leak.error());
        d.leak = std::move(*leak);
        d.v_leak = broadcast(node, "v_leak");
    }
    const std::vector<double> r = broadcast(node, "r");
    for (std::size_t i = 0; i < n; ++i) d.gain[i] = r[i] * (leaky ? d.leak[i] : dt);
    if (cuba) {
        auto leak = leaks(node, "tau_syn", dt);
        if (!leak) return tl::unexpected(leak.error());
        d.synapse_leak = std::move(*leak);
        d.synapse_gain = broadcast(node, "w_in");
    }
    if (node.type.ends_with("IF")) {
        d.v_threshold = broadcast(node, "v_threshold");
        d.v_reset = broadcast(node, "v_reset");
        for (std::size_t i = 0; i < n; ++i)
            if (!(d.v_threshold[i] > d.v_reset[i]))
                return bad_input("the threshold of node \"" + node.name + "\" is not above its reset", node.place,
                                 "a neuron would spike in every step");
    }
    return d;
}

Result<std::vector<int>> nir_delay_steps(const NirNode& node, const LinearMap& map, double dt) {
    std::vector<int> steps;
    for (const double delay : map.delay()) {
        const double rounded = std::nearbyint(delay / dt);
        if (!(rounded <= longest_delay))
            return bad_input("node \"" + node.name + "\" has a delay of " + std::to_string(rounded) + " steps",
                             node.place, "at most " + std::to_string(longest_delay) + ": use a larger --dt");
        steps.push_back(static_cast<int>(rounded));
    }
    return steps;
}

Result<NirSimulation> NirSimulation::make(NirGraph graph, double dt) {
    NirSimulation out;
    out.graph_ = std::make_shared<const NirGraph>(std::move(graph));
    for (const NirNode& node : out.graph_->nodes) {
        State state;
        std::vector<int> delays;
        LinearMap map;
        if (node.is_neuron()) {
            const auto dynamics = nir_dynamics(node, dt);
            if (!dynamics) return tl::unexpected(dynamics.error());
            state.voltage = dynamics->v_reset.empty() ? std::vector<double>(static_cast<std::size_t>(node.size()))
                                                      : dynamics->v_reset;
            state.current.resize(state.voltage.size());
            out.dynamics_.push_back(*dynamics);
        } else {
            out.dynamics_.emplace_back();
            const std::vector<int>& in =
                node.from.empty() ? node.shape : out.graph_->nodes[static_cast<std::size_t>(node.from.front())].shape;
            auto made = LinearMap::make(node, in);
            if (!made) return tl::unexpected(made.error());
            map = std::move(*made);
            auto steps = nir_delay_steps(node, map, dt);
            if (!steps) return tl::unexpected(steps.error());
            delays = std::move(*steps);
            if (!delays.empty())
                state.late.resize(static_cast<std::size_t>(*std::ranges::max_element(delays)) + 1,
                                  std::vector<double>(delays.size()));
        }
        state.output.resize(static_cast<std::size_t>(node.size()));
        out.states_.push_back(std::move(state));
        out.maps_.push_back(std::move(map));
        out.delays_.push_back(std::move(delays));
    }
    out.arrived_.resize(out.states_.size());
    return out;
}

std::span<const double> NirSimulation::output(int node) const {
    return states_[static_cast<std::size_t>(node)].output;
}

std::span<const double> NirSimulation::voltage(int node) const {
    return states_[static_cast<std::size_t>(node)].voltage;
}

std::vector<double> NirSimulation::input_of(const NirNode& node) const {
    const std::vector<int>& shape =
        node.from.empty() ? node.shape : graph_->nodes[static_cast<std::size_t>(node.from.front())].shape;
    std::size_t size = 1;
    for (const int extent : shape) size *= static_cast<std::size_t>(extent);
    std::vector<double> sum(size);
    for (const int from : node.from) {
        const auto& values = states_[static_cast<std::size_t>(from)].output;
        for (std::size_t i = 0; i < size; ++i) sum[i] += values[i];
    }
    return sum;
}

void NirSimulation::step_linear(int node) {
    const auto index = static_cast<std::size_t>(node);
    State& state = states_[index];
    const std::vector<double> in = input_of(graph_->nodes[index]);
    std::vector<double> out = maps_[index].bias();
    out.resize(state.output.size());
    std::vector<LinearTap> taps;
    for (std::size_t i = 0; i < in.size(); ++i) {
        if (in[i] == 0) continue;
        taps.clear();
        maps_[index].taps(static_cast<int>(i), taps);
        for (const LinearTap& tap : taps) out[static_cast<std::size_t>(tap.target)] += tap.weight * in[i];
    }
    if (!state.late.empty()) {
        const auto slots = state.late.size();
        for (std::size_t i = 0; i < out.size(); ++i)
            state.late[(static_cast<std::size_t>(round_) + static_cast<std::size_t>(delays_[index][i])) % slots][i] =
                out[i];
        std::vector<double>& now = state.late[static_cast<std::size_t>(round_) % slots];
        out = now;
        std::ranges::fill(now, 0.0);
    }
    state.output = std::move(out);
}

void NirSimulation::step_neurons(int node, const std::vector<double>& input) {
    const auto index = static_cast<std::size_t>(node);
    State& state = states_[index];
    const NirDynamics& d = dynamics_[index];
    for (std::size_t i = 0; i < input.size(); ++i) {
        double current = input[i];
        if (!d.synapse_leak.empty())
            current = state.current[i] += d.synapse_leak[i] * (d.synapse_gain[i] * input[i] - state.current[i]);
        double& v = state.voltage[i];
        v += d.leak[i] * (d.v_leak[i] - v) + d.gain[i] * current;
        if (d.v_threshold.empty()) {
            state.output[i] = v;
            continue;
        }
        state.output[i] = v > d.v_threshold[i] ? 1 : 0;
        if (state.output[i] != 0 && !d.v_reset.empty()) v = d.v_reset[i];
    }
}

void NirSimulation::step(std::span<const double> input) {
    const int count = narrow<int>(graph_->nodes.size());
    // Linear nodes pass on what neurons and the input sent in the step before.
    for (const int node : graph_->order)
        if (node != graph_->input) step_linear(node);
    for (int node = 0; node < count; ++node)
        if (graph_->nodes[static_cast<std::size_t>(node)].is_neuron())
            arrived_[static_cast<std::size_t>(node)] = input_of(graph_->nodes[static_cast<std::size_t>(node)]);
    for (int node = 0; node < count; ++node)
        if (graph_->nodes[static_cast<std::size_t>(node)].is_neuron())
            step_neurons(node, arrived_[static_cast<std::size_t>(node)]);
    std::vector<double>& sent = states_[static_cast<std::size_t>(graph_->input)].output;
    std::ranges::fill(sent, 0.0);
    std::ranges::copy(input, sent.begin());
    ++round_;
}

}  // namespace tephra::spiking
