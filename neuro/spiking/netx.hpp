#pragma once
// Reads NetX files (.net), which lava-dl writes, as lava-dl loads them. Format: docs/formats.md.
#include <string>
#include <vector>

#include "neuro/spiking/lif.hpp"
#include "neuro/spiking/network.hpp"

namespace tephra::spiking {

struct NetxOptions {
    int reset_interval = 0;  ///< LIF layers are cleared every so many steps; 0: never
    int reset_offset = 0;  ///< neuron layer i is cleared before step t where t mod interval = offset + 1 + i, likewise
    int input_message_bits = 0;  ///< of the messages that enter a file without an input layer; 0: spikes
    ThresholdRule threshold_rule = ThresholdRule::above;
};

struct NetxModel {
    Network network;
    std::vector<std::string> notes;  ///< what the file says and lava-dl leaves out, a sentence each
};

/// Layers are called by kind and number in the file: "input0", "conv1", "dense7"; a file without an input layer gets
/// one, "input". The input of an input layer is the bias mantissa of its LIF neurons, or the values of its Delta
/// neurons. Errors: bad_input with the place in the file.
Result<NetxModel> read_netx(const std::string& path, const NetxOptions& options = {});

}  // namespace tephra::spiking
