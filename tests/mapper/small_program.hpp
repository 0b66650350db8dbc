#pragma once
// Programs of chosen shape for tests: a lowered language model whose weights are blank.
#include "mapper/mapping.hpp"
#include "neuro/lower.hpp"
#include "neuro/synth.hpp"
#include "tests/catch.hpp"
#include "tests/neuro/still_neuron.hpp"

namespace tephra::test {

inline Program small_program(int hidden, int layers, int intermediate, int vocab, const std::string& name = "small") {
    SynthOptions options = synth_shape(hidden, layers, intermediate, vocab);
    options.name = name;
    return lower(make_blank_model(options));
}

/// in (host, 8-bit messages) => out (dense ternary weights) -> sink (host): two populations, one of them on cores.
inline Program one_layer(int inputs, int outputs) {
    Program program;
    program.model_name = "layer";
    program.layers = {{"layer"}};
    const auto add = [&](const char* name, int size, int message_bits, bool on_host) {
        Population p;
        p.name = name;
        p.size = size;
        p.layer = LayerId(0);
        p.message_bits = message_bits;
        if (on_host) p.runs_on = RunsOn::host;
        if (!on_host || program.populations.empty()) p.model = still_neuron();
        program.populations.push_back(p);
    };
    add("in", inputs, 8, true), add("out", outputs, 24, false), add("sink", outputs, 0, true);
    program.source = PopulationId(0);
    program.sink = PopulationId(2);
    const auto connect = [&](int source, int target, SynapseKind kind) -> Projection& {
        const ProjectionId id(static_cast<int>(program.projections.size()));
        program.populations[static_cast<std::size_t>(source)].outputs.push_back(id);
        program.populations[static_cast<std::size_t>(target)].inputs.push_back(id);
        Projection& p = program.projections.emplace_back();
        p.source = PopulationId(source);
        p.target = PopulationId(target);
        p.kind = kind;
        return p;
    };
    TernaryMatrix weights;
    weights.rows = outputs;
    weights.cols = inputs;
    connect(0, 1, SynapseKind::ternary).matrices = {weights};
    connect(1, 2, SynapseKind::identity);
    return program;
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
