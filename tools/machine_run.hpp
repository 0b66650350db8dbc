#pragma once
// What runs on a simulated machine have in common, whatever they run: options, mapping, timeline, table of results.
#include <optional>
#include <string>

#include "mapper/mapping.hpp"
#include "simulator/simulate.hpp"
#include "tools/command.hpp"
#include "tools/mapping_options.hpp"
#include "tools/options.hpp"
#include "tools/outputs.hpp"
#include "tools/table.hpp"

namespace tephra::tools {

struct MachineRunOptions {
    std::string machine, map, output, trace;
    MappingChoice choice;
    std::string sync = "barrier", noc = "contended", format = "text";
    int threads = default_threads();
    std::int64_t trace_mib = 64;
};

void add_machine_run_options(CLI::App& command, MachineRunOptions& options);

/// The files of such a run: opened before work begins.
struct MachineRunFiles {
    std::optional<OutputFile> output, trace;
};
MachineRunFiles open_files(Outputs& outputs, const MachineRunOptions& options);

/// The mapping that the options ask for, made or read.
Mapping mapping_of(const MachineRunOptions& options, const Program& program, const Machine& machine, int streams);

/// Sets what the options say of a simulation. `dropped`: TraceOutput::dropped.
void set_options(const MachineRunOptions& options, MachineRunFiles& files, std::int64_t& dropped,
                 SimulateOptions& simulation);

/// Commits the timeline, with a warning when `dropped` events did not fit.
void finish_trace(MachineRunFiles& files, std::int64_t dropped);

/// Where the time went and what was counted.
void add_run_rows(const Run& run, Table& table);

}  // namespace tephra::tools
