#pragma once
// A spiking or graded network on a simulated machine.
#include <string>

#include "tools/machine_run.hpp"
#include "tools/network_options.hpp"

namespace tephra::tools {

/// `record`: file for the probes; empty: none.
void simulate_network(const NetworkOptions& options, const MachineRunOptions& run, const std::string& record,
                      const CLI::App& command);

}  // namespace tephra::tools
