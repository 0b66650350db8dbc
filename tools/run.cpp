// tephra run: a spiking or graded network on the plain engine, without a machine.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <memory>

#include "core/narrow.hpp"
#include "core/npz.hpp"
#include "core/text.hpp"
#include "neuro/spiking/engine.hpp"
#include "neuro/spiking/network_kind.hpp"
#include "neuro/spiking/netx.hpp"
#include "neuro/spiking/nir_import.hpp"
#include "tools/command.hpp"
#include "tools/network_input.hpp"
#include "tools/options.hpp"
#include "tools/outputs.hpp"
#include "tools/table.hpp"

namespace tephra::tools {
namespace {

using spiking::Engine;
using spiking::Network;

constexpr std::int64_t most_probed_bytes = std::int64_t{1} << 32;  // of a .npz file

struct Options {
    std::string network, input, events, output, threshold = "above", rule = "nearest", format = "text";
    std::vector<std::string> probes;
    int steps = 0, input_bits = 0;
    spiking::NetxOptions netx;
    spiking::NirOptions nir;
};

const std::vector<std::string> netx_options = {"--reset-interval", "--reset-offset", "--threshold"};
const std::vector<std::string> nir_options = {"--dt", "--weight-bits", "--rule"};

/// What a probe records: a layer's messages, or one of its state words.
struct Probe {
    std::string name;
    int layer = 0, word = -1;  ///< -1: messages
    bool small = false;        ///< spikes: a byte each
    std::vector<std::int8_t> bytes;
    std::vector<std::int32_t> words;
};

Probe find_probe(const Network& network, const std::string& text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos)
        throw Failure{
            {ErrorCode::usage, "'" + text + "' is no probe", "--probe", "LAYER:spikes, LAYER:u, LAYER:v ..."}};
    const Result<int> layer = network.find(text.substr(0, colon));
    if (!layer) throw Failure{{ErrorCode::usage, layer.error().message, "--probe", layer.error().hint}};
    const spiking::Layer& what = network.layer(*layer);
    Probe probe{text, *layer, -1, what.message_bits == 0, {}, {}};
    const std::string word = text.substr(colon + 1);
    if (word == "spikes") return probe;
    const auto states = what.neurons->states();
    const auto found = std::ranges::find(states, std::string_view(word));
    if (found == states.end()) {
        std::string names = "spikes";
        for (const std::string_view name : states) names += ", " + std::string(name);
        throw Failure{
            {ErrorCode::usage, "layer \"" + what.name + "\" has no '" + word + "'", "--probe", "it has " + names}};
    }
    probe.word = narrow<int>(found - states.begin());
    probe.small = false;
    return probe;
}

std::vector<Probe> find_probes(const Network& network, const Options& options, int steps) {
    std::vector<Probe> probes;
    for (const std::string& text : options.probes) probes.push_back(find_probe(network, text));
    if (probes.empty())
        for (const int layer : network.outputs())
            probes.push_back(find_probe(network, network.layer(layer).name + ":spikes"));
    std::int64_t bytes = 0;
    for (const Probe& probe : probes)
        bytes += std::int64_t{network.layer(probe.layer).size()} * steps * (probe.small ? 1 : 4);
    if (bytes > most_probed_bytes)
        throw Failure{{ErrorCode::usage, "the probes would record " + bytes_text(static_cast<std::uint64_t>(bytes)),
                       "--probe", "probe fewer layers or steps: 4 GiB fit in a .npz file"}};
    for (std::size_t i = 0; i < probes.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (probes[i].name == probes[j].name)
                throw Failure{
                    {ErrorCode::usage, "'" + probes[i].name + "' is probed twice", "--probe", "name it once"}};
    return probes;
}

void record(const Engine& engine, Probe& probe) {
    const auto values = probe.word < 0 ? engine.messages(probe.layer) : engine.state(probe.layer, probe.word);
    if (probe.small)
        for (const std::int32_t value : values) probe.bytes.push_back(narrow<std::int8_t>(value));
    else
        probe.words.insert(probe.words.end(), values.begin(), values.end());
}

void write(OutputFile& file, const Network& network, const std::vector<Probe>& probes, int steps) {
    NpzWriter writer(file);
    for (const Probe& probe : probes) {
        std::vector<std::int64_t> shape{steps};
        for (const int extent : network.layer(probe.layer).shape) shape.push_back(extent);
        require(writer.add(probe.name, probe.small ? npy_bytes<std::int8_t>(shape, probe.bytes)
                                                   : npy_bytes<std::int32_t>(shape, probe.words)));
    }
    require(writer.finish());
    require(file.commit());
}

std::string percent(double share) {
    return fixed_text(100 * share, 2) + " %";
}

Network read_netx_file(const Options& options) {
    spiking::NetxOptions netx = options.netx;
    netx.input_message_bits = options.input_bits;
    netx.threshold_rule =
        options.threshold == "above" ? spiking::ThresholdRule::above : spiking::ThresholdRule::reached;
    spiking::NetxModel model = require(spiking::read_netx(options.network, netx));
    for (const std::string& note : model.notes) spdlog::info("{}", printable(note));
    return std::move(model.network);
}

Network read_nir_file(const Options& options) {
    spiking::NirOptions nir = options.nir;
    nir.input_message_bits = options.input_bits;
    nir.rule = options.rule == "nearest" ? spiking::NirRule::nearest : spiking::NirRule::lava;
    spiking::NirModel model = require(spiking::import_nir(require(spiking::read_nir(options.network)), nir));
    for (const spiking::NirLayerError& e : model.errors)
        spdlog::info("layer \"{}\": {} units for 1; largest error of weights {}, thresholds {}, decays {}, biases {}",
                     printable(e.layer), number_text(e.scale), percent(e.weight), percent(e.threshold),
                     percent(e.decay), percent(e.bias));
    return std::move(model.network);
}

/// Reads the network; an option that belongs to the other kind of file is refused.
Network read_network(const Options& options, const CLI::App& command) {
    if (require(spiking::network_kind(options.network)) == spiking::NetworkKind::netx) {
        refuse_ignored(command, nir_options, "with a NetX file");
        return read_netx_file(options);
    }
    refuse_ignored(command, netx_options, "with a NIR file");
    return read_nir_file(options);
}

NetworkInput read_input(const Network& network, const Options& options) {
    const std::string& path = options.input.empty() ? options.events : options.input;
    if (path.empty()) return {};
    if (network.inputs().empty())
        throw Failure{{ErrorCode::bad_input, "the network takes no input", options.network, "leave the input out"}};
    const spiking::Layer& layer = network.layer(network.inputs().front().layer);
    const NumberArray array = require(read_npy(path));
    return require(options.input.empty() ? NetworkInput::events(array, layer.size(), path)
                                         : NetworkInput::frames(array, layer.shape, path));
}

/// Steps to run: those asked for, or those of the input.
int step_count(const Options& options, const NetworkInput& input) {
    if (options.steps == 0 && input.steps() == 0)
        throw Failure{{ErrorCode::usage, "how many steps?", "--steps", "give a number: the input has none of its own"}};
    if (options.steps != 0 && input.steps() != 0 && options.steps != input.steps())
        throw Failure{
            {ErrorCode::bad_input,
             "the input has " + std::to_string(input.steps()) + " steps, not " + std::to_string(options.steps),
             options.input, "leave --steps out, or cut the array"}};
    if (options.steps != 0 && options.steps < input.least_steps())
        throw Failure{{ErrorCode::bad_input, "there are events of step " + std::to_string(input.least_steps()),
                       options.events, "run that many steps, or leave later events out"}};
    return std::max(options.steps, input.steps());
}

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
    for (const std::string& path : {options.network, options.input, options.events})
        if (!path.empty()) outputs.reads(path);
    const Network network = read_network(options, command);
    NetworkInput input = read_input(network, options);
    const int steps = step_count(options, input);
    std::vector<Probe> probes = find_probes(network, options, steps);
    auto output = outputs.open("--output", options.output);

    Engine engine(network);
    const auto start = std::chrono::steady_clock::now();
    for (int step = 0; step < steps; ++step) {
        const std::array<std::span<const std::int32_t>, 1> frames{input.frame(step)};
        require(engine.step(std::span(frames).first(network.inputs().empty() ? 0 : 1)));
        if (output)
            for (Probe& probe : probes) record(engine, probe);
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    if (output) write(*output, network, probes, steps);
    std::cout << summary(network, engine, options.format);
    spdlog::info("{} steps, {} steps/s", steps, fixed_text(steps / std::max(seconds.count(), 1e-9), 1));
}

}  // namespace

void add_run_command(CLI::App& app) {
    auto options = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("run", "Run a spiking or graded network without a machine");
    add_word(*command, "network", options->network, "NetX file (.net) or NIR file (.nir)")->required();
    CLI::Option* frames = add_word(*command, "--input", options->input,
                                   "frames (.npy): one for all steps, or one a step along the first axis");
    add_word(*command, "--events", options->events, "events (.npy): rows of time from 0, neuron, value")
        ->excludes(frames);
    add_integer(*command, "--steps", options->steps, 1, most_steps, "steps to run; default: those of the input");
    add_texts(*command, "--probe", options->probes,
              "LAYER:spikes, LAYER:u, LAYER:v ...; default: spikes of the last layer");
    add_output(*command, "-o,--output", options->output, "what the probes recorded (.npz)");
    add_integer(*command, "--reset-interval", options->netx.reset_interval, 0, spiking::longest_reset_interval / 2,
                "steps between resets of LIF layers; 0: never");
    CLI::Option* offset =
        add_integer(*command, "--reset-offset", options->netx.reset_offset, 0, spiking::longest_reset_interval / 4,
                    "step before which layer 0 is reset, less 1");
    add_integer(*command, "--input-bits", options->input_bits, 0, spiking::most_message_bits,
                "message bits of input that enters as messages; 0: spikes");
    add_choice(*command, "--threshold", options->threshold, {"above", "reached"},
               "LIF neurons spike above their threshold (Lava), or when it is reached (SLAYER)");
    add_number(*command, "--dt", options->nir.dt, 1e-12, 1e6, "NIR: seconds of a step");
    add_integer(*command, "--weight-bits", options->nir.weight_bits, 2, 16, "NIR: bits of a weight with its sign");
    add_choice(*command, "--rule", options->rule, {"nearest", "lava"},
               "NIR: round to the nearest, or as Lava's converter does");
    add_format(*command, options->format);
    command->callback([options, command, offset] {
        if (offset->count() > 0 && options->netx.reset_interval == 0)
            refuse_ignored(*command, {"--reset-offset"}, "without --reset-interval");
        if (!options->probes.empty() && options->output.empty())
            refuse_ignored(*command, {"--probe"}, "without --output");
        run(*options, *command);
    });
}

}  // namespace tephra::tools
