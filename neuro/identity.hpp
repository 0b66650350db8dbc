#pragma once
// Identity: each message goes as it is to one target. There are no weights.
#include <memory>

#include "neuro/synapse_format.hpp"

namespace tephra {

struct IdentityShape {
    int sources = 0, targets = 0;
    NeuronRange from;          ///< sources that send
    int to = 0;                ///< target of the first of them; the others follow
    bool within_core = false;  ///< messages to the same core are passed there without a packet
};

/// `shape.from` lies within the sources, and its targets within the targets.
std::shared_ptr<const SynapseFormat> make_identity(const IdentityShape& shape);

/// Neuron j to neuron j, which pass states within a core where both are on one.
std::shared_ptr<const SynapseFormat> make_identity(int neurons);

}  // namespace tephra
