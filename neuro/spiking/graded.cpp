#include "neuro/spiking/graded.hpp"

#include <cstdlib>
#include <limits>
#include <utility>

#include "neuro/spiking/fixed_point.hpp"

namespace tephra::spiking {
namespace {

/// What the models of this file have in common: a threshold, and no state.
class Gate {
public:
    static constexpr std::array<std::string_view, 0> states{};
    using State = std::array<std::int32_t, 0>;

    Gate(NeuronConstant threshold) : threshold_(std::move(threshold)) {}  // NOLINT: a gate is its threshold
    [[nodiscard]] int neurons() const { return static_cast<int>(threshold_.neurons()); }
    [[nodiscard]] int state_bits() const { return 0; }
    [[nodiscard]] int parameter_bits() const { return bits_of(threshold_, 32); }
    [[nodiscard]] State begin(std::size_t) const { return {}; }
    [[nodiscard]] StoredParameters store() const { return {{"threshold", stored_values(threshold_)}}; }

protected:
    NeuronConstant threshold_;
};

/// A gate of one input: Rule::message(input, threshold) is what it sends.
template <typename Rule>
class InputGate : public Gate {
public:
    static constexpr std::string_view kind = Rule::kind;
    static constexpr std::array<std::string_view, 1> ports{"input"};
    using Gate::Gate;
    struct Step {
        const NeuronConstant& threshold;
        std::int32_t operator()(std::size_t neuron, const std::array<std::int32_t, 1>& in, State&, bool&) const {
            return Rule::message(in[0], threshold[neuron]);
        }
    };
    [[nodiscard]] Step at(std::int64_t) const { return {threshold_}; }
};

struct GradedRule {
    static constexpr std::string_view kind = "graded";
    static std::int32_t message(std::int32_t in, std::int32_t threshold) {
        return std::abs(std::int64_t{in}) > threshold ? in : 0;
    }
};
struct GradedReluRule {
    static constexpr std::string_view kind = "graded_relu";
    static std::int32_t message(std::int32_t in, std::int32_t threshold) { return in > threshold ? in : 0; }
};
struct ThresholdRule {
    static constexpr std::string_view kind = "threshold";
    static std::int32_t message(std::int32_t in, std::int32_t threshold) { return in > threshold ? 1 : 0; }
};
using Graded = InputGate<GradedRule>;
using GradedRelu = InputGate<GradedReluRule>;
using Threshold = InputGate<ThresholdRule>;

class Product : public Gate {
public:
    static constexpr std::string_view kind = "product";
    static constexpr std::array<std::string_view, 2> ports{"first", "second"};
    Product(NeuronConstant threshold, int shift) : Gate(std::move(threshold)), shift_(shift) {}
    struct Step {
        const NeuronConstant& threshold;
        int shift;
        std::int32_t operator()(std::size_t neuron, const std::array<std::int32_t, 2>& in, State&,
                                bool& overflow) const {
            const std::int64_t product = std::int64_t{in[0]} * in[1];
            const std::int64_t value = shift_down(product, -shift), magnitude = std::abs(value);
            if (!std::in_range<std::int32_t>(product) || !std::in_range<std::int32_t>(magnitude)) overflow = true;
            return magnitude > threshold[neuron] ? static_cast<std::int32_t>(value) : 0;
        }
    };
    [[nodiscard]] Step at(std::int64_t) const { return {threshold_, shift_}; }
    [[nodiscard]] StoredParameters store() const {
        return {{"threshold", stored_values(threshold_)}, {"shift", {shift_}}};
    }

private:
    int shift_;
};

Result<void> check_threshold(const NeuronConstant& threshold) {
    return check_constant(threshold, "the threshold", 0, std::numeric_limits<std::int32_t>::max());
}

}  // namespace

Result<NeuronModelPtr> make_graded(NeuronConstant threshold) {
    if (const auto checked = check_threshold(threshold); !checked) return tl::unexpected(checked.error());
    return std::make_shared<PerNeuron<Graded>>(Graded(std::move(threshold)));
}

Result<NeuronModelPtr> make_graded_relu(NeuronConstant threshold) {
    if (const auto checked = check_threshold(threshold); !checked) return tl::unexpected(checked.error());
    return std::make_shared<PerNeuron<GradedRelu>>(GradedRelu(std::move(threshold)));
}

Result<NeuronModelPtr> make_product(NeuronConstant threshold, int shift) {
    for (const auto& checked :
         {check_threshold(threshold), check_constant(shift, "the shift of a product", 0, most_product_shift)})
        if (!checked) return tl::unexpected(checked.error());
    return std::make_shared<PerNeuron<Product>>(Product(std::move(threshold), shift));
}

Result<NeuronModelPtr> make_threshold(NeuronConstant threshold) {
    return std::make_shared<PerNeuron<Threshold>>(Threshold(std::move(threshold)));
}

Result<NeuronModelPtr> read_graded(ParameterReader& in) {
    return make_graded(read_constant(in, "threshold"));
}

Result<NeuronModelPtr> read_graded_relu(ParameterReader& in) {
    return make_graded_relu(read_constant(in, "threshold"));
}

Result<NeuronModelPtr> read_product(ParameterReader& in) {
    const NeuronConstant threshold = read_constant(in, "threshold");
    return make_product(threshold, in.integer("shift"));
}

Result<NeuronModelPtr> read_threshold(ParameterReader& in) {
    return make_threshold(read_constant(in, "threshold"));
}

}  // namespace tephra::spiking
