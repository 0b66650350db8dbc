#include "neuro/spiking/constants.hpp"

#include <algorithm>

#include "core/narrow.hpp"

namespace tephra::spiking {

Result<void> check_constant(const NeuronConstant& constant, const std::string& name, std::int64_t min,
                            std::int64_t max) {
    const auto values = constant.values();
    const auto bad = std::ranges::find_if(values, [&](std::int32_t value) { return value < min || value > max; });
    if (bad == values.end()) return {};
    const std::string where = values.size() > 1 ? " of neuron " + std::to_string(bad - values.begin()) : "";
    return bad_input(name + where + " is " + std::to_string(*bad), "",
                     "it can be " + std::to_string(min) + " to " + std::to_string(max));
}

Result<int> common_neurons(std::initializer_list<const NeuronConstant*> constants) {
    std::size_t neurons = 0;
    for (const NeuronConstant* constant : constants) {
        if (constant->neurons() == 0) continue;
        if (neurons != 0 && neurons != constant->neurons())
            return bad_input("constants of a neuron model are given for " + std::to_string(neurons) + " and for " +
                                 std::to_string(constant->neurons()) + " neurons",
                             "", "give each one value, or one for each neuron");
        neurons = constant->neurons();
    }
    return narrow<int>(neurons);
}

std::vector<std::int32_t> stored_values(const NeuronConstant& constant) {
    return {constant.values().begin(), constant.values().end()};
}

NeuronConstant read_constant(ParameterReader& in, std::string_view name) {
    return NeuronConstant(in.some(name));
}

}  // namespace tephra::spiking
