#pragma once
// What the factories of neuron models share: checks of constants, and the bits that they take.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "neuro/neuron_model.hpp"

namespace tephra::spiking {

using NeuronModelPtr = std::shared_ptr<const NeuronModel>;

/// Errors: bad_input, with the name, the neuron and the range, when a value lies outside [min, max].
Result<void> check_constant(const NeuronConstant& constant, const std::string& name, std::int64_t min,
                            std::int64_t max);

/// Neurons that all constants of a model have values for; 0: any number. Errors: bad_input when two of them differ.
Result<int> common_neurons(std::initializer_list<const NeuronConstant*> constants);

/// A constant as it is stored: one value, or one for each neuron.
std::vector<std::int32_t> stored_values(const NeuronConstant& constant);
NeuronConstant read_constant(ParameterReader& in, std::string_view name);

/// Puts the place of a part of a file into an error of a factory, which knows none.
template <typename T>
Result<T> with_place(const std::string& place, Result<T> result) {
    if (!result && result.error().place.empty()) result.error().place = place;
    return result;
}

/// Bits of a constant in each neuron's memory; one that all neurons share takes none there.
inline int bits_of(const NeuronConstant& constant, int bits) {
    return constant.neurons() == 0 ? 0 : bits;
}

}  // namespace tephra::spiking
