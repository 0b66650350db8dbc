#include "tools/network_options.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "core/json.hpp"
#include "core/narrow.hpp"
#include "core/npz.hpp"
#include "core/text.hpp"
#include "neuro/spiking/network_kind.hpp"
#include "tools/options.hpp"

namespace tephra::tools {
namespace {

using spiking::Network;

constexpr std::int64_t most_probed_bytes = std::int64_t{1} << 32;  // of a .npz file

const std::vector<std::string> netx_options = {"--reset-interval", "--reset-offset", "--threshold"};
const std::vector<std::string> nir_options = {"--dt", "--weight-bits", "--rule"};
const std::vector<std::string> input_options = {"--input-bits"};

/// How the options read a file, as a deployment file keeps it.
std::string origin_of(spiking::NetworkKind kind, const NetworkOptions& options) {
    const std::filesystem::path path(options.network);
    Json::Object origin{{"tool", "tephra " TEPHRA_VERSION},
                        {"command", "import"},
                        {"file", path.filename().string()},
                        {"file_hash", to_string(hash128(require(read_file(options.network))))},
                        {"input_bits", options.input_bits}};
    if (kind == spiking::NetworkKind::netx) {
        origin.emplace_back("format", "netx");
        origin.emplace_back("reset_interval", options.netx.reset_interval);
        origin.emplace_back("reset_offset", options.netx.reset_offset);
        origin.emplace_back("threshold", options.threshold);
    } else {
        origin.emplace_back("format", "nir");
        origin.emplace_back("dt", options.nir.dt);
        origin.emplace_back("weight_bits", options.nir.weight_bits);
        origin.emplace_back("rule", options.rule);
    }
    return Json(std::move(origin)).dump(-1);
}

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

std::string percent(double share) {
    return fixed_text(100 * share, 2) + " %";
}

Network read_netx_file(const NetworkOptions& options) {
    spiking::NetxOptions netx = options.netx;
    netx.input_message_bits = options.input_bits;
    netx.threshold_rule =
        options.threshold == "above" ? spiking::ThresholdRule::above : spiking::ThresholdRule::reached;
    spiking::NetxModel model = require(spiking::read_netx(options.network, netx));
    for (const std::string& note : model.notes) spdlog::info("{}", printable(note));
    return std::move(model.network);
}

Network read_nir_file(const NetworkOptions& options) {
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

/// A file that another tool wrote.
Network read_file_of(spiking::NetworkKind kind, const NetworkOptions& options, const CLI::App& command) {
    if (options.netx.reset_interval == 0) refuse_ignored(command, {"--reset-offset"}, "without --reset-interval");
    if (kind == spiking::NetworkKind::netx) {
        refuse_ignored(command, nir_options, "with a NetX file");
        return read_netx_file(options);
    }
    refuse_ignored(command, netx_options, "with a NIR file");
    return read_nir_file(options);
}

spiking::NamedNetwork read_deployment_file(const NetworkOptions& options, const CLI::App& command) {
    refuse_network_options(command, "with a deployment file: import has read the network");
    return require(spiking::load_network(options.network));
}

}  // namespace

bool is_deployment_file(const std::string& path) {
    const auto kind = tph_kind(path);
    return kind && *kind == TphKind::network;
}

void refuse_network_options(const CLI::App& command, const std::string& why) {
    for (const auto* names : {&netx_options, &nir_options, &input_options}) refuse_ignored(command, *names, why);
}

Network read_network(const NetworkOptions& options, const CLI::App& command) {
    if (is_deployment_file(options.network)) return read_deployment_file(options, command).network;
    return read_file_of(require(spiking::network_kind(options.network)), options, command);
}

spiking::NamedNetwork read_named_network(const NetworkOptions& options, const CLI::App& command) {
    if (is_deployment_file(options.network)) return read_deployment_file(options, command);
    const spiking::NetworkKind kind = require(spiking::network_kind(options.network));
    Network network = read_file_of(kind, options, command);
    return require(spiking::name_network(std::move(network), std::filesystem::path(options.network).stem().string(),
                                         origin_of(kind, options)));
}

NetworkInput read_input(const Network& network, const NetworkOptions& options) {
    const std::string& path = options.input.empty() ? options.events : options.input;
    if (path.empty()) return {};
    if (network.inputs().empty())
        throw Failure{{ErrorCode::bad_input, "the network takes no input", options.network, "leave the input out"}};
    const spiking::Layer& layer = network.layer(network.inputs().front().layer);
    const NumberArray array = require(read_npy(path));
    return require(options.input.empty() ? NetworkInput::events(array, layer.size(), path)
                                         : NetworkInput::frames(array, layer.shape, path));
}

int step_count(const NetworkOptions& options, const NetworkInput& input) {
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

void Probe::resize(std::size_t values) {
    if (small)
        bytes.resize(values);
    else
        words.resize(values);
}

void Probe::set(std::size_t at, std::span<const std::int32_t> values) {
    for (std::size_t i = 0; i < values.size(); ++i)
        if (small)
            bytes[at + i] = narrow<std::int8_t>(values[i]);
        else
            words[at + i] = values[i];
}

std::vector<Probe> find_probes(const Network& network, const NetworkOptions& options, int steps) {
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
    for (Probe& probe : probes)
        probe.resize(static_cast<std::size_t>(network.layer(probe.layer).size()) * static_cast<std::size_t>(steps));
    return probes;
}

void write_probes(OutputFile& file, const Network& network, const std::vector<Probe>& probes, int steps) {
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

bool is_network_file(const std::string& path) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(path, ignored)) return false;  // what a pipe gives is gone once it is read
    constexpr std::string_view magic = "\x89HDF\r\n\x1a\n";
    std::ifstream file(path, std::ios::binary);
    std::string begin(magic.size(), '\0');
    return (file.read(begin.data(), std::ssize(begin)) && begin == magic) || is_deployment_file(path);
}

void claim_inputs(Outputs& outputs, const NetworkOptions& options) {
    for (const std::string& path : {options.network, options.input, options.events})
        if (!path.empty()) outputs.reads(path);
}

void add_network_options(CLI::App& command, NetworkOptions& options) {
    add_integer(command, "--reset-interval", options.netx.reset_interval, 0, spiking::longest_reset_interval / 2,
                "NetX: steps between resets of LIF layers; 0: never");
    add_integer(command, "--reset-offset", options.netx.reset_offset, 0, spiking::longest_reset_interval / 4,
                "NetX: step before which layer 0 is reset, less 1");
    add_integer(command, "--input-bits", options.input_bits, 0, spiking::most_message_bits,
                "message bits of input that enters as messages; 0: spikes");
    add_choice(command, "--threshold", options.threshold, {"above", "reached"},
               "NetX: LIF neurons spike above their threshold (Lava), or when it is reached (SLAYER)");
    add_number(command, "--dt", options.nir.dt, 1e-12, 1e6, "NIR: seconds of a step");
    add_integer(command, "--weight-bits", options.nir.weight_bits, 2, 16, "NIR: bits of a weight with its sign");
    add_choice(command, "--rule", options.rule, {"nearest", "lava"},
               "NIR: round to the nearest, or as Lava's converter does");
}

void add_input_options(CLI::App& command, NetworkOptions& options) {
    CLI::Option* frames = add_word(command, "--input", options.input,
                                   "frames (.npy): one for all steps, or one a step along the first axis");
    add_word(command, "--events", options.events, "events (.npy): rows of time from 0, neuron, value")
        ->excludes(frames);
    add_integer(command, "--steps", options.steps, 1, most_steps, "steps to run; default: those of the input");
}

void add_probe_option(CLI::App& command, NetworkOptions& options) {
    add_texts(command, "--probe", options.probes,
              "LAYER:spikes, LAYER:u, LAYER:v ...; default: spikes of the last layer");
}

}  // namespace tephra::tools
