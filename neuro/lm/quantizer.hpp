#pragma once
#include "neuro/lm/lm_neuron.hpp"

namespace tephra {

/// Sends 1 to 3 int8 activations packed in one message. Port: states. Record: scales to quantize by.
class Quantizer final : public LmNeuron {
public:
    explicit Quantizer(SharedNorm norm) : norm_(std::move(norm)) {}
    [[nodiscard]] std::string_view kind() const override { return "quantizer"; }
    [[nodiscard]] int neurons() const override { return norm_->size; }
    [[nodiscard]] std::span<const std::string_view> ports() const override { return port_names; }
    [[nodiscard]] int parameter_bits() const override { return 16 * norm_->outputs; }
    [[nodiscard]] std::optional<int> fire(const SliceRound& slice) const override;

private:
    static constexpr std::array<std::string_view, 1> port_names = {"state"};
    SharedNorm norm_;
};

}  // namespace tephra
