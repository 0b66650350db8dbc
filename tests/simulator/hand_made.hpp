#pragma once
// A program small enough to follow by hand. It is laid out, but never run: its neuron models have no parameters.
//
//   source (host, 4) ══ ternary ══> unit (4) ── identity ──> sink (host, 4)
//      └── record of 3 words ──> pacer (1) ── range of 2 words ──> unit;   unit ── credit, lag 2 ──> pacer
#include "mapper/mapping.hpp"
#include "neuro/identity.hpp"
#include "neuro/program.hpp"
#include "tests/mapper/small_machine.hpp"
#include "tests/neuro/lm/blank_weights.hpp"
#include "tests/neuro/still_neuron.hpp"

namespace tephra::test {

enum HandMadePopulation : int { source_p, pacer_p, unit_p, sink_p };
enum HandMadeProjection : int { weights_j, record_j, range_j, logits_j, credit_j };

inline Program hand_made() {
    Program program;
    program.model_name = "hand made";
    program.steps = 4;
    program.layers = {{"all"}};
    program.source = PopulationId(source_p);
    program.sink = PopulationId(sink_p);
    program.populations.resize(4);
    const auto population = [&](int id, const char* name, int size, std::shared_ptr<const NeuronModel> model,
                                int stage) -> Population& {
        Population& p = program.populations[static_cast<std::size_t>(id)];
        p.name = name;
        p.size = size;
        p.model = std::move(model);
        p.stage = stage;
        p.layer = LayerId(0);
        return p;
    };
    Population& source = population(source_p, "source", 4, still_neuron(), 0);
    source.runs_on = RunsOn::host;
    source.payload = Payload::fields;
    source.message_bits = 8;
    source.record_words = 3;
    population(pacer_p, "pacer", 1, still_neuron(), 1).record_words = 2;
    Population& unit = population(unit_p, "unit", 4, still_neuron(), 2);
    unit.payload = Payload::number;
    unit.message_bits = 32;
    unit.runs_on = RunsOn::either;
    population(sink_p, "sink", 4, nullptr, 3).runs_on = RunsOn::host;
    const auto connect = [&](const char* name, int from, int to,
                             Transport transport = Transport::messages) -> Projection& {
        const ProjectionId id(static_cast<int>(program.projections.size()));
        Projection& j = program.projections.emplace_back();
        j.name = name;
        j.source = PopulationId(from);
        j.target = PopulationId(to);
        j.transport = transport;
        j.slots = 2;
        program.populations[static_cast<std::size_t>(from)].outputs.push_back(id);
        program.populations[static_cast<std::size_t>(to)].inputs.push_back(id);
        return j;
    };
    connect("weights", source_p, unit_p).synapses = blank_weights(4, 4);
    Projection& record = connect("record", source_p, pacer_p, Transport::reduce);
    record.words = 3;
    record.sums = 1;
    connect("range", pacer_p, unit_p, Transport::broadcast).words = 2;
    connect("logits", unit_p, sink_p).synapses = make_identity(4);
    connect("credit", unit_p, pacer_p, Transport::credit).lag = 2;
    return program;
}

/// One chip of 2 x 1 tiles with one core each.
inline Machine two_cores() {
    return small_machine({1, 1, 1}, {2, 1});
}

/// The pacer and unit 0, 1 on core 0; unit 2, 3 on core 1.
inline Mapping on_two_cores(const Program& program, const Machine& machine) {
    Mapping mapping;
    mapping.model = program.model;
    mapping.machine = machine.hash;
    mapping.machine_name = machine.name;
    mapping.slices = {{}, {{CoreId(0), 0, 1}}, {{CoreId(0), 0, 2}, {CoreId(1), 2, 4}}, {}};
    return mapping;
}

}  // namespace tephra::test
