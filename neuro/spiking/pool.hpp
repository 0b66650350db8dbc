#pragma once
// Windows that add up each channel on its own: sum and average pools. Law: docs/numerics.md 11.4.
#include "neuro/spiking/image.hpp"
#include "neuro/spiking/weights.hpp"

namespace tephra::spiking {

/// The sum of target (i, j, c) is weight times that of the sources under the window, channel c, times 2^exponent
/// rounded down. A sum pool has weight 1 and exponent 0; an average over 2^n sources exponent -n; other averages have
/// no exact integer form: choose weight 2^exponent near 1 / sources. Errors: bad_input, as of slide(), and for a weight
/// of more than 16 bits or an exponent out of range.
Result<SynapseFormatPtr> make_pool(const Image& input, const Window& window, std::int32_t weight, int exponent);
Result<SynapseFormatPtr> read_pool(ParameterReader& in);

}  // namespace tephra::spiking
