#pragma once
#include "neuro/lm/lm_neuron.hpp"

namespace tephra {

/// One neuron: merges NormRecords, answers NormScales: scales to quantize by, then scales to read accumulators by.
class Normalizer final : public LmNeuron {
public:
    explicit Normalizer(SharedNorm norm) : norm_(std::move(norm)) {}
    [[nodiscard]] std::string_view kind() const override { return "normalizer"; }
    [[nodiscard]] NeuronProgram program() const override { return NeuronProgram::special; }
    [[nodiscard]] int neurons() const override { return 1; }
    [[nodiscard]] std::span<const std::string_view> ports() const override { return {}; }
    [[nodiscard]] std::optional<int> fire(const SliceRound& slice) const override;

private:
    SharedNorm norm_;
};

}  // namespace tephra
