#pragma once
// A NIR graph as a network of fixed-point neurons. The rule: docs/numerics.md 11.6.
#include <string>
#include <vector>

#include "neuro/spiking/network.hpp"
#include "neuro/spiking/nir.hpp"

namespace tephra::spiking {

enum class NirRule : std::uint8_t {
    nearest,  ///< a scale for each layer, from its largest weight; everything is rounded to the nearest
    lava,     ///< what Lava's converter does: LIF and Affine without bias alone, 256 units for 1, rounded towards zero
};

struct NirOptions {
    double dt = 1e-4;  ///< seconds of a step
    NirRule rule = NirRule::nearest;
    int weight_bits = 8;         ///< of a weight with its sign, in [2, 16]; cores of the Loihi class hold 8
    int input_message_bits = 0;  ///< 0: the input is spikes
};

/// How far the fixed-point parameters of a layer are from the file's.
struct NirLayerError {
    std::string layer;
    double scale = 0;      ///< fixed-point threshold of a threshold of 1; states have 64 times as much
    double weight = 0;     ///< largest error of a weight, of the layer's largest weight
    double threshold = 0;  ///< largest relative error of a threshold
    double decay = 0;      ///< largest relative error of dt / tau
    double bias = 0;       ///< largest error of a constant input, of the threshold (of 1 where there is none)
    double delay = 0;      ///< largest error of a delay, steps
};

struct NirModel {
    Network network;  ///< layer i is node nodes[i]; the input comes first
    std::vector<int> nodes;
    std::vector<NirLayerError> errors;  ///< of the layers with neurons
};

/// Layers are called as their nodes, their axes are reversed: (x, y, channel). Voltages are relative to v_reset, where
/// they start. Errors: bad_input with the node and what to do instead.
Result<NirModel> import_nir(const NirGraph& graph, const NirOptions& options);

}  // namespace tephra::spiking
