#pragma once
// What the neuron models of language models have in common: their law is defined for all inputs, and their state begins
// at zero.
#include <algorithm>
#include <array>
#include <memory>

#include "neuro/lm/norm_record.hpp"
#include "neuro/neuron_model.hpp"

namespace tephra {

class LmNeuron : public NeuronModel {
public:
    [[nodiscard]] std::span<const std::string_view> states() const override { return {}; }
    [[nodiscard]] int state_bits() const override { return 0; }
    [[nodiscard]] int parameter_bits() const override { return 0; }
    void begin(NeuronRange, std::span<std::int32_t> state) const override { std::ranges::fill(state, 0); }

protected:
    /// Sums of one matrix of a port that has several: [matrix][n].
    static std::span<const std::int32_t> sums(const SliceRound& slice, std::size_t port, std::size_t matrix) {
        const auto n = static_cast<std::size_t>(slice.neurons.size());
        return slice.ports[port].subspan(matrix * n, n);
    }
    static Scale scale(const SliceRound& slice, std::size_t word) { return word_scale(slice.records[0][word]); }
    /// Bits of the constants that a neuron needs for the statistics of a norm: a gain for the sum, and one an output.
    static int statistics_bits(const NormParameters& norm) { return 16 * (1 + norm.outputs); }
};

using SharedNorm = std::shared_ptr<const NormParameters>;

}  // namespace tephra
