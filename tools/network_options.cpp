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
#include "neuro/spiking/network_origin.hpp"
#include "tools/options.hpp"

namespace tephra::tools {
namespace {

using spiking::most_steps;
using spiking::Network;
using spiking::NetworkInput;
using spiking::Probe;

const std::vector<std::string> netx_options = {"--reset-interval", "--reset-offset", "--threshold"};
const std::vector<std::string> nir_options = {"--dt", "--weight-bits", "--rule"};
const std::vector<std::string> input_options = {"--input-bits"};

/// The options of a NetX file, and of a NIR file.
spiking::NetxOptions netx_options_of(const NetworkOptions& options) {
    spiking::NetxOptions netx = options.netx;
    netx.input_message_bits = options.input_bits;
    netx.threshold_rule =
        options.threshold == "above" ? spiking::ThresholdRule::above : spiking::ThresholdRule::reached;
    return netx;
}

spiking::NirOptions nir_options_of(const NetworkOptions& options) {
    spiking::NirOptions nir = options.nir;
    nir.input_message_bits = options.input_bits;
    nir.rule = options.rule == "nearest" ? spiking::NirRule::nearest : spiking::NirRule::lava;
    return nir;
}

std::string origin_of(spiking::NetworkKind kind, const NetworkOptions& options) {
    return require(kind == spiking::NetworkKind::netx ? netx_origin(options.network, netx_options_of(options))
                                                      : nir_origin(options.network, nir_options_of(options)));
}

std::string percent(double share) {
    return fixed_text(100 * share, 2) + " %";
}

Network read_netx_file(const NetworkOptions& options) {
    spiking::NetxModel model = require(spiking::read_netx(options.network, netx_options_of(options)));
    for (const std::string& note : model.notes) spdlog::info("{}", printable(note));
    return std::move(model.network);
}

Network read_nir_file(const NetworkOptions& options) {
    spiking::NirModel model =
        require(spiking::import_nir(require(spiking::read_nir(options.network)), nir_options_of(options)));
    for (const spiking::NirLayerError& e : model.errors)
        spdlog::info(
            "layer \"{}\": {} units for 1; largest error of weights {}, thresholds {}, decays {}, biases {}, delays {} "
            "steps",
            printable(e.layer), number_text(e.scale), percent(e.weight), percent(e.threshold), percent(e.decay),
            percent(e.bias), number_text(e.delay));
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

void refuse_network_options(const CLI::App& command, const std::string& why) {
    for (const auto* names : {&netx_options, &nir_options, &input_options}) refuse_ignored(command, *names, why);
}

bool is_deployment_file(const std::string& path) {
    const auto kind = tph_kind(path);
    return kind && *kind == TphKind::network;
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
    return require(options.input.empty() ? NetworkInput::events(array, layer, path)
                                         : NetworkInput::frames(array, layer, path));
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
    if (const auto kind = tph_kind(path)) return *kind == TphKind::network;
    const std::string ending = std::filesystem::path(path).extension();
    if (ending == ".nir" || ending == ".net") return true;
    constexpr std::string_view magic = "\x89HDF\r\n\x1a\n";
    std::ifstream file(path, std::ios::binary);
    std::string begin(magic.size(), '\0');
    return file.read(begin.data(), std::ssize(begin)) && begin == magic;
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
