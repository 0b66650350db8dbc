// The float simulation of NIR files beside their fixed-point networks.
#include "neuro/spiking/nir_beside.hpp"

#include "neuro/spiking/nir_import.hpp"
#include "tests/neuro/spiking/check_format.hpp"
#include "tests/neuro/spiking/ground_truth.hpp"
#include "tests/neuro/spiking/nir_writer.hpp"

using namespace tephra;
using namespace tephra::spiking;
using namespace tephra::spiking::test;

namespace {

/// Some steps of made-up spikes.
std::vector<NirAgreement> compare(const NirGraph& graph, const NirOptions& options, int steps, int percent) {
    const NirModel model = value_of(import_nir(graph, options));
    NirBeside beside = value_of(NirBeside::make(graph, options.dt, model.network));
    Engine fixed(model.network);
    std::vector<std::int32_t> frame(static_cast<std::size_t>(model.network.layer(0).size()));
    Draw draw(11);
    for (int step = 0; step < steps; ++step) {
        for (std::int32_t& value : frame) value = draw(0, 99) < percent ? 1 : 0;
        const std::vector<std::span<const std::int32_t>> frames{frame};
        const auto done = fixed.step(frames);
        if (!done) FAIL(to_string(done.error()));
        beside.step(frame, fixed);
    }
    for (const NirAgreement& a : beside.agreements()) CHECK(a.fixed == fixed.sent(a.layer));
    return beside.agreements();
}

}  // namespace

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
            for (const NirAgreement& a : layers) {
                INFO(c.file << ", " << bits << " bits, layer " << &a - layers.data() << ": fixed " << a.fixed
                            << ", float " << a.real << ", different " << a.different);
                CHECK(std::abs(a.fixed - a.real) <= a.real / 8 + 3);
                if (bits > 8) CHECK(a.different <= a.real / 6 + 1);
            }
        }
    }
}

TEST_CASE("a threshold is the same in fixed point and in float, and a network of another file is refused") {
    using P = std::vector<NirWriter::Parameter>;
    const auto chain = [](const char* neurons) {
        NirWriter w;
        w.node("in", "Input", P{{"shape", {{1}, {4}}}});
        w.node("weights", "Linear",
               P{{"weight", {{3, 4}, {0.5, -0.2, 0.3, 0.9, -0.7, 0.4, 0.1, 0.6, 0.8, 0.2, -0.4, -0.9}}}});
        w.node(neurons, "Threshold", P{{"threshold", {{3}, {0.2, 0.3, -0.1}}}});
        w.node("out", "Output", P{{"shape", {{1}, {3}}}});
        w.edges({"in", "weights", "weights", neurons, neurons, "out"});
        return value_of(read_nir(w.close()));
    };
    const NirGraph graph = chain("neurons"), other = chain("others");
    for (const NirAgreement& a : compare(graph, {.dt = 1, .weight_bits = 14}, 50, 30)) {
        CHECK(a.real > 0);
        CHECK(a.different == 0);
    }
    const NirModel model = value_of(import_nir(other, {.dt = 1}));
    CHECK(NirBeside::make(graph, 1, model.network).error().message == "layer \"others\" is no node of the file");
}
