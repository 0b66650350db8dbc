#include "neuro/spiking/lif.hpp"

namespace tephra::spiking {
namespace {

template <bool refractory>
constexpr auto lif_states() {
    using Names = std::array<std::string_view, refractory ? 3 : 2>;
    if constexpr (refractory)
        return Names{"u", "v", "refractory"};
    else
        return Names{"u", "v"};
}

template <bool refractory>
class Lif {
public:
    static constexpr std::string_view kind = "lif";
    static constexpr NeuronProgram program = NeuronProgram::fixed_function;
    static constexpr std::array<std::string_view, 2> ports{"current", "bias"};
    static constexpr auto states = lif_states<refractory>();
    using State = std::array<std::int32_t, states.size()>;

    Lif(LifParameters parameters, int neurons) : p_(std::move(parameters)), neurons_(neurons) {}
    [[nodiscard]] int neurons() const { return neurons_; }
    [[nodiscard]] int state_bits() const { return Cuba::state_bits + (refractory ? 6 : 0); }
    [[nodiscard]] int parameter_bits() const { return p_.cuba.parameter_bits() + bits_of(p_.threshold, 17); }
    [[nodiscard]] State begin(std::size_t) const { return {}; }
    [[nodiscard]] StoredParameters store() const {
        StoredParameters out;
        p_.cuba.store(out);
        out.push_back({"threshold", stored_values(p_.threshold)});
        out.push_back({"threshold_rule", {static_cast<int>(p_.threshold_rule)}});
        out.push_back({"reset_rule", {static_cast<int>(p_.reset_rule)}});
        out.push_back({"refractory", {p_.refractory}});
        out.push_back({"clear_interval", {p_.clear.interval}});
        out.push_back({"clear_offset", {p_.clear.offset}});
        return out;
    }

    struct Step {
        const LifParameters& p;
        bool clear;
        std::int32_t operator()(std::size_t neuron, const std::array<std::int32_t, 2>& in, State& state,
                                bool& overflow) const {
            if (clear) state = {};
            std::int32_t &u = state[0], &v = state[1];
            u = p.cuba.current(neuron, u, in[0], overflow);
            if constexpr (refractory) {
                if (state[2] > 0) {
                    --state[2];
                    return 0;
                }
            }
            v = p.cuba.voltage(neuron, v, u, in[1], overflow);
            const std::int32_t threshold = p.threshold[neuron] << state_alignment;
            if (p.threshold_rule == ThresholdRule::above ? v <= threshold : v < threshold) return 0;
            v = p.reset_rule == ResetRule::to_zero ? 0 : v - threshold;
            if constexpr (refractory) state[2] = p.refractory;
            return 1;
        }
    };
    [[nodiscard]] Step at(std::int64_t round) const { return {p_, p_.clear.due(round)}; }

private:
    LifParameters p_;
    int neurons_;
};

}  // namespace

Result<NeuronModelPtr> make_lif(LifParameters p) {
    for (const auto& checked :
         {p.cuba.check(), check_constant(p.threshold, "the threshold", 0, largest_threshold),
          check_constant(p.refractory, "the refractory period", 0, most_refractory_steps), p.clear.check()})
        if (!checked) return tl::unexpected(checked.error());
    const Result<int> neurons =
        common_neurons({&p.cuba.current_decay, &p.cuba.voltage_decay, &p.cuba.drive, &p.cuba.bias, &p.threshold});
    if (!neurons) return tl::unexpected(neurons.error());
    if (p.refractory == 0) return std::make_shared<PerNeuron<Lif<false>>>(Lif<false>(std::move(p), *neurons));
    return std::make_shared<PerNeuron<Lif<true>>>(Lif<true>(std::move(p), *neurons));
}

Result<NeuronModelPtr> read_lif(ParameterReader& in) {
    return make_lif({.cuba = Cuba::read(in),
                     .threshold = read_constant(in, "threshold"),
                     .threshold_rule = static_cast<ThresholdRule>(in.integer("threshold_rule", 0, 1)),
                     .reset_rule = static_cast<ResetRule>(in.integer("reset_rule", 0, 1)),
                     .refractory = in.integer("refractory"),
                     .clear = {.interval = in.integer("clear_interval"), .offset = in.integer("clear_offset")}});
}

}  // namespace tephra::spiking
