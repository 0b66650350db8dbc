#include "neuro/lm/checkpoint/ternarize.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/philox.hpp"
#include "tests/catch.hpp"

using namespace tephra;

TEST_CASE("a comparison with the threshold equals rounding to even and clamping") {
    for (const double scale : {1e-5, 0.02, 0.3333333, 1.0, 7.7, 1e30}) {
        const float threshold = ternary_threshold(scale);
        std::vector<float> weights{0,
                                   threshold,
                                   -threshold,
                                   std::nextafter(threshold, 0.0F),
                                   -std::nextafter(threshold, 0.0F),
                                   static_cast<float>(scale)};
        for (std::uint64_t k = 0; k < 500; ++k)
            weights.push_back(static_cast<float>(scale * 4 * (unit_interval(random_words(1, 2, k, 3)[0]) - 0.5)));
        std::vector<std::int8_t> w(weights.size());
        ternarize(weights, threshold, w);
        int wrong = 0;
        for (std::size_t k = 0; k < w.size(); ++k)
            wrong += w[k] != std::clamp(std::nearbyint(weights[k] / scale), -1.0, 1.0);
        CHECK(wrong == 0);
    }
}

TEST_CASE("a matrix of zeros has the smallest scale and stays zero") {
    const std::vector<float> zeros(37);
    const double scale = ternary_scale(absolute_sum(zeros), 37);
    CHECK(scale == 1e-5);
    std::vector<std::int8_t> w(37, 1);
    ternarize(zeros, ternary_threshold(scale), w);
    CHECK(w == std::vector<std::int8_t>(37, 0));
}
