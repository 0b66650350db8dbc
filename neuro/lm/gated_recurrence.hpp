#pragma once
#include "neuro/lm/lm_neuron.hpp"

namespace tephra {

/// Token mixer: sends t = g silu(h); record: statistics for `norm`. Port: ternary f, i, g. Record: scales to read them
/// by. State: h.
class GatedRecurrence final : public LmNeuron {
public:
    explicit GatedRecurrence(std::shared_ptr<const QuantizedBlock> block) : block_(std::move(block)) {}
    [[nodiscard]] std::string_view kind() const override { return "gated recurrence"; }
    [[nodiscard]] NeuronProgram program() const override { return NeuronProgram::special; }
    [[nodiscard]] int neurons() const override { return block_->output_norm.size; }
    [[nodiscard]] std::span<const std::string_view> ports() const override { return port_names; }
    [[nodiscard]] std::span<const std::string_view> states() const override { return state_names; }
    [[nodiscard]] int state_bits() const override { return 24; }
    [[nodiscard]] int parameter_bits() const override { return 24 + statistics_bits(block_->output_norm); }
    [[nodiscard]] std::optional<int> fire(const SliceRound& slice) const override;

private:
    static constexpr std::array<std::string_view, 1> port_names = {"f, i, g"};
    static constexpr std::array<std::string_view, 1> state_names = {"h"};
    std::shared_ptr<const QuantizedBlock> block_;
};

}  // namespace tephra
