#include "neuro/spiking/ternary_lif.hpp"

#include <algorithm>

#include "neuro/spiking/lif.hpp"

namespace tephra::spiking {
namespace {

class TernaryLif {
public:
    static constexpr std::string_view kind = "ternary_lif";
    static constexpr std::array<std::string_view, 2> ports{"current", "bias"};
    static constexpr std::array<std::string_view, 2> states{"u", "v"};

    TernaryLif(TernaryLifParameters parameters, int neurons) : p_(std::move(parameters)), neurons_(neurons) {}
    [[nodiscard]] int neurons() const { return neurons_; }
    [[nodiscard]] int state_bits() const { return Cuba::state_bits; }
    [[nodiscard]] int parameter_bits() const {
        return p_.cuba.parameter_bits() + bits_of(p_.lower, 18) + bits_of(p_.upper, 18);
    }
    [[nodiscard]] std::array<std::int32_t, 2> begin(std::size_t) const { return {}; }
    [[nodiscard]] StoredParameters store() const {
        StoredParameters out;
        p_.cuba.store(out);
        out.push_back({"lower", stored_values(p_.lower)});
        out.push_back({"upper", stored_values(p_.upper)});
        return out;
    }

    struct Step {
        const TernaryLifParameters& p;
        std::int32_t operator()(std::size_t neuron, const std::array<std::int32_t, 2>& in,
                                std::array<std::int32_t, 2>& state, bool& overflow) const {
            state[0] = p.cuba.current(neuron, state[0], in[0], overflow);
            const std::int32_t v = p.cuba.voltage(neuron, state[1], state[0], in[1], overflow);
            const int sign = static_cast<int>(v > p.upper[neuron] * (1 << state_alignment)) -
                             static_cast<int>(v < p.lower[neuron] * (1 << state_alignment));
            state[1] = sign == 0 ? v : 0;
            return sign;
        }
    };
    [[nodiscard]] Step at(std::int64_t) const { return {p_}; }

private:
    TernaryLifParameters p_;
    int neurons_;
};

}  // namespace

Result<NeuronModelPtr> make_ternary_lif(TernaryLifParameters p) {
    for (const auto& checked :
         {p.cuba.check(), check_constant(p.lower, "the lower threshold", -largest_threshold, largest_threshold),
          check_constant(p.upper, "the upper threshold", -largest_threshold, largest_threshold)})
        if (!checked) return tl::unexpected(checked.error());
    const Result<int> neurons =
        common_neurons({&p.cuba.current_decay, &p.cuba.voltage_decay, &p.cuba.drive, &p.cuba.bias, &p.lower, &p.upper});
    if (!neurons) return tl::unexpected(neurons.error());
    const std::size_t given = std::max(p.lower.values().size(), p.upper.values().size());
    for (std::size_t i = 0; i < given; ++i)
        if (p.lower[i] > p.upper[i])
            return bad_input("the lower threshold " + std::to_string(p.lower[i]) + " of neuron " + std::to_string(i) +
                                 " is above the upper, " + std::to_string(p.upper[i]),
                             "", "a neuron would spike both ways at once");
    return std::make_shared<PerNeuron<TernaryLif>>(TernaryLif(std::move(p), *neurons));
}

Result<NeuronModelPtr> read_ternary_lif(ParameterReader& in) {
    return make_ternary_lif(
        {.cuba = Cuba::read(in), .lower = read_constant(in, "lower"), .upper = read_constant(in, "upper")});
}

}  // namespace tephra::spiking
