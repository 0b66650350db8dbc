#pragma once
// What runs on a simulated machine have in common, whatever they run: options, mapping, timeline, table of results.
#include <functional>
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
    std::string checkpoint, resume;
    double every = 0;
    bool faults = false;
    std::uint64_t fault_seed = 0;
    double round_latency = -1;  ///< --explain-scaling, microseconds; negative: not given
};

void add_machine_run_options(CLI::App& command, MachineRunOptions& options);

/// The files of such a run: opened before work begins.
struct MachineRunFiles {
    std::optional<OutputFile> output, trace;
    std::optional<Checkpoint> resume;
    CheckpointReport checkpoints;
};
MachineRunFiles open_files(Outputs& outputs, const MachineRunOptions& options);

/// The mapping that the options ask for, made or read.
Mapping mapping_of(const MachineRunOptions& options, const Program& program, const Machine& machine, int streams);

/// Sets what the options say of a simulation; `files` outlives it. `dropped`: TraceOutput::dropped. `scaling`:
/// SimulateOptions::scaling.
void set_options(const MachineRunOptions& options, MachineRunFiles& files, std::int64_t& dropped, Scaling& scaling,
                 SimulateOptions& simulation);

/// The run that `work` makes. Where checkpoints are written, a signal ends it by Interrupted, once one is.
Run run_with_checkpoints(const MachineRunOptions& options, const MachineRunFiles& files,
                         const std::function<Result<Run>()>& work);

/// With --faults: what links did, row by row, and the sums, to which `add_changes` adds what it did to the results.
void print_faults(const MachineRunOptions& options, const Run& run, const std::function<void(Table&)>& add_changes);

/// Commits the timeline, with a warning when `dropped` events did not fit.
void finish_trace(MachineRunFiles& files, std::int64_t dropped);

/// What the run would cost on more ranks, with --explain-scaling: a table after that of the results.
void print_scaling(const MachineRunOptions& options, const Scaling& scaling);

/// Where the time went and what was counted.
void add_run_rows(const Run& run, Table& table);

}  // namespace tephra::tools
