#pragma once
// Probes of a network on a machine.
#include <vector>

#include "neuro/spiking/network_input.hpp"
#include "neuro/spiking/probes.hpp"
#include "simulator/slice_observer.hpp"
#include "simulator/state/checkpoint.hpp"

namespace tephra::spiking {

/// What decides the results of a run of a network with these probes, for CheckpointOptions::inputs.
std::vector<CheckpointInput> checkpoint_inputs(const NetworkInput& input, const std::vector<Probe>& probes);

/// Writes what slices send and hold into the probes' arrays. Slices write different elements, so threads may do it side
/// by side.
class ProbeRecorder final : public SliceObserver {
public:
    /// Both must outlive the recorder.
    ProbeRecorder(const Network& network, std::vector<Probe>& probes) : network_(network), probes_(probes) {}
    void fired(const ScheduledSlice& slice, std::uint32_t round, std::span<const std::int32_t> messages,
               std::span<const std::int32_t> state) override;
    void state(StateFields& fields, std::int64_t rounds) override;

private:
    const Network& network_;
    std::vector<Probe>& probes_;
};

}  // namespace tephra::spiking
