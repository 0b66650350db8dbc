#pragma once
// Fires a neuron model step by step.
#include <cstdint>
#include <optional>
#include <vector>

#include "core/error.hpp"
#include "neuro/neuron_model.hpp"
#include "tests/catch.hpp"

namespace tephra::spiking::test {

class Firing {
public:
    explicit Firing(Result<std::shared_ptr<const NeuronModel>> model, int neurons = 1) : neurons_(neurons) {
        if (!model) FAIL(to_string(model.error()));
        model_ = *model;
        state_.resize(model_->states().size() * static_cast<std::size_t>(neurons));
        messages_.resize(static_cast<std::size_t>(neurons));
        model_->begin({0, neurons}, state_);
    }
    /// One step; `ports`: [port][neuron], an absent port is zero. The messages.
    std::vector<std::int32_t> step(const std::vector<std::vector<std::int32_t>>& ports) {
        const std::vector<std::span<const std::int32_t>> views(ports.begin(), ports.end());
        overflow_ = model_->fire({{0, neurons_}, round_++, views, state_, messages_});
        return messages_;
    }
    /// One step of one neuron with one input; its message.
    std::int32_t operator()(std::int32_t input, std::int32_t second = 0) {
        return step(model_->ports().size() > 1 ? std::vector<std::vector<std::int32_t>>{{input}, {second}}
                                               : std::vector<std::vector<std::int32_t>>{{input}})
            .front();
    }
    /// State word of a neuron.
    std::int32_t& state(std::size_t word, std::size_t neuron = 0) {
        return state_[word * static_cast<std::size_t>(neurons_) + neuron];
    }
    [[nodiscard]] std::optional<int> overflow() const { return overflow_; }
    [[nodiscard]] const NeuronModel& model() const { return *model_; }

private:
    std::shared_ptr<const NeuronModel> model_;
    int neurons_;
    std::int64_t round_ = 0;
    std::vector<std::int32_t> state_, messages_;
    std::optional<int> overflow_;
};

}  // namespace tephra::spiking::test
