#include "neuro/spiking/sigma_delta.hpp"

#include <cstdlib>

#include "neuro/spiking/fixed_point.hpp"

namespace tephra::spiking {
namespace {

/// As the factory was given a constant that it has shifted left.
std::vector<std::int32_t> shifted_back(const NeuronConstant& constant, int shift) {
    std::vector<std::int32_t> values = stored_values(constant);
    for (std::int32_t& value : values) value >>= shift;
    return values;
}

void store_scale(StoredParameters& out, SigmaDeltaScale scale) {
    out.push_back({"spike_exponent", {scale.spike_exponent}});
    out.push_back({"state_exponent", {scale.state_exponent}});
}

SigmaDeltaScale read_scale(ParameterReader& in) {
    return {.spike_exponent = in.integer("spike_exponent", 0, most_sigma_delta_shift),
            .state_exponent = in.integer("state_exponent", 0, most_sigma_delta_shift)};
}

/// Sends the change of an activation, or keeps it as residue; the message.
struct DeltaStep {
    const NeuronConstant& threshold;
    int output_shift;
    std::int32_t operator()(std::size_t neuron, std::int32_t now, std::int32_t& activation, std::int32_t& residue,
                            bool& overflow) const {
        const std::int64_t delta = std::int64_t{now} - activation + residue;
        const bool sends = std::abs(delta) >= threshold[neuron];
        activation = now;
        residue = sends ? 0 : fit_state(delta, overflow);
        return sends ? static_cast<std::int32_t>(delta >> output_shift) : 0;
    }
};

class Delta {
public:
    static constexpr std::string_view kind = "delta";
    static constexpr std::array<std::string_view, 1> ports{"input"};
    static constexpr std::array<std::string_view, 2> states{"activation", "residue"};

    Delta(DeltaParameters parameters, int neurons) : p_(std::move(parameters)), neurons_(neurons) {}
    [[nodiscard]] int neurons() const { return neurons_; }
    [[nodiscard]] int state_bits() const { return 2 * 24; }
    [[nodiscard]] int parameter_bits() const { return bits_of(p_.threshold, 24); }
    [[nodiscard]] std::array<std::int32_t, 2> begin(std::size_t) const { return {}; }
    [[nodiscard]] StoredParameters store() const {
        StoredParameters out;
        store_scale(out, p_.scale);
        out.push_back({"threshold", shifted_back(p_.threshold, p_.scale.shift())});
        return out;
    }

    struct Step {
        DeltaStep delta;
        int shift;
        std::int32_t operator()(std::size_t neuron, const std::array<std::int32_t, 1>& in,
                                std::array<std::int32_t, 2>& state, bool& overflow) const {
            const std::int32_t now = fit_state(std::int64_t{in[0]} << shift, overflow);
            return delta(neuron, now, state[0], state[1], overflow);
        }
    };
    [[nodiscard]] Step at(std::int64_t) const { return {{p_.threshold, p_.scale.state_exponent}, p_.scale.shift()}; }

private:
    DeltaParameters p_;
    int neurons_;
};

class SigmaDelta {
public:
    static constexpr std::string_view kind = "sigma_delta";
    static constexpr std::array<std::string_view, 1> ports{"input"};
    static constexpr std::array<std::string_view, 3> states{"sigma", "activation", "residue"};

    SigmaDelta(SigmaDeltaParameters parameters, int neurons) : p_(std::move(parameters)), neurons_(neurons) {}
    [[nodiscard]] int neurons() const { return neurons_; }
    [[nodiscard]] int state_bits() const { return 3 * 24; }
    [[nodiscard]] int parameter_bits() const { return bits_of(p_.threshold, 24) + bits_of(p_.bias, 24); }
    [[nodiscard]] std::array<std::int32_t, 3> begin(std::size_t) const { return {}; }
    [[nodiscard]] StoredParameters store() const {
        StoredParameters out;
        store_scale(out, p_.scale);
        out.push_back({"threshold", shifted_back(p_.threshold, p_.scale.shift())});
        out.push_back({"bias", shifted_back(p_.bias, p_.scale.shift())});
        out.push_back({"relu", {p_.relu ? 1 : 0}});
        return out;
    }

    struct Step {
        DeltaStep delta;
        const NeuronConstant& bias;
        bool relu;
        std::int32_t operator()(std::size_t neuron, const std::array<std::int32_t, 1>& in,
                                std::array<std::int32_t, 3>& state, bool& overflow) const {
            state[0] = fit_state(std::int64_t{state[0]} + in[0], overflow);
            std::int32_t now = fit_state(std::int64_t{state[0]} + bias[neuron], overflow);
            if (relu && now < 0) now = 0;
            return delta(neuron, now, state[1], state[2], overflow);
        }
    };
    [[nodiscard]] Step at(std::int64_t) const { return {{p_.threshold, p_.scale.state_exponent}, p_.bias, p_.relu}; }

private:
    SigmaDeltaParameters p_;
    int neurons_;
};

class Sigma {
public:
    static constexpr std::string_view kind = "sigma";
    static constexpr std::array<std::string_view, 1> ports{"input"};
    static constexpr std::array<std::string_view, 1> states{"sigma"};
    [[nodiscard]] int neurons() const { return 0; }
    [[nodiscard]] int state_bits() const { return 24; }
    [[nodiscard]] int parameter_bits() const { return 0; }
    [[nodiscard]] std::array<std::int32_t, 1> begin(std::size_t) const { return {}; }
    [[nodiscard]] StoredParameters store() const { return {}; }

    struct Step {
        std::int32_t operator()(std::size_t, const std::array<std::int32_t, 1>& in, std::array<std::int32_t, 1>& state,
                                bool& overflow) const {
            return state[0] = fit_state(std::int64_t{state[0]} + in[0], overflow);
        }
    };
    [[nodiscard]] Step at(std::int64_t) const { return {}; }
};

Result<void> check_scale(SigmaDeltaScale scale) {
    for (const auto& checked :
         {check_constant(scale.spike_exponent, "the spike exponent", 0, most_sigma_delta_shift),
          check_constant(scale.state_exponent, "the state exponent", 0, most_sigma_delta_shift),
          check_constant(scale.shift(), "the sum of spike and state exponent", 0, most_sigma_delta_shift)})
        if (!checked) return checked;
    return {};
}

NeuronConstant shifted(const NeuronConstant& constant, int shift) {
    std::vector<std::int32_t> values;
    for (const std::int32_t value : constant.values()) values.push_back(value * (1 << shift));
    return constant.neurons() == 0 ? NeuronConstant(values.front()) : NeuronConstant(std::move(values));
}

}  // namespace

Result<NeuronModelPtr> make_sigma_delta(SigmaDeltaParameters p) {
    if (const auto checked = check_scale(p.scale); !checked) return tl::unexpected(checked.error());
    const int shift = p.scale.shift();
    for (const auto& checked : {check_constant(p.threshold, "the threshold", 0, state_max >> shift),
                                check_constant(p.bias, "the bias", state_min >> shift, state_max >> shift)})
        if (!checked) return tl::unexpected(checked.error());
    const Result<int> neurons = common_neurons({&p.threshold, &p.bias});
    if (!neurons) return tl::unexpected(neurons.error());
    p.threshold = shifted(p.threshold, shift);
    p.bias = shifted(p.bias, shift);
    return std::make_shared<PerNeuron<SigmaDelta>>(SigmaDelta(std::move(p), *neurons));
}

Result<NeuronModelPtr> make_delta(DeltaParameters p) {
    if (const auto checked = check_scale(p.scale); !checked) return tl::unexpected(checked.error());
    if (const auto checked = check_constant(p.threshold, "the threshold", 0, state_max >> p.scale.shift()); !checked)
        return tl::unexpected(checked.error());
    const Result<int> neurons = common_neurons({&p.threshold});
    if (!neurons) return tl::unexpected(neurons.error());
    p.threshold = shifted(p.threshold, p.scale.shift());
    return std::make_shared<PerNeuron<Delta>>(Delta(std::move(p), *neurons));
}

NeuronModelPtr make_sigma() {
    return std::make_shared<PerNeuron<Sigma>>(Sigma());
}

Result<NeuronModelPtr> read_sigma_delta(ParameterReader& in) {
    return make_sigma_delta({.scale = read_scale(in),
                             .threshold = read_constant(in, "threshold"),
                             .bias = read_constant(in, "bias"),
                             .relu = in.integer("relu", 0, 1) == 1});
}

Result<NeuronModelPtr> read_delta(ParameterReader& in) {
    return make_delta({.scale = read_scale(in), .threshold = read_constant(in, "threshold")});
}

Result<NeuronModelPtr> read_sigma(ParameterReader&) {
    return make_sigma();
}

}  // namespace tephra::spiking
