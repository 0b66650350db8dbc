#include "neuro/spiking/nir_linear.hpp"

#include "tests/catch.hpp"

using namespace tephra;
using namespace tephra::spiking;

namespace {

using Values = std::vector<double>;

NirNode make_node(const std::string& type, const std::vector<int>& shape, std::map<std::string, Hdf5Array> values) {
    return {"n", type, "place", std::move(values), shape, {0}};
}

/// The function of a node at one input.
Values apply(const NirNode& node, const std::vector<int>& in, const Values& x) {
    const LinearMap map = LinearMap::make(node, in).value();
    Values out = map.bias();
    out.resize(static_cast<std::size_t>(node.size()));
    std::vector<LinearTap> taps;
    for (std::size_t i = 0; i < x.size(); ++i) {
        taps.clear();
        map.taps(static_cast<int>(i), taps);
        for (const LinearTap& tap : taps) out[static_cast<std::size_t>(tap.target)] += tap.weight * x[i];
    }
    return out;
}

const Hdf5Array one{{}, {1}}, two{{}, {2}}, zero{{}, {0}};

}  // namespace

TEST_CASE("Affine, Linear and Scale are what their names say") {
    const Hdf5Array weight{{2, 3}, {1, 2, 3, 4, 5, 6}};
    CHECK(apply(make_node("Linear", {2}, {{"weight", weight}}), {3}, {1, 0, -1}) == Values{-2, -2});
    CHECK(apply(make_node("Affine", {2}, {{"weight", weight}, {"bias", {{2}, {10, 20}}}}), {3}, {1, 0, -1}) ==
          Values{8, 18});
    CHECK(apply(make_node("Scale", {2}, {{"scale", {{2}, {3, 4}}}}), {2}, {1, -1}) == Values{3, -4});
    CHECK(apply(make_node("Scale", {2}, {{"scale", two}}), {2}, {1, -1}) == Values{2, -2});
    CHECK(apply(make_node("Flatten", {4}, {}), {2, 2}, {1, 2, 3, 4}) == Values{1, 2, 3, 4});
}

TEST_CASE("convolutions are cross-correlations over (channel, y, x)") {
    // One channel of 2 x 3 (y, x), a kernel of 1 x 2: differences along x.
    const std::map<std::string, Hdf5Array> values{{"weight", {{1, 1, 1, 2}, {-1, 1}}},
                                                  {"bias", {{1}, {100}}},
                                                  {"stride", one},
                                                  {"padding", zero},
                                                  {"dilation", one},
                                                  {"groups", one}};
    CHECK(apply(make_node("Conv2d", {1, 2, 2}, values), {1, 2, 3}, {1, 2, 4, 8, 16, 32}) == Values{101, 102, 108, 116});
    // Two groups, a padding of one, each output channel has its own weight.
    std::map<std::string, Hdf5Array> grouped{{"weight", {{2, 1, 3}, {1, 10, 100, 0, 1, 0}}},
                                             {"bias", {{2}, {0, 0}}},
                                             {"stride", two},
                                             {"padding", one},
                                             {"dilation", one},
                                             {"groups", two}};
    CHECK(apply(make_node("Conv1d", {2, 2}, grouped), {2, 3}, {1, 2, 3, 4, 5, 6}) == Values{210, 32, 4, 6});
}

TEST_CASE("pools add up or average, zeros of the padding included") {
    const std::map<std::string, Hdf5Array> values{{"kernel_size", two}, {"stride", two}, {"padding", zero}};
    const Values x{1, 2, 3, 4, 5, 6, 7, 8};
    CHECK(apply(make_node("SumPool2d", {1, 1, 2}, values), {1, 2, 4}, x) == Values{14, 22});
    CHECK(apply(make_node("AvgPool2d", {1, 1, 2}, values), {1, 2, 4}, x) == Values{3.5, 5.5});
    CHECK(apply(make_node("SumPool2d", {2, 1, 1}, values), {2, 2, 2}, x) == Values{10, 26});
}

TEST_CASE("delays have seconds for each element, not negative ones") {
    CHECK(LinearMap::make(make_node("Delay", {2}, {{"delay", two}}), {2}).value().delay() == Values{2, 2});
    CHECK(LinearMap::make(make_node("Delay", {2}, {{"delay", {{2}, {1, 3}}}}), {2}).value().delay() == Values{1, 3});
    CHECK_FALSE(LinearMap::make(make_node("Delay", {1}, {{"delay", {{}, {-1}}}}), {1}));
}
