#include "simulator/spiking/probe_recorder.hpp"

#include "neuro/spiking/lower.hpp"
#include "simulator/schedule.hpp"
#include "simulator/state/state_fields.hpp"

namespace tephra::spiking {

std::vector<CheckpointInput> checkpoint_inputs(const NetworkInput& input, const std::vector<Probe>& probes) {
    std::vector<CheckpointInput> inputs = {{"input", to_string(input.hash())}};
    for (const Probe& probe : probes) inputs.push_back({"probe " + probe.name, "recorded"});
    return inputs;
}

void ProbeRecorder::fired(const ScheduledSlice& slice, std::uint32_t round, std::span<const std::int32_t> messages,
                          std::span<const std::int32_t> state) {
    const int layer = layer_of(slice.population);
    for (Probe& probe : probes_) {
        if (probe.layer != layer) continue;
        const auto neurons = static_cast<std::size_t>(network_.layer(layer).size());
        const auto n = static_cast<std::size_t>(slice.size());
        const auto values = probe.word < 0 ? messages : state.subspan(static_cast<std::size_t>(probe.word) * n, n);
        probe.set(round * neurons + static_cast<std::size_t>(slice.begin), values);
    }
}

void ProbeRecorder::state(StateFields& fields, std::int64_t rounds) {
    for (Probe& probe : probes_) {
        const auto values =
            static_cast<std::size_t>(rounds) * static_cast<std::size_t>(network_.layer(probe.layer).size());
        if (probe.small)
            fields.part(std::span(probe.bytes).first(values));
        else
            fields.part(std::span(probe.words).first(values));
    }
}

}  // namespace tephra::spiking
