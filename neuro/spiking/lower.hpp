#pragma once
// lower: Network -> Program.
//
//   host input ──> layer ──> ... ──> layer ──> host output
//
// A round is a time step. Each layer is a population; its firing of round r is sent for round r + 1 + delay of its
// targets. The host's input of a round arrives within the round: the source stands one barrier step before the layers,
// the sink one behind them.
#include <cstdint>
#include <string>

#include "core/error.hpp"
#include "core/hash.hpp"
#include "neuro/program.hpp"
#include "neuro/spiking/network.hpp"

namespace tephra::spiking {

/// How the host's input travels. The network computes the same with both.
enum class HostInput : std::uint8_t {
    messages,  ///< each value that is not zero, in every step
    changes,   ///< each value that has changed; the layer holds it, as it holds a bias that the host has written
};

/// The neurons of the program's source stand for Network::inputs() and those of the sink for Network::outputs(), one
/// after the other; without inputs the source is one neuron that sends nothing.
/// `hash`: of the network, for mappings and runs.
/// Errors: bad_input when no layer is an output, or inputs or outputs have more than max_population neurons together.
Result<Program> lower(const Network& network, const std::string& name, Hash128 hash,
                      HostInput input = HostInput::messages);

/// Layer of a population of a lowered network; the source and the sink are none of them.
constexpr int layer_of(PopulationId id) {
    return id.value - 1;
}

}  // namespace tephra::spiking
