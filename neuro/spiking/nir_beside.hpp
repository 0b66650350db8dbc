#pragma once
// The float simulation of a NIR file beside the fixed-point network that was made of it, step by step.
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "neuro/spiking/engine.hpp"
#include "neuro/spiking/nir_float.hpp"

namespace tephra::spiking {

/// Messages of a layer, and the neurons and steps in which one of the two sends and the other does not.
struct NirAgreement {
    int layer = 0;  ///< of the network
    std::int64_t fixed = 0, real = 0, different = 0;
};

class NirBeside {
public:
    /// `network`: what import_nir() makes of the graph with this dt. Errors: bad_input, those of NirSimulation::make,
    /// and a layer that is no node of the graph.
    static Result<NirBeside> make(NirGraph graph, double dt, const Network& network);

    /// Takes the step that `engine`, of the network, has just taken with `frame`: [neurons of the input], or empty.
    void step(std::span<const std::int32_t> frame, const Engine& engine);

    /// In the order of the network's layers; those that send voltages always differ and are left out.
    [[nodiscard]] const std::vector<NirAgreement>& agreements() const { return agreements_; }

private:
    explicit NirBeside(NirSimulation simulation) : simulation_(std::move(simulation)) {}

    NirSimulation simulation_;
    std::vector<double> elements_;  ///< of the input
    std::vector<int> nodes_;        ///< [agreements]
    std::vector<NirAgreement> agreements_;
};

}  // namespace tephra::spiking
