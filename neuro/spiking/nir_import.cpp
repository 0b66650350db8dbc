#include "neuro/spiking/nir_import.hpp"

#include <algorithm>
#include <cmath>

#include "core/narrow.hpp"
#include "core/text.hpp"
#include "neuro/spiking/graded.hpp"
#include "neuro/spiking/leaky_readout.hpp"
#include "neuro/spiking/lif.hpp"
#include "neuro/spiking/nir_path.hpp"
#include "neuro/spiking/nir_synapses.hpp"
#include "neuro/spiking/relay.hpp"
#include "neuro/spiking/weights.hpp"

namespace tephra::spiking {
namespace {

constexpr int most_nir_weight_bits = 16;
constexpr int voltage_message_bits = 24;
constexpr double state_units = 1 << state_alignment;
constexpr double lava_units = 256;  // of a weight or a threshold of 1
constexpr double lava_decay_units = 4095;
constexpr double largest_lava_weight = 255;

double largest_magnitude(const std::vector<double>& values) {
    double largest = 0;
    for (const double value : values) largest = std::max(largest, std::abs(value));
    return largest;
}

/// Values of elements in the order of a layer's neurons.
std::vector<double> in_order(const NirNode& node, const std::vector<double>& elements) {
    std::vector<double> out(elements.size());
    for (std::size_t i = 0; i < elements.size(); ++i)
        out[static_cast<std::size_t>(neuron_of_element(node.shape, narrow<int>(i)))] = elements[i];
    return out;
}

/// One constant for all neurons where they are equal.
NeuronConstant constant(const std::vector<std::int32_t>& values) {
    if (std::ranges::all_of(values, [&](std::int32_t v) { return v == values.front(); })) return values.front();
    return NeuronConstant(values);
}

template <typename T>
Result<T> at(const NirNode& node, Result<T> result) {
    if (!result && result.error().place.empty()) {
        result.error().place = node.place;
        result.error().message = "node \"" + node.name + "\": " + result.error().message;
    }
    return result;
}

class Importer {
public:
    Importer(const NirGraph& graph, const NirOptions& options)
        : graph_(graph), options_(options), layer_of_(graph.nodes.size(), -1), output_scale_(graph.nodes.size(), 0) {}

    Result<NirModel> run() {
        if (!(options_.dt > 0) || !std::isfinite(options_.dt))
            return bad_input("a step of " + std::to_string(options_.dt) + " s", "", "--dt is a time above 0");
        if (const auto good =
                check_constant(options_.weight_bits, "the number of weight bits", 2, most_nir_weight_bits);
            !good)
            return tl::unexpected(good.error());
        largest_weight_ = std::ldexp(1, options_.weight_bits - 1) - 1;
        auto paths = find_nir_paths(graph_, options_.dt);
        if (!paths) return tl::unexpected(paths.error());
        paths_ = std::move(*paths);
        auto constants = nir_constants(graph_);
        if (!constants) return tl::unexpected(constants.error());
        constants_ = std::move(*constants);
        if (const auto done = add_layers(); !done) return tl::unexpected(done.error());
        if (const auto done = add_outputs(); !done) return tl::unexpected(done.error());
        auto network = Network::make(std::move(parts_));
        if (!network) return tl::unexpected(network.error());
        return NirModel{std::move(*network), std::move(nodes_), std::move(errors_)};
    }

private:
    [[nodiscard]] const NirNode& node(int index) const { return graph_.nodes[static_cast<std::size_t>(index)]; }
    [[nodiscard]] double& output_scale(int index) { return output_scale_[static_cast<std::size_t>(index)]; }

    void push_layer(int index, NeuronModelPtr neurons, int message_bits, double output_scale_of_it) {
        layer_of_[static_cast<std::size_t>(index)] = narrow<int>(parts_.layers.size());
        output_scale(index) = output_scale_of_it;
        nodes_.push_back(index);
        std::vector<int> shape(node(index).shape.rbegin(), node(index).shape.rend());
        parts_.layers.push_back({node(index).name, std::move(shape), std::move(neurons), message_bits});
    }

    /// Layers whose weights depend on the scale of what others send come after those.
    Result<void> add_layers() {
        push_layer(graph_.input, make_relay(), options_.input_message_bits, 1);
        parts_.inputs = {{0, 0}};
        for (int i = 0; i < std::ssize(graph_.nodes); ++i)
            if (node(i).is_neuron() && !sends_voltage(i)) output_scale(i) = 1;
        std::vector<int> open;
        for (int i = 0; i < std::ssize(graph_.nodes); ++i)
            if (node(i).is_neuron()) open.push_back(i);
        while (!open.empty()) {
            const auto ready = std::ranges::find_if(open, [&](int i) {
                return std::ranges::all_of(
                    paths_, [&](const NirPath& path) { return path.target != i || output_scale(path.source) > 0; });
            });
            if (ready == open.end())
                return bad_input(
                    "node \"" + node(open.front()).name + "\" is in a cycle of integrators that send voltages",
                    node(open.front()).place, "put spiking neurons into the cycle");
            const int next = *ready;
            open.erase(ready);
            if (auto done = add_neurons(next); !done) return done;
        }
        for (auto& [path, connection] : made_) {
            connection.source = layer_of_[static_cast<std::size_t>(paths_[path].source)];
            connection.target = layer_of_[static_cast<std::size_t>(paths_[path].target)];
            parts_.connections.push_back(std::move(connection));
        }
        return {};
    }

    [[nodiscard]] bool sends_voltage(int index) const {
        const std::string& type = node(index).type;
        return type == "I" || type == "LI" || type == "CubaLI";
    }

    Result<void> add_outputs() {
        for (const int from : node(graph_.output).from) {
            int source = from;
            while (node(source).type == "Output" && node(source).from.size() == 1) source = node(source).from.front();
            if (!node(source).is_neuron())
                return bad_input("node \"" + node(source).name + "\" (" + node(source).type + ") leads to the output",
                                 node(source).place, "put neurons before the output, such as LI");
            parts_.outputs.push_back(layer_of_[static_cast<std::size_t>(source)]);
        }
        return {};
    }

    /// Gain of each neuron: what its sums are multiplied by before they are weights.
    static std::vector<double> gains(const NirNode& what, const NirDynamics& d) {
        std::vector<double> gain = d.gain;
        for (std::size_t i = 0; i < d.synapse_leak.size(); ++i) gain[i] *= d.synapse_leak[i] * d.synapse_gain[i];
        return in_order(what, gain);
    }

    Result<void> add_neurons(int index) {
        const NirNode& what = node(index);
        const auto dynamics = nir_dynamics(what, options_.dt);
        if (!dynamics) return tl::unexpected(dynamics.error());
        if (options_.rule == NirRule::lava)
            if (auto good = check_lava(index, *dynamics); !good) return good;
        const std::vector<double> gain = gains(what, *dynamics);
        NirLayerError error;
        error.layer = what.name;
        error.scale = find_scale(index, *dynamics, gain);
        for (std::size_t i = 0; i < paths_.size(); ++i)
            if (paths_[i].target == index)
                if (auto done = connect(i, gain, error); !done) return done;
        const auto neurons = at(what, make_neurons(index, *dynamics, gain, error));
        if (!neurons) return tl::unexpected(neurons.error());
        if (auto kept = check_errors(what, error); !kept) return kept;
        const bool voltage = sends_voltage(index);
        push_layer(index, *neurons, voltage ? voltage_message_bits : 0, voltage ? error.scale * state_units : 1);
        errors_.push_back(std::move(error));
        return {};
    }

    /// Fixed point shares one scale between a layer's weights and thresholds; where it loses one of them, the network
    /// would be another one.
    static Result<void> check_errors(const NirNode& what, const NirLayerError& error) {
        constexpr double lost = 0.5;
        const bool weights = error.weight >= lost;
        if (!weights && error.threshold < lost) return {};
        const double percent = 100 * (weights ? error.weight : error.threshold);
        return bad_input("fixed point cannot hold " + std::string(weights ? "weights" : "thresholds") + " of node \"" +
                             what.name + "\": an error of " + fixed_text(percent, 0) + " %",
                         what.place, "thresholds and weights of a layer may be some thousand apart, not more");
    }

    [[nodiscard]] Result<void> check_lava(int index, const NirDynamics& d) const {
        const NirNode& what = node(index);
        const auto zero = [](const std::vector<double>& values) { return largest_magnitude(values) == 0; };
        if (what.type != "LIF" || !zero(d.v_leak) || !zero(d.v_reset) ||
            !zero(constants_[static_cast<std::size_t>(index)]))
            return bad_input("node \"" + what.name + "\" is no LIF without leak, reset and bias", what.place,
                             "Lava's converter takes nothing else: use the other rule");
        for (const NirPath& path : paths_)
            for (const int i : path.nodes)
                if (path.target == index && node(i).type != "Affine" && node(i).type != "Linear")
                    return bad_input("node \"" + node(i).name + "\" is of type " + node(i).type, node(i).place,
                                     "Lava's converter takes LIF and Affine alone: use the other rule");
        return {};
    }

    /// Largest weight of a path times the gain of its target.
    [[nodiscard]] double largest_weight(const NirPath& path, const std::vector<double>& gain) {
        double largest = 0;
        for (const PathEntry& e : path.entries)
            largest = std::max(largest, std::abs(e.weight * gain[static_cast<std::size_t>(e.target)]));
        return largest / output_scale(path.source);
    }

    double find_scale(int index, const NirDynamics& d, const std::vector<double>& gain) {
        if (options_.rule == NirRule::lava) return lava_units;
        double weight = 0;
        for (const NirPath& path : paths_)
            if (path.target == index) weight = std::max(weight, largest_weight(path, gain));
        double scale = weight > 0 ? largest_weight_ / weight : 1;
        if (node(index).type == "Threshold") return scale;
        const auto limit = [&](double value, double most) {
            if (value > 0) scale = std::min(scale, most / value);
        };
        for (std::size_t i = 0; i < d.v_threshold.size(); ++i)
            limit(d.v_threshold[i] - d.v_reset[i], largest_threshold);
        const auto& constants = constants_[static_cast<std::size_t>(index)];
        for (std::size_t i = 0; i < constants.size(); ++i) limit(std::abs(constants[i] * gain[i]), largest_drive);
        for (std::size_t i = 0; i < d.leak.size(); ++i)
            limit(std::abs(d.leak[i] * (d.v_leak[i] - (d.v_reset.empty() ? 0 : d.v_reset[i]))), largest_bias);
        return scale;
    }

    [[nodiscard]] double rounded(double value) const {
        return options_.rule == NirRule::lava ? std::trunc(value) : std::nearbyint(value);
    }

    /// Makes the synapses of a path.
    Result<void> connect(std::size_t index, const std::vector<double>& gain, NirLayerError& error) {
        const NirPath& path = paths_[index];
        const NirNode& target = node(path.target);
        const double unit = error.scale / output_scale(path.source), largest = largest_weight(path, gain) * error.scale;
        if (largest == 0) return {};
        // Small weights get more bits, which the sum loses again.
        const bool kernel = options_.rule == NirRule::nearest && is_convolution(graph_, path, gain);
        int exponent = 0;
        if (options_.rule == NirRule::nearest && !kernel)
            while (exponent > least_weight_exponent && std::ldexp(largest, 1 - exponent) <= largest_weight_) --exponent;
        const double factor = std::ldexp(unit, -exponent);
        std::vector<std::int32_t> weights;
        weights.reserve(path.entries.size());
        for (const PathEntry& e : path.entries) {
            const double exact = e.weight * gain[static_cast<std::size_t>(e.target)] * factor, fixed = rounded(exact);
            if (options_.rule == NirRule::lava && std::abs(fixed) > largest_lava_weight)
                return bad_input("a weight of node \"" + target.name + "\" becomes " + number_text(fixed), target.place,
                                 "use a smaller --dt, or the other rule");
            weights.push_back(static_cast<std::int32_t>(fixed));
            error.weight = std::max(error.weight, std::abs(fixed - exact) / std::ldexp(largest, -exponent));
        }
        auto connection = at(target, kernel ? convolve(graph_, path, gain, factor)
                                            : join(path, node(path.source).size(), target.size(), weights, exponent));
        if (!connection) return tl::unexpected(connection.error());
        made_.emplace_back(index, std::move(*connection));
        return {};
    }

    Result<NeuronModelPtr> make_neurons(int index, const NirDynamics& d, const std::vector<double>& gain,
                                        NirLayerError& error) const {
        const NirNode& what = node(index);
        const double scale = error.scale;
        std::vector<double> constants = constants_[static_cast<std::size_t>(index)];
        constants.resize(gain.size());
        if (what.type == "Threshold") {
            std::vector<std::int32_t> thresholds;
            const auto given = in_order(what, d.v_threshold);
            for (std::size_t i = 0; i < gain.size(); ++i) {
                const double exact = (given[i] - constants[i]) * scale;
                if (std::abs(exact) > 2147483647.0)
                    return bad_input("a threshold leaves 32 bits", "", "use larger weights");
                thresholds.push_back(static_cast<std::int32_t>(std::floor(exact)));  // above: the same for integers
            }
            return make_threshold(constant(thresholds));
        }
        LifParameters p;
        if (const auto done = set_decays(what, d, p.cuba, error); !done) return tl::unexpected(done.error());
        const auto reset = d.v_reset.empty() ? std::vector<double>(gain.size()) : in_order(what, d.v_reset);
        const auto leak = in_order(what, d.leak), rest = in_order(what, d.v_leak);
        std::vector<double> bias(gain.size()), threshold(gain.size(), 1);
        if (!d.v_threshold.empty()) {
            threshold = in_order(what, d.v_threshold);
            for (std::size_t i = 0; i < threshold.size(); ++i) threshold[i] -= reset[i];
        }
        const bool cuba = !d.synapse_leak.empty();
        std::vector<std::int32_t> drive(gain.size());
        for (std::size_t i = 0; i < gain.size(); ++i) {
            bias[i] = leak[i] * (rest[i] - reset[i]) * scale * state_units;
            const double current = constants[i] * gain[i] * scale;
            drive[i] = static_cast<std::int32_t>(rounded(current));
            // Without a synaptic current the bias can make up for the rounding.
            if (cuba)
                error.bias = std::max(error.bias, std::abs(drive[i] - current) / (threshold[i] * scale));
            else
                bias[i] += (current - drive[i]) * state_units;
        }
        p.cuba.drive = constant(drive);
        set_bias(bias, threshold, scale, p.cuba, error);
        if (d.v_threshold.empty()) return make_leaky_readout(std::move(p.cuba));
        std::vector<std::int32_t> thresholds;
        for (const double value : threshold) {
            const double exact = value * scale;
            const double fixed = options_.rule == NirRule::lava
                                     ? std::floor(std::floor(value * largest_threshold) / 512)
                                     : std::nearbyint(exact);
            thresholds.push_back(static_cast<std::int32_t>(std::min(fixed, double{largest_threshold})));
            error.threshold = std::max(error.threshold, std::abs(thresholds.back() - exact) / exact);
        }
        p.threshold = constant(thresholds);
        return make_lif(std::move(p));
    }

    Result<void> set_decays(const NirNode& what, const NirDynamics& d, Cuba& cuba, NirLayerError& error) const {
        const double one = options_.rule == NirRule::lava ? lava_decay_units : double{decay_one};
        const auto note = [&](double fixed, double exact) {
            if (exact > 0) error.decay = std::max(error.decay, std::abs(fixed / decay_one - exact) / exact);
        };
        std::vector<std::int32_t> voltage, current;
        for (const double leak : in_order(what, d.leak)) {
            voltage.push_back(static_cast<std::int32_t>(std::min(rounded(leak * one), double{largest_decay})));
            note(voltage.back(), leak);
        }
        cuba.voltage_decay = constant(voltage);
        if (d.synapse_leak.empty()) return {};
        for (const double leak : in_order(what, d.synapse_leak)) {
            current.push_back(std::max(0, static_cast<int>(std::nearbyint(leak * decay_one)) - 1));
            note(current.back() + 1, leak);
        }
        cuba.current_decay = constant(current);
        return {};
    }

    /// Mantissas and the least exponent that holds the largest bias.
    void set_bias(const std::vector<double>& bias, const std::vector<double>& threshold, double scale, Cuba& cuba,
                  NirLayerError& error) const {
        const double largest = largest_magnitude(bias);
        while (cuba.bias_exponent < most_bias_exponent && std::ldexp(largest, -cuba.bias_exponent) > largest_bias)
            ++cuba.bias_exponent;
        std::vector<std::int32_t> mantissas;
        for (std::size_t i = 0; i < bias.size(); ++i) {
            mantissas.push_back(static_cast<std::int32_t>(rounded(std::ldexp(bias[i], -cuba.bias_exponent))));
            error.bias = std::max(error.bias, std::abs(std::ldexp(mantissas.back(), cuba.bias_exponent) - bias[i]) /
                                                  (threshold[i] * scale * state_units));
        }
        cuba.bias = constant(mantissas);
    }

    const NirGraph& graph_;
    NirOptions options_;
    double largest_weight_ = 0;
    std::vector<NirPath> paths_;
    std::vector<std::vector<double>> constants_;  ///< by node and neuron
    std::vector<int> layer_of_, nodes_;
    std::vector<double> output_scale_;  ///< of what a node sends: fixed-point units for 1; 0: not known yet
    std::vector<std::pair<std::size_t, Connection>> made_;  ///< by path
    std::vector<NirLayerError> errors_;
    NetworkParts parts_;
};

}  // namespace

Result<NirModel> import_nir(const NirGraph& graph, const NirOptions& options) {
    return Importer(graph, options).run();
}

}  // namespace tephra::spiking
