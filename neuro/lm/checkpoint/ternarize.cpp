#include "neuro/lm/checkpoint/ternarize.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace tephra {
namespace {

bool becomes_one(float weight, double scale) {
    return weight / scale > 0.5;  // one half itself rounds to the even zero
}

}  // namespace

double absolute_sum(std::span<const float> weights) {
    std::array<double, 8> lanes{};
    std::size_t k = 0;
    for (; k + lanes.size() <= weights.size(); k += lanes.size())
        for (std::size_t lane = 0; lane < lanes.size(); ++lane) lanes[lane] += std::fabs(weights[k + lane]);
    for (; k < weights.size(); ++k) lanes[0] += std::fabs(weights[k]);
    double sum = 0;
    for (const double lane : lanes) sum += lane;
    return sum;
}

double ternary_scale(double sum, double count) {
    return std::max(sum / count, 1e-5);
}

float ternary_threshold(double scale) {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    auto threshold = static_cast<float>(scale / 2);
    while (becomes_one(threshold, scale)) threshold = std::nextafter(threshold, 0.0F);
    while (!becomes_one(threshold, scale)) threshold = std::nextafter(threshold, infinity);
    return threshold;
}

void ternarize(std::span<const float> weights, float threshold, std::span<std::int8_t> out) {
    for (std::size_t k = 0; k < weights.size(); ++k)
        out[k] = static_cast<std::int8_t>((weights[k] >= threshold ? 1 : 0) - (weights[k] <= -threshold ? 1 : 0));
}

}  // namespace tephra
