#include "neuro/spiking/convolution.hpp"

#include <cmath>

#include "core/files.hpp"
#include "core/npz.hpp"
#include "tests/neuro/spiking/check_format.hpp"
#include "tests/neuro/spiking/ground_truth.hpp"

using namespace tephra;
using namespace tephra::spiking;
using namespace tephra::spiking::test;

namespace {

struct Shape {
    Image in;
    Window window;
    int outputs, groups;
};

/// The definition: sums of weights[o][kx][ky][c] times source (i stride + kx dilation - padding, likewise y).
Expected by_definition(const Shape& s, const Image& out, const std::vector<std::int32_t>& weights) {
    Expected expected;
    const int inputs = s.in.channels / s.groups, outputs = s.outputs / s.groups;
    std::size_t w = 0;
    for (int o = 0; o < s.outputs; ++o)
        for (int kx = 0; kx < s.window.kernel[0]; ++kx)
            for (int ky = 0; ky < s.window.kernel[1]; ++ky)
                for (int c = 0; c < inputs; ++c, ++w)
                    for (int i = 0; i < out.x; ++i)
                        for (int j = 0; j < out.y; ++j) {
                            const int x = i * s.window.stride[0] + kx * s.window.dilation[0] - s.window.padding[0];
                            const int y = j * s.window.stride[1] + ky * s.window.dilation[1] - s.window.padding[1];
                            if (x < 0 || x >= s.in.x || y < 0 || y >= s.in.y) continue;
                            const int channel = o / outputs * inputs + c;
                            expected.synapses[{(x * s.in.y + y) * s.in.channels + channel,
                                               (i * out.y + j) * s.outputs + o}] = {{0, weights[w]}};
                        }
    return expected;
}

}  // namespace

TEST_CASE("a convolution is what its definition says, in every range of targets") {
    Draw draw(3);
    for (const Shape& s : {Shape{{5, 4, 3}, {{3, 2}, {1, 1}, {0, 0}, {1, 1}}, 4, 1},
                           Shape{{7, 6, 4}, {{2, 3}, {2, 3}, {1, 2}, {2, 1}}, 6, 2},
                           Shape{{6, 6, 3}, {{3, 3}, {3, 2}, {2, 1}, {1, 2}}, 3, 3},
                           Shape{{3, 3, 2}, {{1, 1}, {1, 1}, {0, 0}, {1, 1}}, 37, 1}}) {
        const auto count =
            static_cast<std::size_t>(s.outputs * s.window.kernel[0] * s.window.kernel[1] * (s.in.channels / s.groups));
        const auto weights = draw(count, -128, 127);
        const auto out = slide(s.in, s.window, s.outputs).value();
        const auto convolution =
            make_convolution(s.in, s.window, s.outputs, s.groups, store_plain(weights).value()).value();
        REQUIRE(convolution->targets() == out.size());
        check_format(*convolution, by_definition(s, out, weights));
        CHECK(convolution->memory({0, out.size()}).weights == std::ssize(weights));
        CHECK(convolution->memory({0, 1}).weights == std::ssize(weights) / s.outputs);
    }
}

TEST_CASE("sums of a convolution wrap around 24 bits") {
    StoredWeights weights;
    weights.values = {1};
    const auto convolution = make_convolution({1, 1, 1}, {}, 1, 1, weights).value();
    for (const auto& [payload, sum] : {std::pair(8388607, 8388607), std::pair(8388608, -8388608),
                                       std::pair(-8388609, 8388607), std::pair(16777216, 0)}) {
        std::vector<std::int32_t> sums(1);
        convolution->accumulate({.spikes = std::vector<Spike>{{0, payload}}}, {0, 1}, sums);
        CHECK(sums.front() == sum);
    }
}

TEST_CASE("convolutions whose sizes do not agree are refused") {
    StoredWeights weights;
    weights.values.resize(8);
    CHECK(make_convolution({4, 4, 2}, {{2, 2}, {1, 1}, {0, 0}, {1, 1}}, 1, 1, weights));
    CHECK(make_convolution({4, 4, 2}, {{2, 2}, {1, 1}, {0, 0}, {1, 1}}, 2, 2, weights));
    CHECK_FALSE(make_convolution({4, 4, 2}, {{2, 2}, {1, 1}, {0, 0}, {1, 1}}, 2, 1, weights));
    CHECK_FALSE(make_convolution({4, 4, 2}, {{2, 2}, {1, 1}, {0, 0}, {1, 1}}, 2, 3, weights));
    CHECK_FALSE(make_convolution({4, 4, 2}, {{2, 2}, {1, 1}, {0, 0}, {1, 1}}, 2, 0, weights));
    CHECK_FALSE(make_convolution({1, 1, 2}, {{2, 2}, {1, 1}, {0, 0}, {1, 1}}, 1, 1, weights));
    // 2^64 weights: what 64 bits count as none.
    CHECK_FALSE(make_convolution({1, 1, 65536}, {{65536, 65536}, {1, 1}, {32768, 32768}, {1, 1}}, 65536, 1, {}));
    weights.exponent = 1;
    CHECK_FALSE(make_convolution({4, 4, 2}, {{2, 2}, {1, 1}, {0, 0}, {1, 1}}, 1, 1, weights));
}

TEST_CASE("Lava's convolutions come out on graded integers") {
    if (!have_ground_truths()) return;
    for (const auto& [number, limit] : {std::pair(0, 0.12), std::pair(1, 0.12), std::pair(4, 0.26)}) {
        const std::string path = ground_truths + "lava_conv/gt_conv_paris_" + std::to_string(number) + ".npz";
        const auto arrays = value_of(parse_npz(value_of(read_file(path)), path));
        const auto pair = [&](const char* name) {
            const auto& v = arrays.at(name).values;
            return std::array{static_cast<int>(v.at(0)), static_cast<int>(v.at(1))};
        };
        const auto image = [&](const char* name) {
            const auto& v = arrays.at(name).shape;
            return Image{static_cast<int>(v.at(0)), static_cast<int>(v.at(1)), static_cast<int>(v.at(2))};
        };
        const Image in = image("input"), out = image("out_gt");
        const Window window{pair("kernel_size"), pair("stride"), pair("padding"), pair("dilation")};
        // A true convolution: the kernel is flipped along x and y.
        const auto given = to_integers(arrays.at("weights").values);
        const auto inputs = static_cast<std::size_t>(arrays.at("weights").shape.at(3));
        const auto taps = static_cast<std::size_t>(window.kernel[0] * window.kernel[1]);
        std::vector<std::int32_t> flipped;
        for (std::size_t o = 0; o < static_cast<std::size_t>(out.channels); ++o)
            for (std::size_t tap = 0; tap < taps; ++tap)
                for (std::size_t c = 0; c < inputs; ++c)
                    flipped.push_back(given[(o * taps + taps - 1 - tap) * inputs + c]);
        const int groups = static_cast<int>(arrays.at("groups").values.front());
        const auto convolution =
            value_of(make_convolution(in, window, out.channels, groups, value_of(store_plain(flipped))));
        REQUIRE(convolution->targets() == out.size());
        std::vector<Spike> spikes;
        for (const double value : arrays.at("input").values)
            spikes.push_back(
                {static_cast<std::int32_t>(spikes.size()), static_cast<std::int32_t>(std::nearbyint(value * 4096))});
        std::vector<std::int32_t> sums(static_cast<std::size_t>(out.size()));
        convolution->accumulate({.spikes = spikes}, {0, out.size()}, sums);
        double worst = 0;
        for (std::size_t i = 0; i < sums.size(); ++i)
            worst = std::max(worst, std::abs(sums[i] / 4096.0 - arrays.at("out_gt").values[i]));
        INFO("file " << number << ", largest deviation " << worst);
        CHECK(worst <= limit);
        CHECK(worst > 0);
    }
}
