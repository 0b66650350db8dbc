#include "neuro/spiking/resonate_fire.hpp"

#include <cmath>
#include <numbers>

#include "neuro/spiking/fixed_point.hpp"

namespace tephra::spiking {
namespace {

class Resonator {
public:
    static constexpr std::string_view kind = "resonate_fire";
    static constexpr std::array<std::string_view, 2> ports{"real", "imaginary"};
    static constexpr std::array<std::string_view, 2> states{"real", "imaginary"};

    Resonator(ResonatorParameters parameters, int neurons) : p_(std::move(parameters)), neurons_(neurons) {}
    [[nodiscard]] int neurons() const { return neurons_; }
    [[nodiscard]] int state_bits() const { return 2 * 24; }
    [[nodiscard]] int parameter_bits() const {
        return bits_of(p_.cosine, p_.bits + 1) + bits_of(p_.sine, p_.bits + 1) + bits_of(p_.threshold, 24);
    }
    [[nodiscard]] std::array<std::int32_t, 2> begin(std::size_t) const { return {}; }
    [[nodiscard]] StoredParameters store() const {
        return {{"rule", {static_cast<int>(p_.kind)}},      {"cosine", stored_values(p_.cosine)},
                {"sine", stored_values(p_.sine)},           {"bits", {p_.bits}},
                {"threshold", stored_values(p_.threshold)}, {"input_shift", {p_.input_shift}}};
    }

    struct Step {
        const ResonatorParameters& p;
        std::int32_t operator()(std::size_t neuron, const std::array<std::int32_t, 2>& in,
                                std::array<std::int32_t, 2>& state, bool&) const {
            const auto part = [&](std::int32_t factor, std::int32_t value) {
                return shift_towards_zero(std::int64_t{factor} * value, p.bits);
            };
            const std::int32_t cosine = p.cosine[neuron], sine = p.sine[neuron], threshold = p.threshold[neuron];
            const auto [re, im] = state;
            const std::int32_t real =
                clip_voltage(part(cosine, re) - part(sine, im) + (std::int64_t{in[0]} << p.input_shift));
            const std::int32_t imaginary =
                clip_voltage(part(sine, re) + part(cosine, im) + (std::int64_t{in[1]} << p.input_shift));
            state = {real, imaginary};
            if (p.kind == ResonatorKind::crossing) return real >= threshold && imaginary >= 0 && im < 0 ? 1 : 0;
            if (imaginary < threshold) return 0;
            state = {0, threshold - 1};
            return 1;
        }
    };
    [[nodiscard]] Step at(std::int64_t) const { return {p_}; }

private:
    ResonatorParameters p_;
    int neurons_;
};

}  // namespace

std::pair<std::int32_t, std::int32_t> resonator_rotation(double period, double decay, int bits) {
    const double angle = 2 * std::numbers::pi / period, one = std::ldexp(1 - decay, bits);
    return {static_cast<std::int32_t>(one * std::cos(angle)), static_cast<std::int32_t>(one * std::sin(angle))};
}

Result<NeuronModelPtr> make_resonator(ResonatorParameters p) {
    for (const auto& checked : {check_constant(p.bits, "the number of bits of a rotation", 0, most_resonator_bits),
                                check_constant(p.input_shift, "the input shift", 0, most_resonator_shift),
                                check_constant(p.threshold, "the threshold", 0, state_max)})
        if (!checked) return tl::unexpected(checked.error());
    for (const auto& checked : {check_constant(p.cosine, "the cosine", -(1 << p.bits), 1 << p.bits),
                                check_constant(p.sine, "the sine", -(1 << p.bits), 1 << p.bits)})
        if (!checked) return tl::unexpected(checked.error());
    const Result<int> neurons = common_neurons({&p.cosine, &p.sine, &p.threshold});
    if (!neurons) return tl::unexpected(neurons.error());
    return std::make_shared<PerNeuron<Resonator>>(Resonator(std::move(p), *neurons));
}

Result<NeuronModelPtr> read_resonator(ParameterReader& in) {
    return make_resonator({.kind = static_cast<ResonatorKind>(in.integer("rule", 0, 1)),
                           .cosine = read_constant(in, "cosine"),
                           .sine = read_constant(in, "sine"),
                           .bits = in.integer("bits"),
                           .threshold = read_constant(in, "threshold"),
                           .input_shift = in.integer("input_shift")});
}

}  // namespace tephra::spiking
