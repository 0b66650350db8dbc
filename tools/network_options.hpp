#pragma once
// What the verbs that take a spiking or graded network have in common: reading it, its input and its probes.
#include <string>
#include <vector>

#include "neuro/spiking/network.hpp"
#include "neuro/spiking/network_file.hpp"
#include "neuro/spiking/network_input.hpp"
#include "neuro/spiking/netx.hpp"
#include "neuro/spiking/nir_import.hpp"
#include "neuro/spiking/probes.hpp"
#include "tools/command.hpp"
#include "tools/outputs.hpp"

namespace tephra::tools {

struct NetworkOptions {
    std::string network, input, events, threshold = "above", rule = "nearest";
    std::vector<std::string> probes;
    std::string layer_cores;  ///< of each layer, with commas; empty: as the mapping has it
    int steps = 0, input_bits = 0;
    spiking::NetxOptions netx;
    spiking::NirOptions nir;
};

/// The options for the network's file.
void add_network_options(CLI::App& command, NetworkOptions& options);
/// --input, --events, --steps.
void add_input_options(CLI::App& command, NetworkOptions& options);
/// --probe, for find_probes().
void add_probe_option(CLI::App& command, NetworkOptions& options);

/// Whether a file begins as those that hold networks do, HDF5 or a deployment file of a network, or has the name of one
/// (.nir, .net), so that a damaged one is refused as what it should be; false where it can't be read.
bool is_network_file(const std::string& path);
/// Whether it is a deployment file (.tph) of a network.
bool is_deployment_file(const std::string& path);

/// Refuses options for NetX and NIR files, which nothing would read `why`: "with a language model".
void refuse_network_options(const CLI::App& command, const std::string& why);

/// Names the files that the options read.
void claim_inputs(Outputs& outputs, const NetworkOptions& options);

/// Reads the network; an option that belongs to another kind of file, or to none, is refused.
spiking::Network read_network(const NetworkOptions& options, const CLI::App& command);

/// The same with the name and the hash by which mappings and runs know it. A network that no deployment file held so
/// far is called as its file, and says how it was read.
spiking::NamedNetwork read_named_network(const NetworkOptions& options, const CLI::App& command);

spiking::NetworkInput read_input(const spiking::Network& network, const NetworkOptions& options);

/// Writes all probes as one .npz file.
void write_probes(OutputFile& file, const spiking::Network& network, const std::vector<spiking::Probe>& probes,
                  int steps);

}  // namespace tephra::tools
