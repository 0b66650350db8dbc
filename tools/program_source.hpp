#pragma once
// A model of either kind as a program, for the verbs that look at programs.
#include "neuro/program.hpp"
#include "tools/network_options.hpp"

namespace tephra::tools {

/// The program of the file NetworkOptions::network: of a language model, or of a network whose host sends what changes
/// (which takes the most memory). Options that say how to read a network's file are refused where none would read them.
Program read_program(const NetworkOptions& options, const CLI::App& command);

}  // namespace tephra::tools
