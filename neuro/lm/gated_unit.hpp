#pragma once
#include "neuro/lm/lm_neuron.hpp"

namespace tephra {

/// Channel mixer: sends silu(z1) z2; record: statistics for the norm that follows. Port: ternary z1, z2. Record: the
/// scale to read them by.
class GatedUnit final : public LmNeuron {
public:
    explicit GatedUnit(std::shared_ptr<const QuantizedBlock> block) : block_(std::move(block)) {}
    [[nodiscard]] std::string_view kind() const override { return "gated unit"; }
    [[nodiscard]] NeuronProgram program() const override { return NeuronProgram::special; }
    [[nodiscard]] int neurons() const override { return block_->down_norm.size; }
    [[nodiscard]] std::span<const std::string_view> ports() const override { return port_names; }
    [[nodiscard]] int parameter_bits() const override { return statistics_bits(block_->down_norm); }
    [[nodiscard]] std::optional<int> fire(const SliceRound& slice) const override;

private:
    static constexpr std::array<std::string_view, 1> port_names = {"z1, z2"};
    std::shared_ptr<const QuantizedBlock> block_;
};

}  // namespace tephra
