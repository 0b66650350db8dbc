#pragma once
// The kinds of neuron models and synapse formats that files can hold, by the name that each calls itself (kind()). What
// a kind stores, and how it is read, stands in its own file; this is the one list of them.
#include <string>
#include <string_view>
#include <vector>

#include "neuro/spiking/constants.hpp"
#include "neuro/spiking/weights.hpp"

namespace tephra::spiking {

/// Makes what NeuronModel::store() or SynapseFormat::store() of a kind gave, through the factory of the kind. Errors:
/// bad_input with `place` for a kind or a parameter that is not known or missing, and whatever the factory refuses.
Result<NeuronModelPtr> read_neurons(std::string_view kind, StoredParameters parameters, const std::string& place);
Result<SynapseFormatPtr> read_synapses(std::string_view kind, StoredParameters parameters, const std::string& place);

/// Names of all kinds.
std::vector<std::string> neuron_kinds();
std::vector<std::string> synapse_kinds();

}  // namespace tephra::spiking
