#include "neuro/spiking/nir_path.hpp"

#include <set>

#include "tests/neuro/spiking/nir_writer.hpp"

using namespace tephra;
using namespace tephra::spiking;
using namespace tephra::spiking::test;

TEST_CASE("elements (channel, y, x) become neurons (x, y, channel)") {
    CHECK(neuron_of_element({7}, 4) == 4);
    CHECK(neuron_of_element({2, 3}, 1 * 3 + 2) == 2 * 2 + 1);  // channel 1, x 2
    CHECK(neuron_of_element({2, 3, 4}, (1 * 3 + 2) * 4 + 3) == (3 * 3 + 2) * 2 + 1);
    std::set<int> all;
    for (int i = 0; i < 24; ++i) all.insert(neuron_of_element({2, 3, 4}, i));
    CHECK(all.size() == 24);
}

TEST_CASE("linear nodes on a way are joined to one matrix with delays, their biases to constants") {
    NirWriter w;
    w.node("in", "Input", {{"shape", {{1}, {2}}}});
    w.node("late", "Delay", {{"delay", {{2}, {0.1, 0.3}}}});
    w.node("first", "Affine", {{"weight", {{2, 2}, {1, 2, 0, 3}}}, {"bias", {{2}, {5, -1}}}});
    w.node("second", "Linear", {{"weight", {{1, 2}, {10, 100}}}});
    w.node("neurons", "I", {{"r", {{1}, {1}}}});
    w.node("out", "Output", {{"shape", {{1}, {1}}}});
    w.edges({"in", "late", "late", "first", "first", "second", "second", "neurons", "neurons", "out"});
    const NirGraph graph = read_nir(w.close()).value();
    const auto paths = find_nir_paths(graph, 0.1).value();
    REQUIRE(paths.size() == 1);
    REQUIRE(paths[0].entries.size() == 2);
    CHECK(paths[0].nodes.size() == 3);
    CHECK((paths[0].entries[0].weight == 10 && paths[0].entries[0].delay == 1));
    CHECK((paths[0].entries[1].weight == 320 && paths[0].entries[1].delay == 3));
    const auto constants = nir_constants(graph).value();
    CHECK(constants[static_cast<std::size_t>(paths[0].target)] == std::vector<double>{50 - 100});
    CHECK_FALSE(find_nir_paths(graph, 0.001));  // 300 steps
}

TEST_CASE("a bias before a delay is refused") {
    NirWriter w;
    w.node("in", "Input", {{"shape", {{1}, {1}}}});
    w.node("first", "Affine", {{"weight", {{1, 1}, {1}}}, {"bias", {{1}, {5}}}});
    w.node("late", "Delay", {{"delay", {{}, {0.1}}}});
    w.node("neurons", "I", {{"r", {{1}, {1}}}});
    w.node("out", "Output", {{"shape", {{1}, {1}}}});
    w.edges({"in", "first", "first", "late", "late", "neurons", "neurons", "out"});
    CHECK(nir_constants(read_nir(w.close()).value()).error().message == "a bias stands before the Delay \"late\"");
}
