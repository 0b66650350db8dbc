#pragma once
// Neurons of the layers of a NetX file, and what its readers share.
#include <string>
#include <vector>

#include "neuro/spiking/hdf5.hpp"
#include "neuro/spiking/netx.hpp"

namespace tephra::spiking {

/// Errors: bad_input for the first member of a group that is not known.
Result<void> check_netx_members(const Hdf5Group& group, const std::vector<std::string>& known);

/// Integers of a data set, in C order, with their shape.
struct Integers {
    std::vector<std::int64_t> shape;
    std::vector<std::int32_t> values;
};

/// Errors: bad_input, as of Hdf5Group::numbers(), and for a number that is no integer of 32 bits.
Result<Integers> read_integers(const Hdf5Group& group, const std::string& name);

struct NetxNeurons {
    NeuronModelPtr model;
    int message_bits = 0;
    int input_port = 0;  ///< where input from outside enters
};

/// The layer that neurons belong to.
struct NetxLayer {
    std::string name;
    int number = 0;      ///< among the layers with neurons
    bool input = false;  ///< it is the input layer
};

/// Reads /layer/<i>/neuron. `notes`: gets a sentence for what is ignored, as lava-dl does. Errors: bad_input.
Result<NetxNeurons> read_netx_neurons(const Hdf5Group& group, const NetxLayer& layer, const NeuronConstant& bias,
                                      const NetxOptions& options, std::vector<std::string>& notes);

}  // namespace tephra::spiking
