// NIR files in fixed point: the trace that Lava and a Loihi 2 chip made of one LIF neuron, and networks beside the
// float simulation.
#include "neuro/spiking/nir_import.hpp"

#include <cmath>

#include "core/files.hpp"
#include "neuro/spiking/engine.hpp"
#include "neuro/spiking/nir_float.hpp"
#include "neuro/spiking/nir_path.hpp"
#include "tests/neuro/spiking/check_format.hpp"
#include "tests/neuro/spiking/ground_truth.hpp"
#include "tests/neuro/spiking/nir_writer.hpp"

using namespace tephra;
using namespace tephra::spiking;
using namespace tephra::spiking::test;

namespace {

/// Rows of numbers with commas between them.
std::vector<std::vector<double>> read_csv(const std::string& path) {
    std::vector<std::vector<double>> rows{{}};
    std::string cell;
    for (const char c : value_of(read_file(path)) + "\n") {
        if (c != ',' && c != '\n') {
            cell += c;
            continue;
        }
        if (!cell.empty()) rows.back().push_back(std::stod(cell));
        cell.clear();
        if (c == '\n' && !rows.back().empty()) rows.emplace_back();
    }
    rows.pop_back();
    return rows;
}

}  // namespace

TEST_CASE("a LIF neuron of NIR gives Lava's trace, and the chip's but for four voltages") {
    if (!have_ground_truths()) return;
    const NirGraph graph = value_of(read_nir(ground_truths + "nir/lif_norse.nir"));
    const NirModel model = value_of(import_nir(graph, {.dt = 1e-4, .rule = NirRule::lava}));
    const auto lava = read_csv(ground_truths + "nir/lif_lava_cpu_fixed.csv"),
               chip = read_csv(ground_truths + "nir/lif_lava_loihi_fixed.csv");
    REQUIRE(lava.size() == 1000);
    REQUIRE(chip.size() == 1000);
    Engine engine(model.network);
    int different = 0;
    std::vector<std::size_t> chip_differs;
    for (std::size_t row = 0; row < lava.size(); ++row) {
        const std::vector<std::int32_t> frame{static_cast<std::int32_t>(lava[row][0])};
        const std::vector<std::span<const std::int32_t>> frames{frame};
        REQUIRE(engine.step(frames));
        const std::vector<double> ours{static_cast<double>(frame[0]), static_cast<double>(engine.state(1, 1)[0]),
                                       static_cast<double>(engine.messages(1)[0])};
        if (ours != lava[row]) ++different;
        if (ours != chip[row]) {
            chip_differs.push_back(row);
            CHECK(chip[row] == std::vector<double>{ours[0], 128, ours[2]});
        }
    }
    CHECK(different == 0);
    CHECK(chip_differs == std::vector<std::size_t>{461, 511, 711, 761});
    CHECK(engine.sent(1) == 4);
}

namespace {

using P = std::vector<NirWriter::Parameter>;

NirWriter::Array scalar(double value) {
    return {{}, {value}};
}

NirWriter::Array filled(const std::vector<hsize_t>& shape, Draw& draw) {
    std::size_t size = 1;
    for (const hsize_t extent : shape) size *= extent;
    std::vector<double> values;
    for (std::size_t i = 0; i < size; ++i) values.push_back(draw(-100, 100) / 100.0);
    return {shape, values};
}

struct Linear {
    std::string type;
    P parameters;
};

/// input -> linear nodes -> neurons -> output, as a file.
NirGraph chain(const std::vector<hsize_t>& in, const std::vector<Linear>& linear, const Linear& neurons,
               const std::vector<hsize_t>& out) {
    const auto shape = [](const std::vector<hsize_t>& extents) {
        return P{{"shape", {{extents.size()}, {extents.begin(), extents.end()}}}};
    };
    NirWriter w;
    w.node("in", "Input", shape(in));
    std::vector<std::string> edges{"in"};
    for (const Linear& node : linear) {
        const std::string name = "n" + std::to_string(edges.size());
        w.node(name, node.type, node.parameters);
        edges.push_back(name);
        edges.push_back(name);
    }
    w.node("neurons", neurons.type, neurons.parameters);
    w.node("out", "Output", shape(out));
    edges.insert(edges.end(), {"neurons", "neurons", "out"});
    w.edges(edges);
    return value_of(read_nir(w.close()));
}

/// Largest difference of voltages between fixed point and float over some steps of made-up spikes.
double voltage_error(const NirGraph& graph, double dt) {
    const NirModel model = value_of(import_nir(graph, {.dt = dt, .weight_bits = 12}));
    NirSimulation real = value_of(NirSimulation::make(graph, dt));
    Engine fixed(model.network);
    const int node = model.nodes.at(1);
    const NirNode &neurons = graph.nodes[static_cast<std::size_t>(node)],
                  &input = graph.nodes[static_cast<std::size_t>(graph.input)];
    const auto dynamics = value_of(nir_dynamics(neurons, dt));
    Draw draw(5);
    double worst = 0, largest = 0;
    for (int step = 0; step < 12; ++step) {
        std::vector<double> elements(static_cast<std::size_t>(input.size()));
        std::vector<std::int32_t> frame(elements.size());
        for (std::size_t i = 0; i < elements.size(); ++i)
            elements[i] = frame[static_cast<std::size_t>(neuron_of_element(input.shape, static_cast<int>(i)))] =
                draw(0, 3) == 0 ? 1 : 0;
        const std::vector<std::span<const std::int32_t>> frames{frame};
        const auto done = fixed.step(frames);
        if (!done) FAIL(to_string(done.error()));
        real.step(elements);
        for (int i = 0; i < neurons.size(); ++i) {
            const auto neuron = static_cast<std::size_t>(neuron_of_element(neurons.shape, i));
            const auto element = static_cast<std::size_t>(i);
            const double reset = dynamics.v_reset.empty() ? 0 : dynamics.v_reset[element];
            const double v = fixed.state(1, 1)[neuron] / (64 * model.errors[0].scale) + reset;
            worst = std::max(worst, std::abs(v - real.voltage(node)[element]));
            largest = std::max(largest, std::abs(real.voltage(node)[element] - reset));
        }
    }
    CHECK(largest > 0.01);
    return worst / largest;
}

const P integrator{{"r", scalar(1)}};

}  // namespace

TEST_CASE("a step's current of almost four thresholds makes a neuron spike") {
    const NirGraph graph = chain({8}, {{"Linear", {{"weight", {{1, 8}, std::vector<double>(8, 0.45)}}}}},
                                 {"IF", {{"r", {{1}, {1}}}, {"v_threshold", {{1}, {1}}}}}, {1});
    const NirModel model = value_of(import_nir(graph, {.dt = 1, .weight_bits = 16}));
    Engine engine(model.network);
    const std::vector<std::int32_t> frame(8, 1);
    const std::vector<std::span<const std::int32_t>> frames{frame};
    for (int step = 0; step < 3; ++step) REQUIRE(engine.step(frames));
    CHECK(engine.messages(1)[0] == 1);
}

TEST_CASE("every linear primitive means the same in fixed point and in float") {
    Draw draw(3);
    const auto conv = [&](std::vector<hsize_t> kernel, double stride, double padding, double groups) {
        const hsize_t outputs = kernel[0];
        return P{{"weight", filled(kernel, draw)}, {"bias", filled({outputs}, draw)}, {"stride", scalar(stride)},
                 {"padding", scalar(padding)},     {"dilation", scalar(1)},           {"groups", scalar(groups)}};
    };
    const auto pool = [](double size) {
        return P{{"kernel_size", scalar(size)}, {"stride", scalar(size)}, {"padding", scalar(0)}};
    };
    const Linear flatten{"Flatten", {{"start_dim", scalar(0)}, {"end_dim", scalar(-1)}}};
    struct Case {
        std::vector<hsize_t> in;
        std::vector<Linear> linear;
        std::vector<hsize_t> out;
        std::string format;
    };
    for (const Case& c : std::vector<Case>{
             {{4}, {{"Affine", {{"weight", filled({3, 4}, draw)}, {"bias", filled({3}, draw)}}}}, {3}, "dense"},
             {{4},
              {{"Scale", {{"scale", filled({4}, draw)}}}, {"Linear", {{"weight", filled({3, 4}, draw)}}}},
              {3},
              "dense"},
             {{2, 5}, {{"Conv1d", conv({3, 2, 3}, 1, 1, 1)}}, {3, 5}, "convolution"},
             {{2, 5, 4}, {{"Conv2d", conv({4, 1, 3, 2}, 2, 1, 2)}}, {4, 3, 3}, "convolution"},
             {{2, 2, 3},
              {{"Flatten", {{"start_dim", scalar(1)}, {"end_dim", scalar(2)}}}, {"Conv1d", conv({3, 2, 2}, 1, 0, 1)}},
              {3, 5},
              "sparse"},
             {{2, 4, 6}, {{"SumPool2d", pool(2)}}, {2, 2, 3}, "sparse"},
             {{2, 4, 6}, {{"AvgPool2d", pool(2)}, {"Conv2d", conv({3, 2, 1, 2}, 1, 0, 1)}}, {3, 2, 2}, "sparse"},
             {{2, 3, 2}, {flatten, {"Linear", {{"weight", filled({5, 12}, draw)}}}}, {5}, "dense"},
             {{4},
              {{"Delay", {{"delay", {{4}, {0, 0.1, 0.2, 0.5}}}}}, {"Linear", {{"weight", filled({3, 4}, draw)}}}},
              {3},
              "sparse"},
             {{4}, {{"Linear", {{"weight", filled({3, 4}, draw)}}}, {"Delay", {{"delay", scalar(0.3)}}}}, {3}, "dense"},
             {{4}, {}, {4}, "one_to_one"}}) {
        const NirGraph graph = chain(c.in, c.linear, {"I", integrator}, c.out);
        INFO((c.linear.empty() ? "nothing" : c.linear.front().type));
        CHECK(value_of(import_nir(graph, {.dt = 0.1})).network.connections().front().synapses->kind() == c.format);
        CHECK(voltage_error(graph, 0.1) < 2e-3);
    }
}

TEST_CASE("every neuron primitive means the same in fixed point and in float") {
    Draw draw(4);
    const std::vector<Linear> weights{{"Affine", {{"weight", filled({3, 4}, draw)}, {"bias", filled({3}, draw)}}}};
    const P leaky{{"tau", {{3}, {0.3, 0.5, 1}}}, {"r", {{3}, {1, 2, 3}}}, {"v_leak", {{3}, {0.1, -0.2, 0}}}};
    const P cuba{{"tau_syn", {{3}, {0.2, 0.4, 0.8}}},
                 {"tau_mem", scalar(0.4)},
                 {"r", scalar(2)},
                 {"v_leak", scalar(0.05)},
                 {"w_in", scalar(3)}};
    const auto spiking = [](P parameters) {
        parameters.push_back({"v_threshold", {{3}, {0.5, 0.7, 0.9}}});
        parameters.push_back({"v_reset", {{3}, {0, -0.3, 0.2}}});
        return parameters;
    };
    for (const Linear& neurons : std::vector<Linear>{{"I", integrator},
                                                     {"IF", spiking(integrator)},
                                                     {"LI", leaky},
                                                     {"LIF", spiking(leaky)},
                                                     {"CubaLI", cuba},
                                                     {"CubaLIF", spiking(cuba)}}) {
        INFO(neurons.type);
        CHECK(voltage_error(chain({4}, weights, neurons, {3}), 0.1) < 5e-3);
    }
}

TEST_CASE("what fixed point can't be is refused with the node") {
    const auto refused = [](const NirGraph& graph, const NirOptions& options) {
        const auto model = import_nir(graph, options);
        return model ? std::string() : model.error().message;
    };
    const P lif{{"tau", scalar(1)}, {"r", scalar(1)}, {"v_leak", scalar(0)}, {"v_threshold", scalar(1)}};
    const Linear weight{"Linear", {{"weight", {{1, 1}, {1}}}}};
    const NirGraph graph = chain({1}, {weight}, {"LIF", lif}, {1});
    CHECK(refused(graph, {.dt = 0.1}).empty());
    CHECK(refused(graph, {.dt = 0.1, .rule = NirRule::lava}).empty());
    P high = lif;
    for (auto& [name, value] : high)
        if (name == std::string("v_threshold")) value = scalar(1e12);
    CHECK(refused(chain({1}, {weight}, {"LIF", high}, {1}), {.dt = 0.1}) ==
          "fixed point cannot hold weights of node \"neurons\": an error of 100 %");
    CHECK(refused(graph, {.dt = 2}).find("\"tau\" of node \"neurons\"") != std::string::npos);
    CHECK(refused(graph, {.dt = 0}).find("a step of 0") != std::string::npos);
    CHECK(refused(graph, {.weight_bits = 1}) == "the number of weight bits is 1");
    CHECK(refused(graph, {.weight_bits = 17}) == "the number of weight bits is 17");
    CHECK(refused(chain({1}, {{"Affine", {{"weight", {{1, 1}, {1}}}, {"bias", {{1}, {1}}}}}}, {"LIF", lif}, {1}),
                  {.dt = 0.1, .rule = NirRule::lava}) == "node \"neurons\" is no LIF without leak, reset and bias");
    CHECK(refused(chain({1}, {{"Scale", {{"scale", scalar(1)}}}}, {"LIF", lif}, {1}),
                  {.dt = 0.1, .rule = NirRule::lava}) == "node \"n1\" is of type Scale");
    NirWriter affine;
    affine.node("in", "Input", {{"shape", {{1}, {1}}}});
    affine.node("neurons", "I", integrator);
    affine.node("w", "Scale", {{"scale", scalar(2)}});
    affine.node("out", "Output", {{"shape", {{1}, {1}}}});
    affine.edges({"in", "neurons", "neurons", "w", "w", "out"});
    CHECK(refused(value_of(read_nir(affine.close())), {}) == "node \"w\" (Scale) leads to the output");
    NirWriter cycle;
    cycle.node("in", "Input", {{"shape", {{1}, {1}}}});
    cycle.node("neurons", "I", integrator);
    cycle.node("out", "Output", {{"shape", {{1}, {1}}}});
    cycle.edges({"in", "neurons", "neurons", "neurons", "neurons", "out"});
    CHECK(refused(value_of(read_nir(cycle.close())), {}).find("is in a cycle of integrators") != std::string::npos);
}

TEST_CASE(
    "layers of a NIR file stand as the input reaches them, and the rounding of a delay is an error of its layer") {
    const P lif{{"tau", scalar(1)},
                {"r", scalar(1)},
                {"v_leak", scalar(0)},
                {"v_threshold", scalar(1)},
                {"v_reset", scalar(0)}};
    NirWriter file;
    file.node("in", "Input", {{"shape", {{1}, {1}}}});
    file.node("z", "LIF", lif);
    file.node("late", "Delay", {{"delay", scalar(0.23)}});
    file.node("a", "LIF", lif);
    file.node("out", "Output", {{"shape", {{1}, {1}}}});
    file.edges({"in", "z", "z", "late", "late", "a", "a", "out"});
    const NirModel model = value_of(import_nir(value_of(read_nir(file.close())), {.dt = 0.1}));
    REQUIRE(model.errors.size() == 2);
    CHECK(model.errors[0].layer == "z");
    CHECK(model.errors[1].layer == "a");
    CHECK(model.errors[0].delay == 0);
    CHECK(model.errors[1].delay == Approx(0.3));
}
