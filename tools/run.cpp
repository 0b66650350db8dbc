// tephra run: a spiking or graded network on the plain engine, without a machine.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <memory>

#include "core/text.hpp"
#include "neuro/spiking/engine.hpp"
#include "neuro/spiking/network_kind.hpp"
#include "neuro/spiking/nir_beside.hpp"
#include "tools/network_options.hpp"
#include "tools/options.hpp"
#include "tools/table.hpp"

namespace tephra::tools {
namespace {

using spiking::Engine;
using spiking::Network;
using spiking::NetworkInput;

struct Options {
    NetworkOptions network;
    std::string output, format = "text";
    bool beside_float = false;
};

/// `beside`: nullptr: there is none.
std::string summary(const Network& network, const Engine& engine, const spiking::NirBeside* beside,
                    const std::string& format) {
    std::vector<std::string> columns = {"layer",         "neurons", "model",      "messages",
                                        "messages/step", "synops",  "synops/step"};
    if (beside != nullptr) columns.insert(columns.end(), {"messages in float", "sent by one alone"});
    Table table(columns);
    const auto per_step = [&](std::int64_t count) {
        return static_cast<double>(count) / static_cast<double>(std::max<std::int64_t>(engine.steps(), 1));
    };
    for (int i = 0; i < std::ssize(network.layers()); ++i) {
        const spiking::Layer& layer = network.layer(i);
        Json::Array row = {layer.name,
                           layer.size(),
                           std::string(layer.neurons->kind()),
                           engine.sent(i),
                           per_step(engine.sent(i)),
                           engine.synops(i),
                           per_step(engine.synops(i))};
        if (beside != nullptr) {
            const auto found = std::ranges::find(beside->agreements(), i, &spiking::NirAgreement::layer);
            const bool spikes = found != beside->agreements().end();
            row.insert(row.end(), {spikes ? Json(found->real) : Json(), spikes ? Json(found->different) : Json()});
        }
        table.add(std::move(row));
    }
    return table.render(format);
}

/// The float simulation of the file that a network was made of.
std::optional<spiking::NirBeside> float_of(const Options& options, const Network& network) {
    if (!options.beside_float) return {};
    const std::string& path = options.network.network;
    if (is_deployment_file(path) || require(spiking::network_kind(path)) != spiking::NetworkKind::nir)
        throw Failure{{ErrorCode::usage, "only a NIR file has a float simulation", "--float", "leave it out"}};
    return require(spiking::NirBeside::make(require(spiking::read_nir(path)), options.network.nir.dt, network));
}

void run(const Options& options, const CLI::App& command) {
    Outputs outputs;
    claim_inputs(outputs, options.network);
    const Network network = read_network(options.network, command);
    auto beside = float_of(options, network);
    NetworkInput input = read_input(network, options.network);
    const int steps = require(input.steps_to_run(options.network.steps, "--steps"));
    auto output = outputs.open("--output", options.output);
    std::vector<spiking::Probe> probes;
    if (output) probes = require(spiking::find_probes(network, options.network.probes, steps, "--probe"));

    Engine engine(network);
    const auto start = std::chrono::steady_clock::now();
    for (int step = 0; step < steps; ++step) {
        const std::array<std::span<const std::int32_t>, 1> frames{input.frame(step)};
        require(engine.step(std::span(frames).first(network.inputs().empty() ? 0 : 1)));
        if (beside) beside->step(frames.front(), engine);
        for (spiking::Probe& probe : probes) {
            const auto values = probe.word < 0 ? engine.messages(probe.layer) : engine.state(probe.layer, probe.word);
            probe.set(values.size() * static_cast<std::size_t>(step), values);
        }
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    if (output) write_probes(*output, network, probes, steps);
    std::cout << summary(network, engine, beside ? &*beside : nullptr, options.format);
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
    add_switch(*command, "--float", options->beside_float,
               "NIR: the float simulation of the file beside it, with spikes that one of the two alone sends");
    command->callback([options, command] {
        if (options->output.empty()) refuse_ignored(*command, {"--probe"}, "without --output");
        run(*options, *command);
    });
}

}  // namespace tephra::tools
