#pragma once
// Programs of chosen shape for tests: a lowered language model whose weights are blank.
#include "mapper/mapping.hpp"
#include "neuro/identity.hpp"
#include "neuro/lm/lower.hpp"
#include "neuro/lm/synth.hpp"
#include "tests/catch.hpp"
#include "tests/neuro/lm/blank_weights.hpp"
#include "tests/neuro/still_neuron.hpp"

namespace tephra::test {

inline Program small_program(int hidden, int layers, int intermediate, int vocab, const std::string& name = "small") {
    SynthOptions options = synth_shape(hidden, layers, intermediate, vocab);
    options.name = name;
    return lower(make_blank_model(options));
}

/// in (host, 8-bit messages) => out (dense ternary weights), ... -> sink (host): a population on cores for each number
/// of `outputs`; the sink reads the first.
inline Program dense_layers(int inputs, const std::vector<int>& outputs) {
    Program program;
    program.model_name = "layer";
    program.layers = {{"layer"}};
    const auto add = [&](const char* name, int size, Payload payload, int message_bits, bool on_host) {
        Population p;
        p.name = name;
        p.size = size;
        p.layer = LayerId(0);
        p.payload = payload;
        p.message_bits = message_bits;
        if (on_host) p.runs_on = RunsOn::host;
        if (payload != Payload::none) p.model = still_neuron();
        program.populations.push_back(p);
    };
    add("in", inputs, Payload::fields, 8, true);
    for (const int size : outputs) add("out", size, Payload::number, 24, false);
    add("sink", outputs[0], Payload::none, 0, true);
    program.source = PopulationId(0);
    program.sink = PopulationId(static_cast<int>(program.populations.size()) - 1);
    const auto connect = [&](PopulationId source, PopulationId target) -> Projection& {
        const ProjectionId id(static_cast<int>(program.projections.size()));
        program.populations[source.index()].outputs.push_back(id);
        program.populations[target.index()].inputs.push_back(id);
        Projection& p = program.projections.emplace_back();
        p.source = source;
        p.target = target;
        return p;
    };
    for (int k = 1; k < program.sink.value; ++k)
        connect(program.source, PopulationId(k)).synapses = blank_weights(program[PopulationId(k)].size, inputs);
    connect(PopulationId(1), program.sink).synapses = make_identity(outputs[0]);
    return program;
}

inline Program one_layer(int inputs, int outputs) {
    return dense_layers(inputs, {outputs});
}

inline std::size_t population_index(const Program& program, const std::string& name) {
    const auto found = std::ranges::find(program.populations, name, &Population::name);
    REQUIRE(found != program.populations.end());
    return static_cast<std::size_t>(found - program.populations.begin());
}

inline Mapping map(const Program& program, const Machine& machine, const MapOptions& options = {}) {
    auto mapping = map_program(program, machine, options);
    INFO((mapping ? "" : to_string(mapping.error())));
    REQUIRE(mapping);
    return *mapping;
}

}  // namespace tephra::test
