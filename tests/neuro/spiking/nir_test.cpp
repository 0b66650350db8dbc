// NIR files: what is read, and each fault with its node.
#include "neuro/spiking/nir.hpp"

#include "tests/neuro/spiking/nir_writer.hpp"

using namespace tephra;
using namespace tephra::spiking;
using namespace tephra::spiking::test;

namespace {

/// input (2) -> weights (3 x 2) -> lif (3) -> output (3).
void small(NirWriter& w) {
    w.node("input", "Input", {{"shape", {{1}, {2}}}});
    w.node("weights", "Affine", {{"weight", {{3, 2}, {1, 2, 3, 4, 5, 6}}}, {"bias", {{3}, {0, 0, 1}}}});
    w.node("lif", "LIF",
           {{"tau", {{3}, {1, 1, 1}}}, {"r", {{}, {1}}}, {"v_leak", {{}, {0}}}, {"v_threshold", {{}, {1}}}});
    w.node("output", "Output", {{"shape", {{1}, {3}}}});
    w.edges({"input", "weights", "weights", "lif", "lif", "output"});
}

/// The error of small() after `change` wrote before it; places without the file's name.
template <typename Change>
std::string refused(Change change) {
    NirWriter writer;
    change(writer);
    small(writer);
    const auto graph = read_nir(writer.close());
    if (graph) return "";
    const std::string text = to_string(graph.error());
    return text.starts_with(writer.path()) ? text.substr(writer.path().size()) : text;
}

}  // namespace

TEST_CASE("a graph has nodes with shapes, and an order") {
    NirWriter writer;
    small(writer);
    const NirGraph graph = read_nir(writer.close()).value();
    REQUIRE(graph.nodes.size() == 4);
    const auto node = [&](const std::string& name) -> const NirNode& {
        return *std::ranges::find(graph.nodes, name, &NirNode::name);
    };
    CHECK(node("lif").shape == std::vector<int>{3});
    CHECK(node("lif").is_neuron());
    CHECK(node("lif").at("v_reset").values == std::vector<double>{0});
    CHECK(node("weights").shape == std::vector<int>{3});
    CHECK(node("output").size() == 3);
    CHECK(graph.nodes[static_cast<std::size_t>(graph.input)].name == "input");
    CHECK(graph.order.size() == 3);
    CHECK(refused([](NirWriter&) {}).empty());
}

TEST_CASE("graphs within graphs are taken apart") {
    NirWriter w;
    w.node("input", "Input", {{"shape", {{1}, {2}}}});
    w.node("output", "Output", {{"shape", {{1}, {2}}}});
    w.edges({"input", "module", "module", "output"});
    NirWriter::Scope module(w, "module");
    w.node("in", "Input", {{"shape", {{1}, {2}}}});
    w.node("neurons", "IF", {{"r", {{}, {1}}}, {"v_threshold", {{2}, {1, 1}}}});
    w.node("again", "Scale", {{"scale", {{}, {0.5}}}});
    w.node("out", "Output", {{"shape", {{1}, {2}}}});
    w.edges({"in", "neurons", "neurons", "out", "neurons", "again", "again", "neurons"});
    const auto graph = read_nir(w.close());
    if (!graph) FAIL(to_string(graph.error()));
    const auto neurons = std::ranges::find(graph->nodes, "module/neurons", &NirNode::name);
    REQUIRE(neurons != graph->nodes.end());
    CHECK(neurons->from.size() == 2);
    const auto output = graph->nodes[static_cast<std::size_t>(graph->output)];
    CHECK(graph->nodes[static_cast<std::size_t>(output.from.front())].name == "module/out");
}

TEST_CASE("faults of a graph are refused with the node and a hint") {
    using W = NirWriter&;
    CHECK(refused([](W w) { w.skip("input"); }).find("a graph without an Input") != std::string::npos);
    CHECK(refused([](W w) { w.skip("output"); }).find("a graph without an Output") != std::string::npos);
    CHECK(refused([](W w) {
              w.node("input2", "Input", {{"shape", {{1}, {2}}}});
          }).starts_with("#/node/nodes/input2: a second node of type Input"));
    CHECK(
        refused([](W w) {
            w.node("x", "Conv3d", {});
        }).starts_with("#/node/nodes/x/type: node \"x\" is of type \"Conv3d\", which is not read (did you mean Conv"));
    CHECK(refused([](W w) { w.node("x", "LIF", {}); }).starts_with("#/node/nodes/x/tau: it is missing"));
    CHECK(refused([](W w) {
              w.node("x", "Linear", {{"weight", {{1, 3}, {1, 2, 3}}}, {"bias", {{}, {1}}}});
          }).starts_with("#/node/nodes/x/bias: a node of type Linear has no parameter \"bias\""));
    CHECK(refused([](W w) {
              w.node("x", "Scale", {{"scale", {{}, {1}}}});
          }).find("nothing leads to node \"x\"") != std::string::npos);
    CHECK(refused([](W w) {
              w.edges({"input", "weight"});
          }).starts_with("#/node/edges: edge 0 names \"weight\", which is no node (did you mean \"weights\"?)"));
    CHECK(refused([](W w) {
              w.edges({"input", "weights", "input", "weights"});
          }).starts_with("#/node/edges: the edge from \"input\" to \"weights\" is there twice"));
    CHECK(refused([](W w) {
              w.node("a", "Scale", {{"scale", {{}, {1}}}});
              w.node("b", "Scale", {{"scale", {{}, {1}}}});
              w.edges({"input", "weights", "weights", "lif", "lif", "output", "lif", "a", "a", "b", "b", "a"});
          }).find("is in or behind a cycle without neurons") != std::string::npos);
    CHECK(refused([](W w) {
              w.node("input", "Input", {{"shape", {{1}, {3}}}});
          }).find("gets an input of shape (3)") != std::string::npos);
    CHECK(refused([](W w) {
              w.node("input", "Input", {{"shape", {{1}, {-2}}}});
          }).find("no population can have") != std::string::npos);
    CHECK(refused([](W w) {
              w.node("input", "Input", {{"shape", {{2}, {1e5, 1e5}}}});
          }).find("no population can have") != std::string::npos);
    CHECK(refused([](W w) {
              w.node("output", "Output", {{"shape", {{1}, {4}}}});
          }).find("it takes (4)") != std::string::npos);
    CHECK(refused([](W w) {
              w.node(
                  "lif", "LIF",
                  {{"tau", {{3}, {1, 1, 1}}}, {"r", {{2}, {1, 1}}}, {"v_leak", {{}, {0}}}, {"v_threshold", {{}, {1}}}});
          }).find("has parameters of shape") != std::string::npos);
    CHECK(refused([](W w) {
              w.node("weights", "Affine", {{"weight", {{3, 2}, {1, 2, 3, 4, 5, 6}}}, {"bias", {{2}, {0, 0}}}});
          }).find("has 2 biases for 3 outputs") != std::string::npos);
    NirWriter other;
    other.type("NIRGraf");
    CHECK(read_nir(other.close()).error().message == "the outermost node is of type \"NIRGraf\"");
}

TEST_CASE("no damaged byte is the end of the program that reads the file") {
    NirWriter writer;
    writer.node("in", "Input", {{"shape", {{1}, {2}}}});
    writer.node("w", "Linear", {{"weight", {{3, 2}, {1, 0, 0, 1, 0.5, 0.5}}}});
    writer.node("neurons", "IF", {{"r", {{}, {1}}}, {"v_threshold", {{3}, {0.9, 1.9, 0.9}}}});
    writer.node("out", "Output", {{"shape", {{1}, {3}}}});
    writer.edges({"in", "w", "w", "neurons", "neurons", "out"});
    const std::string whole = read_file(writer.close()).value();
    const tephra::test::TemporaryPath damaged("damaged.nir");
    int refused = 0;
    for (std::size_t at = 0; at < whole.size(); at += 127) {  // odd: every kind of place in 8-byte fields
        std::string bytes = whole;
        bytes[at] = static_cast<char>(~bytes[at]);
        REQUIRE(write_file(damaged.str(), bytes));
        refused += read_nir(damaged.str()) ? 0 : 1;
    }
    CHECK(refused > 5);
}
