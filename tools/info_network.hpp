#pragma once
// What the file of a spiking or graded network holds.
#include <string>

#include "tools/network_options.hpp"

namespace tephra::tools {

/// Prints it as text or JSON.
void print_network(const NetworkOptions& options, const CLI::App& command, const std::string& format);

}  // namespace tephra::tools
