#include "neuro/spiking/relay.hpp"

namespace tephra::spiking {
namespace {

class Relay {
public:
    static constexpr std::string_view kind = "relay";
    static constexpr NeuronProgram program = NeuronProgram::fixed_function;
    static constexpr std::array<std::string_view, 1> ports{"input"};
    static constexpr std::array<std::string_view, 0> states{};
    [[nodiscard]] int neurons() const { return 0; }
    [[nodiscard]] int state_bits() const { return 0; }
    [[nodiscard]] int parameter_bits() const { return 0; }
    [[nodiscard]] std::array<std::int32_t, 0> begin(std::size_t) const { return {}; }
    [[nodiscard]] StoredParameters store() const { return {}; }
    struct Step {
        std::int32_t operator()(std::size_t, const std::array<std::int32_t, 1>& in, std::array<std::int32_t, 0>&,
                                bool&) const {
            return in[0];
        }
    };
    [[nodiscard]] Step at(std::int64_t) const { return {}; }
};

}  // namespace

NeuronModelPtr make_relay() {
    return std::make_shared<PerNeuron<Relay>>(Relay());
}

bool is_relay(const NeuronModel& neurons) {
    return neurons.kind() == Relay::kind;
}

Result<NeuronModelPtr> read_relay(ParameterReader&) {
    return make_relay();
}

}  // namespace tephra::spiking
