#pragma once
// What faults did to the messages of a network: beside what the plain engine sends.
#include <vector>

#include "core/error.hpp"
#include "neuro/spiking/network_input.hpp"
#include "neuro/spiking/probes.hpp"

namespace tephra::spiking {

/// Probes of the messages of all layers, to be recorded in a run, with room for so many steps. Errors: as
/// find_probes().
Result<std::vector<Probe>> message_probes(const Network& network, int steps, const std::string& place);

/// Messages of each layer, of neurons x steps, that are not those of the plain engine with the same input. `recorded`:
/// message_probes() of a run. Errors: those of the engine.
Result<std::vector<std::int64_t>> changed_messages(const Network& network, NetworkInput& input, int steps,
                                                   const std::vector<Probe>& recorded);

}  // namespace tephra::spiking
