#pragma once
#include "neuro/lm/lm_neuron.hpp"

namespace tephra {

/// Sends logits. Port: ternary. Record: the scale to read it by.
class Readout final : public LmNeuron {
public:
    [[nodiscard]] std::string_view kind() const override { return "readout"; }
    [[nodiscard]] int neurons() const override { return 0; }
    [[nodiscard]] std::span<const std::string_view> ports() const override { return port_names; }
    [[nodiscard]] std::optional<int> fire(const SliceRound& slice) const override;

private:
    static constexpr std::array<std::string_view, 1> port_names = {"W q"};
};

}  // namespace tephra
