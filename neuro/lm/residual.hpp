#pragma once
#include "neuro/lm/lm_neuron.hpp"

namespace tephra {

/// Sends x + W q; record: statistics for `norm`. Ports: ternary W q; x. Record: the scale to read W q by.
class Residual final : public LmNeuron {
public:
    Residual(int shift, SharedNorm norm) : shift_(shift), norm_(std::move(norm)) {}
    [[nodiscard]] std::string_view kind() const override { return "residual"; }
    [[nodiscard]] int neurons() const override { return norm_->size; }
    [[nodiscard]] std::span<const std::string_view> ports() const override { return port_names; }
    [[nodiscard]] int parameter_bits() const override { return statistics_bits(*norm_); }
    [[nodiscard]] std::optional<int> fire(const SliceRound& slice) const override;

private:
    static constexpr std::array<std::string_view, 2> port_names = {"W q", "x"};
    int shift_;  ///< of x before the sum
    SharedNorm norm_;
};

}  // namespace tephra
