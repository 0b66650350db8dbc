#pragma once
// A kernel that moves over an image; all positions share its weights. Law: docs/numerics.md 11.4.
#include "neuro/spiking/image.hpp"
#include "neuro/spiking/weights.hpp"

namespace tephra::spiking {

/// weights: [output channel][kernel x][kernel y][input channel of the group]. The sum of target (i, j, o) is that of
/// weights[o][kx][ky][c] times source (i stride + kx dilation - padding, likewise y, c of o's group): a
/// cross-correlation, zero outside the image; it wraps around 24 bits. No exponent.
/// Errors: bad_input when sizes do not agree, as of slide().
Result<SynapseFormatPtr> make_convolution(const Image& input, const Window& window, int output_channels, int groups,
                                          const StoredWeights& weights);
Result<SynapseFormatPtr> read_convolution(ParameterReader& in);

}  // namespace tephra::spiking
