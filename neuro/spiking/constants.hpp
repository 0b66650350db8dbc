#pragma once
// What the factories of neuron models share: checks of constants, and the bits that they take.
#include <cstdint>
#include <memory>
#include <string>

#include "core/error.hpp"
#include "neuro/neuron_model.hpp"

namespace tephra::spiking {

using NeuronModelPtr = std::shared_ptr<const NeuronModel>;

/// Errors: bad_input, with the name, the neuron and the range, when a value lies outside [min, max].
Result<void> check_constant(const NeuronConstant& constant, const std::string& name, std::int64_t min,
                            std::int64_t max);

/// Neurons that all constants of a model have values for; 0: any number. Errors: bad_input when two of them differ.
Result<int> common_neurons(std::initializer_list<const NeuronConstant*> constants);

/// Bits of a constant in each neuron's memory; one that all neurons share takes none there.
inline int bits_of(const NeuronConstant& constant, int bits) {
    return constant.neurons() == 0 ? 0 : bits;
}

}  // namespace tephra::spiking
