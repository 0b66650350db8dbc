#include "neuro/spiking/nir_import.hpp"

#include <algorithm>
#include <cmath>

#include "core/narrow.hpp"
#include "core/text.hpp"
#include "neuro/spiking/cuba.hpp"
#include "neuro/spiking/lif.hpp"
#include "neuro/spiking/nir_neurons.hpp"
#include "neuro/spiking/nir_path.hpp"
#include "neuro/spiking/nir_synapses.hpp"
#include "neuro/spiking/relay.hpp"
#include "neuro/spiking/weights.hpp"

namespace tephra::spiking {
namespace {

constexpr int most_nir_weight_bits = 16;
constexpr int voltage_message_bits = 24;
constexpr double lava_units = 256;  // of a weight or a threshold of 1
constexpr double largest_lava_weight = 255;
/// A step's current may be four thresholds: where it leaves 24 bits it wraps, and an input that is too strong would
/// keep a neuron silent.
constexpr std::int32_t largest_scaled_threshold = largest_threshold >> 2;

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
        std::vector<int> open = from_the_input();
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

    /// Nodes with neurons, by the fewest paths that lead from the input to them; those that none leads to come last.
    [[nodiscard]] std::vector<int> from_the_input() const {
        std::vector<int> order{graph_.input};
        const auto add = [&](int index) {
            if (node(index).is_neuron() && std::ranges::count(order, index) == 0) order.push_back(index);
        };
        for (std::size_t done = 0; done < order.size(); ++done)
            for (const NirPath& path : paths_)
                if (path.source == order[done]) add(path.target);
        for (int i = 0; i < std::ssize(graph_.nodes); ++i) add(i);
        order.erase(order.begin());
        return order;
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
        return nir_in_order(what, gain);
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
        const auto neurons = at(what, make_nir_neurons(what, *dynamics, constants_[static_cast<std::size_t>(index)],
                                                       gain, options_.rule, error));
        if (!neurons) return tl::unexpected(neurons.error());
        if (auto kept = check_errors(what, error); !kept) return kept;
        const bool voltage = sends_voltage(index);
        push_layer(index, *neurons, voltage ? voltage_message_bits : 0, voltage ? error.scale * nir_state_units : 1);
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
        const auto zero = [](const std::vector<double>& values) { return nir_largest(values) == 0; };
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
            limit(d.v_threshold[i] - d.v_reset[i], largest_scaled_threshold);
        const auto& constants = constants_[static_cast<std::size_t>(index)];
        for (std::size_t i = 0; i < constants.size(); ++i) limit(std::abs(constants[i] * gain[i]), largest_drive);
        for (std::size_t i = 0; i < d.leak.size(); ++i)
            limit(std::abs(d.leak[i] * (d.v_leak[i] - (d.v_reset.empty() ? 0 : d.v_reset[i]))), largest_bias);
        return scale;
    }

    /// Makes the synapses of a path.
    Result<void> connect(std::size_t index, const std::vector<double>& gain, NirLayerError& error) {
        const NirPath& path = paths_[index];
        error.delay = std::max(error.delay, path.delay_error);
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
            const double exact = e.weight * gain[static_cast<std::size_t>(e.target)] * factor,
                         fixed = nir_rounded(exact, options_.rule);
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
