#include "tools/machine_run.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <iostream>

#include "core/data_files.hpp"
#include "core/stop.hpp"
#include "core/text.hpp"
#include "simulator/scaling.hpp"
#include "tools/fault_tables.hpp"
#include "tools/process.hpp"
#include "tools/ranks.hpp"

namespace tephra::tools {

void add_machine_run_options(CLI::App& command, MachineRunOptions& options) {
    add_word(command, "--machine", options.machine, "name of a machine that ships, or its JSON file")->required();
    auto* map = add_word(command, "--map", options.map, "mapping made by tephra map; made on the fly when absent");
    add_mapping_options(command, options.choice, map);
    add_choice(command, "--sync", options.sync, sync_names(), "barrier: global steps; dataflow: self-timed");
    add_choice(command, "--noc", options.noc, noc_names(), "ideal: latency only; contended: finite buffers and links");
    add_threads(command, options.threads, "threads of the simulator; results do not depend on it");
    add_fault_options(command, options.faults, options.fault_seed);
    auto* trace = add_output(command, "--trace", options.trace, "write a timeline for ui.perfetto.dev (JSON)");
    add_integer(command, "--trace-mib", options.trace_mib, 1, 1024, "bound on its size")->needs(trace);
    auto* checkpoint =
        add_output(command, "--checkpoint", options.checkpoint,
                   "file for the state of the run: written on SIGINT, SIGTERM and SIGHUP, and as --every says");
    add_number(command, "--every", options.every, 0.001, 1e9, "seconds from one checkpoint to the next")
        ->needs(checkpoint);
    add_word(command, "--resume", options.resume, "checkpoint that the run goes on from; all else as it was given");
    add_number(command, "--explain-scaling", options.round_latency, 0, 1e6,
               "also say what the run would take on more ranks (mpirun), whose messages take so many microseconds")
        ->excludes(command.get_option("--threads"));
    add_output(command, "-o,--output", options.output, "write the run (JSON) for tephra report");
    add_format(command, options.format);
}

MachineRunFiles open_files(Outputs& outputs, const MachineRunOptions& options) {
    if (!options.map.empty()) outputs.reads(options.map);
    outputs.reads(find_data_file("machines", "machine", options.machine).value_or(""));
    if (!options.checkpoint.empty()) outputs.claim("--checkpoint", options.checkpoint);
    if (!options.checkpoint.empty() && is_root())
        require(
            OutputFile::create_regular(options.checkpoint));  // whether it can be written is known before work begins
    if (!options.resume.empty()) outputs.reads(options.resume);  // after its claim: both may be one file
    MachineRunFiles files{outputs.open("-o", options.output), outputs.open("--trace", options.trace), {}, {}};
    if (!options.resume.empty() && is_root()) files.resume = require(Checkpoint::open(options.resume));
    return files;
}

Mapping mapping_of(const MachineRunOptions& options, const Program& program, const Machine& machine, int streams) {
    if (!options.map.empty()) {
        Mapping mapping = require(read_mapping(options.map));
        require(accept_mapping(program, machine, mapping, options.map));
        return mapping;
    }
    MapOptions map = map_options(options.choice);
    map.streams = streams;
    return require(map_program(program, machine, map));
}

void set_options(const MachineRunOptions& options, MachineRunFiles& files, std::int64_t& dropped, Scaling& scaling,
                 SimulateOptions& simulation) {
    if (options.round_latency >= 0) {
        if (ranks() != nullptr)
            throw Failure{{ErrorCode::usage, "it is counted in a run of one process", "--explain-scaling",
                           "leave mpirun or the option out"}};
        simulation.scaling = &scaling;
    }
    simulation.sync = options.sync == "dataflow" ? SyncMode::dataflow : SyncMode::barrier;
    simulation.noc = options.noc == "ideal" ? NocMode::ideal : NocMode::contended;
    simulation.threads = simulation.scaling != nullptr ? 1 : options.threads;
    simulation.fault_seed = options.fault_seed;
    simulation.ranks = ranks();
    simulation.checkpoint.path = options.checkpoint;
    if (options.every > 0) simulation.checkpoint.due = every_seconds(options.every);
    simulation.checkpoint.resume = files.resume ? &*files.resume : nullptr;
    simulation.checkpoint.report = &files.checkpoints;
    simulation.trace = {files.trace ? &*files.trace : nullptr, options.trace_mib << 20, &dropped};
}

Run run_with_checkpoints(const MachineRunOptions& options, const MachineRunFiles& files,
                         const std::function<Result<Run>()>& work) {
    if (options.checkpoint.empty()) return require(work());
    const CheckpointReport& report = files.checkpoints;
    const StopOnSignal signals;
    const StopScope scope(StopOnSignal::flag());
    try {
        Run run = require(work());
        if (report.failure) spdlog::warn("no checkpoint was written: {}", printable(to_string(*report.failure)));
        return run;
    } catch (const Stopped&) {
        const int signal = StopOnSignal::signal() != 0 ? StopOnSignal::signal() : SIGTERM;  // another rank had it
        if (report.failure) throw Interrupted{signal, true, "the run is lost: " + to_string(*report.failure)};
        if (report.written == 0) throw Interrupted{signal, false, "interrupted before anything was simulated"};
        throw Interrupted{signal, false,
                          "interrupted; the state of the run is in " + options.checkpoint + " (" +
                              bytes_text(report.bytes) + "): to go on, give the same command with --resume " +
                              options.checkpoint};
    }
}

void print_faults(const MachineRunOptions& options, const Run& run, const std::function<void(Table&)>& add_changes) {
    if (!options.faults) return;
    Table summary = fault_summary(run);
    add_changes(summary);
    std::cout << "\n" << fault_rows(run).render(options.format) << "\n" << summary.render(options.format);
}

void finish_trace(MachineRunFiles& files, std::int64_t dropped) {
    if (files.trace) require(files.trace->commit());
    if (dropped > 0) spdlog::warn("{} events did not fit into the trace: it ends early (raise --trace-mib)", dropped);
}

void print_scaling(const MachineRunOptions& options, const Scaling& scaling) {
    if (options.round_latency < 0) return;
    Table table({"ranks", "seconds in windows", "times as fast", "events in turn", "mails", "windows"});
    ScalingCosts costs;
    costs.event = scaling.event_seconds;
    costs.latency = options.round_latency * 1e-6;
    const double alone = predicted_seconds(scaling.rows.front(), costs);
    for (const ScalingRow& row : scaling.rows) {
        const double seconds = predicted_seconds(row, costs);
        table.add({row.ranks, figure(seconds), figure(alone / seconds), row.events, row.mails, row.windows});
    }
    std::cout << "\n" << table.render(options.format);
}

void add_run_rows(const Run& run, Table& table) {
    table.add({"chips with work", run.powered_chips, "of " + std::to_string(run.machine_chips)});
    const double elapsed = std::max(seconds(run.elapsed), 1e-15);
    const auto share = [&](Picoseconds part) { return 100 * seconds(part) / elapsed; };
    for (const PhaseTime& phase : phases_of(run)) table.add({"critical path: " + phase.name, share(phase.time), "%"});
    table.add({"packets sent by cores", total(run, EventKind::message_out), "packets"});
    table.add({"weights met by messages", total(run, EventKind::synop_ternary) + total(run, EventKind::synop_int8),
               "synops"});
    table.add({"messages saved because they were zero", total(run, EventKind::skipped), "messages"});
}

}  // namespace tephra::tools
