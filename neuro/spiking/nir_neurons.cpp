#include "neuro/spiking/nir_neurons.hpp"

#include <algorithm>
#include <cmath>

#include "core/narrow.hpp"
#include "neuro/spiking/graded.hpp"
#include "neuro/spiking/leaky_readout.hpp"
#include "neuro/spiking/lif.hpp"
#include "neuro/spiking/nir_path.hpp"

namespace tephra::spiking {
namespace {

constexpr double lava_decay_units = 4095;

/// One constant for all neurons where they are equal.
NeuronConstant constant(const std::vector<std::int32_t>& values) {
    if (std::ranges::all_of(values, [&](std::int32_t v) { return v == values.front(); })) return values.front();
    return NeuronConstant(values);
}

Result<void> set_decays(const NirNode& what, const NirDynamics& d, Cuba& cuba, NirRule rule, NirLayerError& error) {
    const double one = rule == NirRule::lava ? lava_decay_units : double{decay_one};
    const auto note = [&](double fixed, double exact) {
        if (exact > 0) error.decay = std::max(error.decay, std::abs(fixed / decay_one - exact) / exact);
    };
    std::vector<std::int32_t> voltage, current;
    for (const double leak : nir_in_order(what, d.leak)) {
        voltage.push_back(static_cast<std::int32_t>(std::min(nir_rounded(leak * one, rule), double{largest_decay})));
        note(voltage.back(), leak);
    }
    cuba.voltage_decay = constant(voltage);
    if (d.synapse_leak.empty()) return {};
    for (const double leak : nir_in_order(what, d.synapse_leak)) {
        current.push_back(std::max(0, static_cast<int>(std::nearbyint(leak * decay_one)) - 1));
        note(current.back() + 1, leak);
    }
    cuba.current_decay = constant(current);
    return {};
}

/// Mantissas and the least exponent that holds the largest bias.
void set_bias(const std::vector<double>& bias, const std::vector<double>& threshold, double scale, Cuba& cuba,
              NirRule rule, NirLayerError& error) {
    const double largest = nir_largest(bias);
    while (cuba.bias_exponent < most_bias_exponent && std::ldexp(largest, -cuba.bias_exponent) > largest_bias)
        ++cuba.bias_exponent;
    std::vector<std::int32_t> mantissas;
    for (std::size_t i = 0; i < bias.size(); ++i) {
        mantissas.push_back(static_cast<std::int32_t>(nir_rounded(std::ldexp(bias[i], -cuba.bias_exponent), rule)));
        error.bias = std::max(error.bias, std::abs(std::ldexp(mantissas.back(), cuba.bias_exponent) - bias[i]) /
                                              (threshold[i] * scale * nir_state_units));
    }
    cuba.bias = constant(mantissas);
}

}  // namespace

double nir_rounded(double value, NirRule rule) {
    return rule == NirRule::lava ? std::trunc(value) : std::nearbyint(value);
}

double nir_largest(const std::vector<double>& values) {
    double largest = 0;
    for (const double value : values) largest = std::max(largest, std::abs(value));
    return largest;
}

std::vector<double> nir_in_order(const NirNode& node, const std::vector<double>& elements) {
    std::vector<double> out(elements.size());
    for (std::size_t i = 0; i < elements.size(); ++i)
        out[static_cast<std::size_t>(neuron_of_element(node.shape, narrow<int>(i)))] = elements[i];
    return out;
}

Result<NeuronModelPtr> make_nir_neurons(const NirNode& what, const NirDynamics& d, std::vector<double> constants,
                                        const std::vector<double>& gain, NirRule rule, NirLayerError& error) {
    const double scale = error.scale;
    constants.resize(gain.size());
    if (what.type == "Threshold") {
        std::vector<std::int32_t> thresholds;
        const auto given = nir_in_order(what, d.v_threshold);
        for (std::size_t i = 0; i < gain.size(); ++i) {
            const double exact = (given[i] - constants[i]) * scale;
            if (std::abs(exact) > 2147483647.0)
                return bad_input("a threshold leaves 32 bits", "", "use larger weights");
            thresholds.push_back(static_cast<std::int32_t>(std::floor(exact)));  // above: the same for integers
        }
        return make_threshold(constant(thresholds));
    }
    LifParameters p;
    if (const auto done = set_decays(what, d, p.cuba, rule, error); !done) return tl::unexpected(done.error());
    const auto reset = d.v_reset.empty() ? std::vector<double>(gain.size()) : nir_in_order(what, d.v_reset);
    const auto leak = nir_in_order(what, d.leak), rest = nir_in_order(what, d.v_leak);
    std::vector<double> bias(gain.size()), threshold(gain.size(), 1);
    if (!d.v_threshold.empty()) {
        threshold = nir_in_order(what, d.v_threshold);
        for (std::size_t i = 0; i < threshold.size(); ++i) threshold[i] -= reset[i];
    }
    const bool cuba = !d.synapse_leak.empty();
    std::vector<std::int32_t> drive(gain.size());
    for (std::size_t i = 0; i < gain.size(); ++i) {
        bias[i] = leak[i] * (rest[i] - reset[i]) * scale * nir_state_units;
        const double current = constants[i] * gain[i] * scale;
        drive[i] = static_cast<std::int32_t>(nir_rounded(current, rule));
        // Without a synaptic current the bias can make up for the rounding.
        if (cuba)
            error.bias = std::max(error.bias, std::abs(drive[i] - current) / (threshold[i] * scale));
        else
            bias[i] += (current - drive[i]) * nir_state_units;
    }
    p.cuba.drive = constant(drive);
    set_bias(bias, threshold, scale, p.cuba, rule, error);
    if (d.v_threshold.empty()) return make_leaky_readout(std::move(p.cuba));
    std::vector<std::int32_t> thresholds;
    for (const double value : threshold) {
        const double exact = value * scale;
        const double fixed =
            rule == NirRule::lava ? std::floor(std::floor(value * largest_threshold) / 512) : std::nearbyint(exact);
        thresholds.push_back(static_cast<std::int32_t>(std::min(fixed, double{largest_threshold})));
        error.threshold = std::max(error.threshold, std::abs(thresholds.back() - exact) / exact);
    }
    p.threshold = constant(thresholds);
    return make_lif(std::move(p));
}

}  // namespace tephra::spiking
