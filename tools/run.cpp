// tephra run: a spiking or graded network on the plain engine, without a machine.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <memory>

#include "core/text.hpp"
#include "neuro/spiking/engine.hpp"
#include "tools/network_options.hpp"
#include "tools/options.hpp"
#include "tools/table.hpp"

namespace tephra::tools {
namespace {

using spiking::Engine;
using spiking::Network;

struct Options {
    NetworkOptions network;
    std::string output, format = "text";
};

std::string summary(const Network& network, const Engine& engine, const std::string& format) {
    Table table({"layer", "neurons", "model", "messages", "messages/step", "synops", "synops/step"});
    const auto per_step = [&](std::int64_t count) {
        return static_cast<double>(count) / static_cast<double>(std::max<std::int64_t>(engine.steps(), 1));
    };
    for (int i = 0; i < std::ssize(network.layers()); ++i) {
        const spiking::Layer& layer = network.layer(i);
        table.add({layer.name, layer.size(), std::string(layer.neurons->kind()), engine.sent(i),
                   per_step(engine.sent(i)), engine.synops(i), per_step(engine.synops(i))});
    }
    return table.render(format);
}

void run(const Options& options, const CLI::App& command) {
    Outputs outputs;
    claim_inputs(outputs, options.network);
    const Network network = read_network(options.network, command);
    NetworkInput input = read_input(network, options.network);
    const int steps = step_count(options.network, input);
    auto output = outputs.open("--output", options.output);
    std::vector<Probe> probes;
    if (output) probes = find_probes(network, options.network, steps);

    Engine engine(network);
    const auto start = std::chrono::steady_clock::now();
    for (int step = 0; step < steps; ++step) {
        const std::array<std::span<const std::int32_t>, 1> frames{input.frame(step)};
        require(engine.step(std::span(frames).first(network.inputs().empty() ? 0 : 1)));
        for (Probe& probe : probes) {
            const auto values = probe.word < 0 ? engine.messages(probe.layer) : engine.state(probe.layer, probe.word);
            probe.set(values.size() * static_cast<std::size_t>(step), values);
        }
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    if (output) write_probes(*output, network, probes, steps);
    std::cout << summary(network, engine, options.format);
    spdlog::info("{} steps, {} steps/s", steps, fixed_text(steps / std::max(seconds.count(), 1e-9), 1));
}

}  // namespace

void add_run_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("run", "Run a spiking or graded network without a machine");
    add_word(*command, "network", options->network.network,
             "network: NetX (.net), NIR (.nir), or a deployment file (.tph)")
        ->required();
    add_network_options(*command, options->network);
    add_input_options(*command, options->network);
    add_output(*command, "-o,--output", options->output, "what the probes recorded (.npz)");
    add_probe_option(*command, options->network);
    add_format(*command, options->format);
    command->callback([options, command] {
        if (options->output.empty()) refuse_ignored(*command, {"--probe"}, "without --output");
        run(*options, *command);
    });
}

}  // namespace tephra::tools
