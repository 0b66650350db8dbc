#pragma once
// One function a verb: adds its subcommand and options to the program; its callback runs the verb.
#include <CLI/CLI.hpp>

#include "core/error.hpp"

namespace tephra::tools {

/// Ends the verb with an error: main prints it to stderr and exits with the code of its kind.
struct Failure {
    Error error;
};

/// The value, or Failure.
template <typename T>
T require(Result<T> result) {
    if (!result) throw Failure{result.error()};
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

void add_eval_command(CLI::App& app);
void add_score_command(CLI::App& app);
void add_compare_command(CLI::App& app);
void add_lower_command(CLI::App& app);
void add_map_command(CLI::App& app);
void add_report_command(CLI::App& app);
void add_generate_command(CLI::App& app);
void add_run_command(CLI::App& app);
void add_info_command(CLI::App& app);
void add_import_command(CLI::App& app);
void add_simulate_command(CLI::App& app);
void add_synth_command(CLI::App& app);
void add_measure_command(CLI::App& app);
void add_fpga_command(CLI::App& app);
void add_validate_command(CLI::App& app);

}  // namespace tephra::tools
