#pragma once
// Relays send what arrives, as it is: how input from outside enters a network as messages.
#include "neuro/spiking/constants.hpp"

namespace tephra::spiking {

/// Port: input. No state.
NeuronModelPtr make_relay();
bool is_relay(const NeuronModel& neurons);
Result<NeuronModelPtr> read_relay(ParameterReader& in);

}  // namespace tephra::spiking
