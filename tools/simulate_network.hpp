#pragma once
// A spiking or graded network on a simulated machine.
#include <string>

#include "neuro/spiking/lower.hpp"
#include "simulator/frame_feed.hpp"
#include "tools/machine_run.hpp"
#include "tools/network_options.hpp"

namespace tephra::tools {

/// How the host sends an input: once where it is the same in every step.
spiking::HostInput host_input(const spiking::NetworkInput& input);

/// The frames of `input` for so many steps; zeros where it has none. `input` must outlive it.
FrameFeed frame_feed(const Program& program, spiking::NetworkInput& input, int steps);

/// `record`: file for the probes; empty: none.
void simulate_network(const NetworkOptions& options, const MachineRunOptions& run, const std::string& record,
                      const CLI::App& command);

}  // namespace tephra::tools
