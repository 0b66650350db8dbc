#pragma once
// Probes of a network on a machine.
#include <vector>

#include "neuro/spiking/probes.hpp"
#include "simulator/slice_observer.hpp"

namespace tephra::spiking {

/// Writes what slices send and hold into the probes' arrays. Slices write different elements, so threads may do it side
/// by side.
class ProbeRecorder final : public SliceObserver {
public:
    /// Both must outlive the recorder.
    ProbeRecorder(const Network& network, std::vector<Probe>& probes) : network_(network), probes_(probes) {}
    void fired(const ScheduledSlice& slice, std::uint32_t round, std::span<const std::int32_t> messages,
               std::span<const std::int32_t> state) override;

private:
    const Network& network_;
    std::vector<Probe>& probes_;
};

}  // namespace tephra::spiking
