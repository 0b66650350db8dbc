#include "neuro/spiking/leaky_readout.hpp"

namespace tephra::spiking {
namespace {

class LeakyReadout {
public:
    static constexpr std::string_view kind = "leaky_readout";
    static constexpr std::array<std::string_view, 2> ports{"current", "bias"};
    static constexpr std::array<std::string_view, 2> states{"u", "v"};

    LeakyReadout(Cuba cuba, int neurons) : cuba_(std::move(cuba)), neurons_(neurons) {}
    [[nodiscard]] int neurons() const { return neurons_; }
    [[nodiscard]] int state_bits() const { return Cuba::state_bits; }
    [[nodiscard]] int parameter_bits() const { return cuba_.parameter_bits(); }
    [[nodiscard]] std::array<std::int32_t, 2> begin(std::size_t) const { return {}; }
    [[nodiscard]] StoredParameters store() const {
        StoredParameters out;
        cuba_.store(out);
        return out;
    }

    struct Step {
        const Cuba& cuba;
        std::int32_t operator()(std::size_t neuron, const std::array<std::int32_t, 2>& in,
                                std::array<std::int32_t, 2>& state, bool& overflow) const {
            state[0] = cuba.current(neuron, state[0], in[0], overflow);
            state[1] = cuba.voltage(neuron, state[1], state[0], in[1], overflow);
            if (state[1] == largest_voltage || state[1] == -largest_voltage) overflow = true;
            return state[1];
        }
    };
    [[nodiscard]] Step at(std::int64_t) const { return {cuba_}; }

private:
    Cuba cuba_;
    int neurons_;
};

}  // namespace

Result<NeuronModelPtr> make_leaky_readout(Cuba cuba) {
    if (const auto checked = cuba.check(); !checked) return tl::unexpected(checked.error());
    const Result<int> neurons = common_neurons({&cuba.current_decay, &cuba.voltage_decay, &cuba.drive, &cuba.bias});
    if (!neurons) return tl::unexpected(neurons.error());
    return std::make_shared<PerNeuron<LeakyReadout>>(LeakyReadout(std::move(cuba), *neurons));
}

Result<NeuronModelPtr> read_leaky_readout(ParameterReader& in) {
    return make_leaky_readout(Cuba::read(in));
}

}  // namespace tephra::spiking
