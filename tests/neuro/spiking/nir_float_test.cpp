#include "neuro/spiking/nir_float.hpp"

#include "tests/neuro/spiking/nir_writer.hpp"

using namespace tephra;
using namespace tephra::spiking;
using namespace tephra::spiking::test;

namespace {

using P = std::vector<NirWriter::Parameter>;

NirWriter::Array scalar(double value) {
    return {{}, {value}};
}

/// input (1) -> [between] -> one neuron; its output and voltage after each step of an input.
std::vector<std::pair<double, double>> trace(const std::string& type, const P& parameters, double dt,
                                             const std::vector<double>& input, const std::string& between = "",
                                             const P& its = {}) {
    NirWriter w;
    w.node("in", "Input", {{"shape", {{1}, {1}}}});
    w.node("neuron", type, parameters);
    w.node("out", "Output", {{"shape", {{1}, {1}}}});
    if (between.empty()) {
        w.edges({"in", "neuron", "neuron", "out"});
    } else {
        w.node("between", between, its);
        w.edges({"in", "between", "between", "neuron", "neuron", "out"});
    }
    auto graph = read_nir(w.close());
    if (!graph) FAIL(to_string(graph.error()));
    const auto node = std::ranges::find(graph->nodes, "neuron", &NirNode::name) - graph->nodes.begin();
    auto made = NirSimulation::make(*graph, dt);
    if (!made) FAIL(to_string(made.error()));
    std::vector<std::pair<double, double>> out;
    for (const double x : input) {
        made->step(std::vector<double>{x});
        out.emplace_back(made->output(static_cast<int>(node))[0], made->voltage(static_cast<int>(node))[0]);
    }
    return out;
}

using Trace = std::vector<std::pair<double, double>>;

}  // namespace

TEST_CASE("integrators add dt r x, from the step after") {
    CHECK(trace("I", {{"r", scalar(2)}}, 0.5, {3, 0, 1, 0}) == Trace{{0, 0}, {3, 3}, {3, 3}, {4, 4}});
    CHECK(trace("IF", {{"r", scalar(1)}, {"v_threshold", scalar(2)}, {"v_reset", scalar(-1)}}, 1, {2, 1, 1, 1, 0}) ==
          Trace{{0, -1}, {0, 1}, {0, 2}, {1, -1}, {0, 0}});
}

TEST_CASE("leaky integrators go towards v_leak + r x") {
    const P leaky{{"tau", scalar(2)}, {"r", scalar(4)}, {"v_leak", scalar(1)}};
    CHECK(trace("LI", leaky, 1, {1, 0, 0}) == Trace{{0.5, 0.5}, {2.75, 2.75}, {1.875, 1.875}});
    P spiking = leaky;
    spiking.push_back({"v_threshold", scalar(2.5)});
    CHECK(trace("LIF", spiking, 1, {1, 0, 0}) == Trace{{0, 0.5}, {1, 0}, {0, 0.5}});
}

TEST_CASE("CUBA neurons filter their input first, and the voltage sees the new current") {
    const P parameters{
        {"tau_syn", scalar(4)}, {"tau_mem", scalar(2)}, {"r", scalar(2)}, {"v_leak", scalar(0)}, {"w_in", scalar(8)}};
    // I: 0, 2, 1.5; v' = v - v / 2 + I.
    CHECK(trace("CubaLI", parameters, 1, {1, 0, 0}) == Trace{{0, 0}, {2, 2}, {2.5, 2.5}});
}

TEST_CASE("a threshold node compares its input") {
    CHECK(trace("Threshold", {{"threshold", scalar(2)}}, 1, {2, 3, 0}) == Trace{{0, 0}, {0, 2}, {1, 3}});
}

TEST_CASE("biases act in every step, delays make them late") {
    CHECK(trace("I", {{"r", scalar(1)}}, 1, {1, 0}, "Affine", {{"weight", {{1, 1}, {10}}}, {"bias", {{1}, {1}}}}) ==
          Trace{{1, 1}, {12, 12}});
    CHECK(trace("I", {{"r", scalar(1)}}, 1, {1, 0, 0, 0}, "Delay", {{"delay", scalar(2)}}) ==
          Trace{{0, 0}, {0, 0}, {0, 0}, {1, 1}});
}

TEST_CASE("steps longer than a time constant, and thresholds below the reset, are refused") {
    NirNode node{"n",
                 "LIF",
                 "#n",
                 {{"tau", {{}, {1e-3}}},
                  {"r", {{}, {1}}},
                  {"v_leak", {{}, {0}}},
                  {"v_threshold", {{}, {1}}},
                  {"v_reset", {{}, {0}}}},
                 {1},
                 {}};
    CHECK(nir_dynamics(node, 1e-3));
    CHECK(nir_dynamics(node, 1.1e-3).error().hint.starts_with("use a smaller --dt"));
    node.values["v_reset"].values = {1};
    CHECK_FALSE(nir_dynamics(node, 1e-4));
}
