#include "tools/simulate_network.hpp"

#include <algorithm>
#include <iostream>
#include <iterator>
#include <limits>

#include "core/text.hpp"
#include "simulator/spiking/message_change.hpp"
#include "simulator/spiking/network_feed.hpp"
#include "simulator/spiking/network_recipe.hpp"
#include "simulator/spiking/probe_recorder.hpp"
#include "tools/fault_tables.hpp"
#include "tools/ranks.hpp"

namespace tephra::tools {
namespace {

using spiking::Network;
using spiking::NetworkInput;

/// The mapping of --layer-cores, "13,25,2": cores of each layer.
Mapping placed(const std::string& text, const Program& program, const Machine& machine) {
    const std::string option = "--layer-cores";
    const auto cores = read_integers(text, option, 0, std::numeric_limits<int>::max(),
                                     "a number of cores for each layer, with commas: 13,25,2");
    return require(place_layers(cores, program, machine, option));
}

Table summary(const Run& run) {
    Table table({"result", "value", "unit"});
    const double elapsed = std::max(seconds(run.elapsed), 1e-15);
    const auto steps = static_cast<double>(run.tokens.size());
    const RoundWords& words = round_words(run.round);
    table.add({words.many, std::ssize(run.tokens), words.many});
    table.add({"simulated time", 1e3 * elapsed, "ms"});
    table.add({"time of a " + words.one, 1e6 * elapsed / steps, "us"});
    table.add({"rate", steps / elapsed, words.rate});
    add_run_rows(run, table);
    return table;
}

}  // namespace

void simulate_network(const NetworkOptions& options, const MachineRunOptions& run_options, const std::string& record,
                      const CLI::App& command) {
    Outputs outputs;
    claim_inputs(outputs, options);
    MachineRunFiles files = open_files(outputs, run_options);
    auto recorded = outputs.open("--record", record);
    const spiking::NamedNetwork named = read_named_network(options, command);
    const Network& network = named.network;
    const Machine machine = require(find_machine(run_options.machine));
    check_fault_options(command, machine);
    NetworkInput input = read_input(network, options);
    const int steps = require(input.steps_to_run(options.steps, "--steps"));
    std::vector<spiking::Probe> probes;
    if (recorded) probes = require(spiking::find_probes(network, options.probes, steps, "--probe"));
    const std::size_t asked = probes.size();  // the rest are for --faults
    if (run_options.faults)
        std::ranges::move(require(spiking::message_probes(network, steps, "--faults")), std::back_inserter(probes));
    NetworkInput again = input;
    const Program program = require(spiking::lower(network, named.name, named.hash, spiking::host_input(input)));
    const Mapping mapping = options.layer_cores.empty() ? mapping_of(run_options, program, machine, 1)
                                                        : placed(options.layer_cores, program, machine);
    FrameFeed feed = spiking::network_feed(program, input, steps);
    spiking::ProbeRecorder recorder(network, probes);
    SimulateOptions simulation;
    std::int64_t dropped = 0;
    Scaling scaling;
    set_options(run_options, files, dropped, scaling, simulation);
    if (!probes.empty()) simulation.observer = &recorder;
    simulation.checkpoint.inputs = spiking::checkpoint_inputs(input, probes);
    const Run run =
        run_with_checkpoints(run_options, files, [&] { return simulate(program, machine, mapping, feed, simulation); });
    if (!is_root()) return;
    finish_trace(files, dropped);
    const auto rest = probes.begin() + static_cast<std::ptrdiff_t>(asked);
    const std::vector<spiking::Probe> of_layers(std::make_move_iterator(rest), std::make_move_iterator(probes.end()));
    probes.erase(rest, probes.end());
    if (recorded) write_probes(*recorded, network, probes, steps);
    if (files.output) finish(files.output, require(run_json(run)));
    std::cout << summary(run).render(run_options.format);
    print_faults(run_options, run, [&](Table& summary) {
        const auto changed = require(spiking::changed_messages(network, again, steps, of_layers));
        for (const spiking::Probe& probe : of_layers) {
            const spiking::Layer& layer = network.layer(probe.layer);
            add_change(layer.name, changed[static_cast<std::size_t>(probe.layer)], std::int64_t{layer.size()} * steps,
                       summary);
        }
    });
    print_scaling(run_options, scaling);
}

}  // namespace tephra::tools
