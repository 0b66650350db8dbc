#pragma once
// The float simulation of a NIR graph: forward Euler of the documented equations, in doubles. Law:
// docs/numerics.md 11.6. What the fixed-point network of the same file is held against.
#include <memory>
#include <span>
#include <vector>

#include "neuro/spiking/nir_linear.hpp"

namespace tephra::spiking {

/// How the voltage of a neuron goes on in a step: v' = v + leak (v_leak - v) + gain I', I' = I + synapse_leak (w_in x -
/// I), or I' = x without a synaptic current. Indexed by element.
struct NirDynamics {
    std::vector<double> synapse_leak;                  ///< dt / tau_syn; empty: no synaptic current
    std::vector<double> synapse_gain;                  ///< w_in
    std::vector<double> leak;                          ///< dt / tau; 0: none
    std::vector<double> gain;                          ///< of the current: dt / tau r, or dt r
    std::vector<double> v_leak, v_reset, v_threshold;  ///< the last two are empty where nothing spikes
};

/// Errors: bad_input when a time constant is below dt, or a threshold is not above the reset.
Result<NirDynamics> nir_dynamics(const NirNode& node, double dt);

/// Delay of each element in steps, rounded to the nearest. Errors: bad_input over longest_delay.
Result<std::vector<int>> nir_delay_steps(const NirNode& node, const LinearMap& map, double dt);

class NirSimulation {
public:
    /// dt: seconds of a step. Errors: bad_input with the node: a time constant that is not larger than dt, a negative
    /// delay or one over longest_delay steps.
    static Result<NirSimulation> make(NirGraph graph, double dt);

    /// One step. `input`: an element for each of the Input node, in the order of the file; empty: zeros.
    void step(std::span<const double> input);

    [[nodiscard]] const NirGraph& graph() const { return *graph_; }
    /// What a neuron node or the input sent in the last step: spikes 0 or 1, or the voltage of integrators.
    [[nodiscard]] std::span<const double> output(int node) const;
    /// Voltage of a neuron node after the last step.
    [[nodiscard]] std::span<const double> voltage(int node) const;

private:
    struct State {
        std::vector<double> current, voltage, output;
        std::vector<std::vector<double>> late;  ///< of a Delay: what comes out in round r, by r mod size
    };
    NirSimulation() = default;
    /// What arrives at a node: the outputs that lead to it, added up.
    [[nodiscard]] std::vector<double> input_of(const NirNode& node) const;
    void step_linear(int node);
    void step_neurons(int node, const std::vector<double>& input);

    std::shared_ptr<const NirGraph> graph_;
    std::vector<LinearMap> maps_;        ///< by node; those of neurons are not used
    std::vector<NirDynamics> dynamics_;  ///< by node; those of linear nodes are not used
    std::vector<State> states_;
    std::vector<std::vector<double>> arrived_;  ///< at neurons in this step
    std::vector<std::vector<int>> delays_;      ///< steps of the elements of a Delay
    std::int64_t round_ = 0;
};

}  // namespace tephra::spiking
