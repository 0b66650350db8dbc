#include "neuro/spiking/nir_shape.hpp"

#include "tests/catch.hpp"

using namespace tephra;
using namespace tephra::spiking;

namespace {

/// An input of `in`, and a node behind it; the shape of the node, or none.
std::vector<int> shape_after(const std::vector<double>& in, const std::string& type,
                             std::map<std::string, Hdf5Array> values) {
    NirGraph graph;
    graph.nodes.push_back({"in", "Input", "#in", {{"shape", {{std::ssize(in)}, in}}}, {}, {}});
    graph.nodes.push_back({"n", type, "#n", std::move(values), {}, {0}});
    const auto found = find_nir_shapes(graph);
    if (!found) CHECK(found.error().place == "#n");
    return found ? graph.nodes[1].shape : std::vector<int>();
}

using Shape = std::vector<int>;

std::map<std::string, Hdf5Array> kernel(std::vector<std::int64_t> shape, const Hdf5Array& padding, double stride = 1,
                                        double groups = 1) {
    std::size_t size = 1;
    for (const std::int64_t extent : shape) size *= static_cast<std::size_t>(extent);
    return {{"weight", {std::move(shape), std::vector<double>(size, 1)}},
            {"bias", {{}, {0}}},
            {"stride", {{}, {stride}}},
            {"padding", padding},
            {"dilation", {{}, {1}}},
            {"groups", {{}, {groups}}}};
}

}  // namespace

TEST_CASE("shapes of nodes follow from their inputs") {
    const Hdf5Array zero{{}, {0}}, same{{}, {-1}};
    CHECK(shape_after({2, 7, 9}, "Conv2d", kernel({4, 2, 3, 5}, zero)) == Shape{4, 5, 5});
    CHECK(shape_after({2, 7, 9}, "Conv2d", kernel({4, 1, 3, 5}, {{2}, {1, 2}}, 2, 2)) == Shape{4, 4, 5});
    CHECK(shape_after({2, 7, 9}, "Conv2d", kernel({4, 2, 3, 5}, same)) == Shape{4, 7, 9});
    CHECK(shape_after({2, 9}, "Conv1d", kernel({4, 2, 3}, zero)) == Shape{4, 7});
    CHECK(shape_after({2, 6, 8}, "SumPool2d", {{"kernel_size", {{}, {2}}}, {"stride", {{}, {2}}}, {"padding", zero}}) ==
          Shape{2, 3, 4});
    const auto flatten = [](double start, double end) {
        return std::map<std::string, Hdf5Array>{{"start_dim", {{}, {start}}}, {"end_dim", {{}, {end}}}};
    };
    CHECK(shape_after({2, 3, 4}, "Flatten", flatten(0, -1)) == Shape{24});
    CHECK(shape_after({2, 3, 4}, "Flatten", flatten(1, 2)) == Shape{2, 12});
    CHECK(shape_after({2, 3, 4}, "Scale", {{"scale", {{}, {1}}}}) == Shape{2, 3, 4});
    CHECK(shape_after({2, 3}, "I", {{"r", {{2, 3}, std::vector<double>(6, 1)}}}) == Shape{2, 3});
}

TEST_CASE("inputs and parameters that do not fit are refused with the node") {
    const Hdf5Array zero{{}, {0}}, same{{}, {-1}};
    CHECK(shape_after({2, 7}, "Conv2d", kernel({4, 2, 3, 5}, zero)).empty());
    CHECK(shape_after({3, 7, 9}, "Conv2d", kernel({4, 2, 3, 5}, zero)).empty());
    CHECK(shape_after({2, 2, 2}, "Conv2d", kernel({4, 2, 3, 5}, zero)).empty());
    CHECK(shape_after({2, 7, 9}, "Conv2d", kernel({4, 2, 2, 5}, same)).empty());     // an even kernel
    CHECK(shape_after({2, 7, 9}, "Conv2d", kernel({4, 2, 3, 5}, same, 2)).empty());  // a stride
    CHECK(shape_after({2, 7, 9}, "Conv2d", kernel({4, 2, 3, 5}, zero, 0)).empty());
    CHECK(shape_after({2, 7, 9}, "Conv2d", kernel({4, 2, 3, 5}, zero, 1.5)).empty());
    CHECK(shape_after({4, 7, 9}, "Conv2d", kernel({3, 2, 3, 5}, zero, 1, 2)).empty());  // 2 does not divide 3
    CHECK(shape_after({2, 7, 9}, "Linear", {{"weight", {{1, 2}, {1, 1}}}}).empty());
    CHECK(shape_after({2}, "Flatten", {{"start_dim", {{}, {0}}}, {"end_dim", {{}, {1}}}}).empty());
    CHECK(shape_after({2, 3}, "I", {{"r", {{3, 2}, std::vector<double>(6, 1)}}}) != Shape{2, 3});
}
