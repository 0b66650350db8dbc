#include "neuro/spiking/lif.hpp"

#include <algorithm>
#include <array>

#include "neuro/spiking/lif_vectors.hpp"

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
    [[nodiscard]] const LifParameters& parameters() const { return p_; }
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

/// Neurons without a refractory period: whole vectors at once, the rest one by one.
class LifInVectors final : public NeuronModel {
public:
    LifInVectors(LifParameters parameters, int neurons) : each_(Lif<false>(std::move(parameters), neurons)) {}
    [[nodiscard]] std::string_view kind() const override { return each_.kind(); }
    [[nodiscard]] NeuronProgram program() const override { return each_.program(); }
    [[nodiscard]] int neurons() const override { return each_.neurons(); }
    [[nodiscard]] std::span<const std::string_view> ports() const override { return each_.ports(); }
    [[nodiscard]] std::span<const std::string_view> states() const override { return each_.states(); }
    [[nodiscard]] int state_bits() const override { return each_.state_bits(); }
    [[nodiscard]] int parameter_bits() const override { return each_.parameter_bits(); }
    void begin(NeuronRange neurons, std::span<std::int32_t> state) const override { each_.begin(neurons, state); }
    [[nodiscard]] std::optional<StoredParameters> store() const override { return each_.store(); }

    [[nodiscard]] std::optional<int> fire(const SliceRound& slice) const override {
        const auto n = static_cast<std::size_t>(slice.neurons.size());
        const LifParameters& p = each_.neuron().parameters();
        if (p.clear.due(slice.round)) std::ranges::fill(slice.state, 0);
        const auto port = [&](std::size_t index) {
            return index < slice.ports.size() && !slice.ports[index].empty() ? slice.ports[index]
                                                                             : std::span<const std::int32_t>();
        };
        std::optional<std::size_t> overflow;
        const std::size_t done = step_lif_vectors(p,
                                                  {.first = static_cast<std::size_t>(slice.neurons.begin),
                                                   .neurons = n,
                                                   .current = port(0).data(),
                                                   .bias = port(1).data(),
                                                   .u = slice.state.data(),
                                                   .v = slice.state.data() + n,
                                                   .messages = slice.messages.data()},
                                                  overflow);
        if (overflow) return slice.neurons.begin + static_cast<int>(*overflow);
        return done == n ? std::nullopt : fire_rest(slice, {port(0), port(1)}, done);
    }

private:
    /// Fires neurons from `done` of the slice on: fewer than a vector has.
    [[nodiscard]] std::optional<int> fire_rest(const SliceRound& slice,
                                               std::array<std::span<const std::int32_t>, 2> ports,
                                               std::size_t done) const {
        const auto n = static_cast<std::size_t>(slice.neurons.size()), rest = n - done;
        std::vector<std::int32_t> state(2 * rest);
        for (std::size_t i = 0; i < rest; ++i) {
            state[i] = slice.state[done + i];
            state[rest + i] = slice.state[n + done + i];
        }
        for (auto& port : ports)
            if (!port.empty()) port = port.subspan(done);
        const auto failed = each_.fire({{slice.neurons.begin + static_cast<int>(done), slice.neurons.end},
                                        slice.round,
                                        ports,
                                        state,
                                        slice.messages.subspan(done)});
        for (std::size_t i = 0; i < rest; ++i) {
            slice.state[done + i] = state[i];
            slice.state[n + done + i] = state[rest + i];
        }
        return failed;
    }

    PerNeuron<Lif<false>> each_;
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
    if (p.refractory == 0) return std::make_shared<LifInVectors>(std::move(p), *neurons);
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
