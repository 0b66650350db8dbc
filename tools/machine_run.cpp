#include "tools/machine_run.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "core/data_files.hpp"
#include "tools/ranks.hpp"

namespace tephra::tools {

void add_machine_run_options(CLI::App& command, MachineRunOptions& options) {
    add_word(command, "--machine", options.machine, "name of a machine that ships, or its JSON file")->required();
    auto* map = add_word(command, "--map", options.map, "mapping made by tephra map; made on the fly when absent");
    add_mapping_options(command, options.choice, map);
    add_choice(command, "--sync", options.sync, sync_names(), "barrier: global steps; dataflow: self-timed");
    add_choice(command, "--noc", options.noc, noc_names(), "ideal: latency only; contended: finite buffers and links");
    add_threads(command, options.threads, "threads of the simulator; results do not depend on it");
    auto* trace = add_output(command, "--trace", options.trace, "write a timeline for ui.perfetto.dev (JSON)");
    add_integer(command, "--trace-mib", options.trace_mib, 1, 1024, "bound on its size")->needs(trace);
    add_output(command, "-o,--output", options.output, "write the run (JSON) for tephra report");
    add_format(command, options.format);
}

MachineRunFiles open_files(Outputs& outputs, const MachineRunOptions& options) {
    if (!options.map.empty()) outputs.reads(options.map);
    outputs.reads(find_data_file("machines", "machine", options.machine).value_or(""));
    return {outputs.open("-o", options.output), outputs.open("--trace", options.trace)};
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

void set_options(const MachineRunOptions& options, MachineRunFiles& files, std::int64_t& dropped,
                 SimulateOptions& simulation) {
    simulation.sync = options.sync == "dataflow" ? SyncMode::dataflow : SyncMode::barrier;
    simulation.noc = options.noc == "ideal" ? NocMode::ideal : NocMode::contended;
    simulation.threads = options.threads;
    simulation.ranks = ranks();
    simulation.trace = {files.trace ? &*files.trace : nullptr, options.trace_mib << 20, &dropped};
}

void finish_trace(MachineRunFiles& files, std::int64_t dropped) {
    if (files.trace) require(files.trace->commit());
    if (dropped > 0) spdlog::warn("{} events did not fit into the trace: it ends early (raise --trace-mib)", dropped);
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
