#pragma once
// A neuron model for programs that are laid out but never run: any ports, no message but zero.
#include <algorithm>
#include <memory>

#include "neuro/neuron_model.hpp"

namespace tephra::test {

class StillNeuron final : public NeuronModel {
public:
    explicit StillNeuron(int state_bits = 0, int parameter_bits = 0)
        : state_bits_(state_bits), parameter_bits_(parameter_bits) {}
    [[nodiscard]] std::string_view kind() const override { return "still"; }
    [[nodiscard]] int neurons() const override { return 0; }
    [[nodiscard]] std::span<const std::string_view> ports() const override { return {}; }
    [[nodiscard]] std::span<const std::string_view> states() const override { return {}; }
    [[nodiscard]] int state_bits() const override { return state_bits_; }
    [[nodiscard]] int parameter_bits() const override { return parameter_bits_; }
    void begin(NeuronRange, std::span<std::int32_t>) const override {}
    [[nodiscard]] std::optional<int> fire(const SliceRound& slice) const override {
        std::ranges::fill(slice.messages, 0);
        return std::nullopt;
    }

private:
    int state_bits_, parameter_bits_;
};

inline std::shared_ptr<const NeuronModel> still_neuron() {
    return std::make_shared<StillNeuron>();
}

}  // namespace tephra::test
