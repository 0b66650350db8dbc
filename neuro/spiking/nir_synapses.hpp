#pragma once
// Synapses of a path of a NIR graph: the format that fits it best.
#include <vector>

#include "neuro/spiking/network.hpp"
#include "neuro/spiking/nir_path.hpp"

namespace tephra::spiking {

/// Whether a path is one convolution between images, with one gain for all neurons of a channel.
bool is_convolution(const NirGraph& graph, const NirPath& path, const std::vector<double>& gain);

/// The convolution of such a path; its weights times gain and factor, rounded to the nearest. Source and target of the
/// connection are left open.
Result<Connection> convolve(const NirGraph& graph, const NirPath& path, const std::vector<double>& gain, double factor);

/// One-to-one, dense or sparse synapses, whichever fits, with a weight for each entry of the path. Source and target of
/// the connection are left open.
Result<Connection> join(const NirPath& path, int sources, int targets, const std::vector<std::int32_t>& weights,
                        int exponent);

}  // namespace tephra::spiking
