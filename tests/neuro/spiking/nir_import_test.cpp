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

/// Spikes of each layer in the fixed-point network and in the float simulation, and how many of them differ.
struct Agreement {
    std::int64_t fixed = 0, real = 0, different = 0;
};

std::vector<Agreement> compare(const NirGraph& graph, const NirOptions& options, int steps, int percent) {
    const NirModel model = value_of(import_nir(graph, options));
    NirSimulation real = value_of(NirSimulation::make(graph, options.dt));
    Engine fixed(model.network);
    const NirNode& input = graph.nodes[static_cast<std::size_t>(graph.input)];
    const auto inputs = static_cast<std::size_t>(input.size());
    Draw draw(11);
    std::vector<Agreement> all(model.nodes.size());
    for (int step = 0; step < steps; ++step) {
        std::vector<std::int32_t> frame(inputs);
        std::vector<double> elements(inputs);
        for (std::size_t i = 0; i < inputs; ++i) {
            const auto neuron = static_cast<std::size_t>(neuron_of_element(input.shape, static_cast<int>(i)));
            elements[i] = frame[neuron] = draw(0, 99) < percent ? 1 : 0;
        }
        const std::vector<std::span<const std::int32_t>> frames{frame};
        const auto done = fixed.step(frames);
        if (!done) FAIL(to_string(done.error()));
        real.step(elements);
        for (std::size_t layer = 0; layer < all.size(); ++layer) {
            const int node = model.nodes[layer];
            const auto sent = fixed.messages(static_cast<int>(layer));
            const auto expected = real.output(node);
            for (std::size_t i = 0; i < expected.size(); ++i) {
                const auto neuron = static_cast<std::size_t>(
                    neuron_of_element(graph.nodes[static_cast<std::size_t>(node)].shape, static_cast<int>(i)));
                all[layer].fixed += sent[neuron];
                all[layer].real += expected[i] != 0 ? 1 : 0;
                all[layer].different += (sent[neuron] != 0) != (expected[i] != 0) ? 1 : 0;
            }
        }
    }
    return all;
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

TEST_CASE("networks agree with the float simulation as far as the bits of their weights allow") {
    if (!have_ground_truths()) return;
    struct Case {
        const char* file;
        double dt;
        int steps, percent, fine_bits;
    };
    for (const Case& c : {Case{"braille_noDelay_bias_zero", 1e-4, 400, 20, 16}, Case{"cnn_sinabs", 1, 15, 4, 13}}) {
        const NirGraph graph = value_of(read_nir(ground_truths + "nir/" + c.file + ".nir"));
        // With 8 bits single spikes move, which recurrence and depth amplify; their number stays.
        for (const int bits : {8, c.fine_bits}) {
            const auto layers = compare(graph, {.dt = c.dt, .weight_bits = bits}, c.steps, c.percent);
            for (const Agreement& a : layers) {
                INFO(c.file << ", " << bits << " bits, layer " << &a - layers.data() << ": fixed " << a.fixed
                            << ", float " << a.real << ", different " << a.different);
                CHECK(std::abs(a.fixed - a.real) <= a.real / 8 + 3);
                if (bits > 8) CHECK(a.different <= a.real / 6 + 1);
            }
        }
    }
}
