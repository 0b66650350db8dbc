#include "simulator/spiking/probe_recorder.hpp"

#include "neuro/spiking/lower.hpp"
#include "simulator/schedule.hpp"

namespace tephra::spiking {

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

}  // namespace tephra::spiking
