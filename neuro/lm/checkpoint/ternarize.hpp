#pragma once
// Latent weights to ternary ones, as the published training does in its forward pass (arXiv 2406.02528, section 3.1):
//   m = max(mean |W|, 1e-5),   w = clamp(round_half_even(W / m), -1, 1)
#include <cstdint>
#include <span>

namespace tephra {

/// Sum of |w| in double, in a fixed order.
double absolute_sum(std::span<const float> weights);

/// m of a matrix with that sum of |w| and number of elements.
double ternary_scale(double sum, double count);

/// The smallest float that becomes +1 under scale m: rounding is monotone, so a comparison with it equals the formula.
float ternary_threshold(double scale);

/// w of each weight.
void ternarize(std::span<const float> weights, float threshold, std::span<std::int8_t> out);

}  // namespace tephra
