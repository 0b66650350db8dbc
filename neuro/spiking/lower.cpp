#include "neuro/spiking/lower.hpp"

#include <algorithm>
#include <utility>

#include "core/narrow.hpp"
#include "neuro/identity.hpp"
#include "neuro/spiking/difference.hpp"
#include "neuro/spiking/relay.hpp"

namespace tephra::spiking {
namespace {

/// Barrier steps after the entry of a round.
enum Stage : int { at_source, at_layers, at_sink, stages };

constexpr int input_bits = 32;

/// Neurons of layers together.
Result<int> neurons_of(const Network& network, const std::vector<int>& layers, const char* what) {
    std::int64_t sum = 0;
    for (const int layer : layers) sum += network.layer(layer).size();
    if (sum > max_population)
        return bad_input(std::to_string(sum) + " neurons in all " + what, what,
                         "the host takes part with at most " + std::to_string(max_population));
    return narrow<int>(sum);
}

class Lowering {
public:
    Lowering(const Network& network, const std::string& name, Hash128 hash, HostInput input)
        : network_(network), input_(input) {
        program_.model_name = name;
        program_.model = hash;
        program_.round = RoundKind::time_step;
        program_.steps = stages;
    }

    Result<Program> run() {
        if (network_.outputs().empty())
            return bad_input("no layer of the network is an output", "outputs",
                             "name the layers that the host shall read");
        std::vector<int> fed;
        for (const Input& input : network_.inputs()) fed.push_back(input.layer);
        const Result<int> inputs = neurons_of(network_, fed, "inputs");
        if (!inputs) return tl::unexpected(inputs.error());
        const Result<int> outputs = neurons_of(network_, network_.outputs(), "outputs");
        if (!outputs) return tl::unexpected(outputs.error());
        add_source(*inputs);
        for (const Layer& layer : network_.layers()) add_layer(layer);
        add_sink(*outputs);
        connect_host(*inputs, *outputs);
        for (const Connection& c : network_.connections()) {
            Projection& p = connect(of_layer(c.source), of_layer(c.target), c.synapses);
            p.port = c.port;
            p.delay = 1 + c.delay;
            p.slots = p.delay + 1;
        }
        return std::move(program_);
    }

private:
    /// As layer_of() counts.
    [[nodiscard]] static PopulationId of_layer(int layer) { return PopulationId(layer + 1); }

    PopulationId add(Population p) {
        program_.layers.push_back({p.name});
        p.layer = LayerId(narrow<int>(program_.layers.size()) - 1);
        program_.populations.push_back(std::move(p));
        return PopulationId(narrow<int>(program_.populations.size()) - 1);
    }

    void add_source(int neurons) {
        Population p;
        p.name = "host input";
        p.size = std::max(neurons, 1);
        p.runs_on = RunsOn::host;
        p.model = input_ == HostInput::changes ? make_difference() : make_relay();
        p.payload = Payload::number;
        p.message_bits = input_bits;
        p.stage = at_source;
        program_.source = add(std::move(p));
    }

    void add_layer(const Layer& layer) {
        Population p;
        p.name = layer.name;
        p.size = layer.size();
        p.model = layer.neurons;
        p.payload = layer.message_bits == 0 ? Payload::spike : Payload::number;
        p.message_bits = layer.message_bits;
        p.stage = at_layers;
        add(std::move(p));
    }

    void add_sink(int neurons) {
        Population p;
        p.name = "host output";
        p.size = neurons;
        p.runs_on = RunsOn::host;
        p.stage = at_sink;
        program_.sink = add(std::move(p));
    }

    void connect_host(int inputs, int outputs) {
        int first = 0;
        for (const Input& input : network_.inputs()) {
            const int n = network_.layer(input.layer).size();
            Projection& p = connect(program_.source, of_layer(input.layer),
                                    make_identity({inputs, n, {first, first + n}, 0, false}));
            p.port = input.port;
            p.held = input_ == HostInput::changes;
            p.slots = at_layers - at_source + 1;
            first += n;
        }
        first = 0;
        for (const int output : network_.outputs()) {
            const int n = network_.layer(output).size();
            connect(of_layer(output), program_.sink, make_identity({n, outputs, {0, n}, first, false})).slots =
                at_sink - at_layers + 1;
            first += n;
        }
    }

    Projection& connect(PopulationId source, PopulationId target, std::shared_ptr<const SynapseFormat> synapses) {
        const ProjectionId id(narrow<int>(program_.projections.size()));
        Projection p;
        p.name = program_[source].name + " -> " + program_[target].name;
        p.source = source;
        p.target = target;
        p.synapses = std::move(synapses);
        program_.populations[source.index()].outputs.push_back(id);
        program_.populations[target.index()].inputs.push_back(id);
        program_.projections.push_back(std::move(p));
        return program_.projections.back();
    }

    const Network& network_;
    HostInput input_;
    Program program_;
};

}  // namespace

Result<Program> lower(const Network& network, const std::string& name, Hash128 hash, HostInput input) {
    return Lowering(network, name, hash, input).run();
}

}  // namespace tephra::spiking
