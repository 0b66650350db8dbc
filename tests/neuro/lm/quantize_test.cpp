#include "neuro/lm/quantize.hpp"

#include <cmath>
#include <map>

#include "neuro/lm/float_model.hpp"
#include "tests/catch.hpp"
#include "tests/neuro/lm/random_model.hpp"

using namespace tephra;

namespace {

/// Largest magnitudes of the float model over ids, by (block, name).
std::map<std::pair<int, std::string>, double> peaks(const LayerGraph& graph, std::span<const std::int32_t> ids) {
    std::map<std::pair<int, std::string>, double> out;
    FloatModel(graph).forward(ids, [&](int block, std::string_view name, std::span<const double> values) {
        double& peak = out[{block, std::string(name)}];
        for (const double v : values) peak = std::max(peak, std::abs(v));
    });
    return out;
}

bool equal(const NormParameters& a, const NormParameters& b) {
    return a.rms_gain == b.rms_gain && a.gain == b.gain && a.factor == b.factor && a.epsilon == b.epsilon &&
           a.second_epsilon == b.second_epsilon;
}

}  // namespace

TEST_CASE("formats hold the calibrated values with headroom and waste no bit") {
    const test::RandomModel model(test::small_config(), 5);
    const auto ids = test::random_ids(200, 97, 3);
    const QuantizedModel q = quantize(model.graph, ids).value();
    const auto peak = peaks(model.graph, ids);
    REQUIRE(q.blocks.size() == 3);
    int x_in = q.x_embedding;
    for (int l = 0; l < 3; ++l) {
        const BlockFormats& f = q.blocks[static_cast<std::size_t>(l)].formats;
        CHECK(f.x_in == x_in);
        x_in = f.x_out;
        const auto check = [&](const char* name, int bits, double headroom, int most) {
            INFO("block " << l << " " << name);
            const double bound = std::ldexp(peak.at({l, name}) * headroom, bits);
            CHECK(bound <= state_max);
            CHECK((bits == most || bound > state_max / 2 - 1));
        };
        check("f", f.f, 2, 20);
        check("i", f.i, 2, 20);
        check("g", f.g, 2, 20);
        check("h", f.h, 2, 23);
        check("t", f.t, 4, 23);
        check("z", f.z, 2, 20);
        check("y", f.y, 4, 23);
    }
}

TEST_CASE("products of states lose 16 bits at least, however small they are") {
    const test::RandomModel model(test::small_config(), 5);
    LayerGraph graph = model.graph;
    TernaryMatrix& gate = graph.blocks[1].gate_proj.weight;
    std::vector<std::uint8_t> codes(gate.codes.begin(), gate.codes.end());
    constexpr std::uint8_t zero_weights = 0b01010101;
    std::fill(codes.begin(), codes.begin() + static_cast<std::ptrdiff_t>(codes.size() / 2), zero_weights);
    gate.codes = codes;  // z1 is zero and so is y; z2 is large
    gate.scale *= 1000;
    const BlockFormats f = quantize(graph, test::random_ids(200, 97, 3)).value().blocks[1].formats;
    CHECK(f.z < 19);
    CHECK(f.y == 2 * f.z - 16);
}

TEST_CASE("quantization does not depend on the number of threads", "[threads]") {
    const test::RandomModel model(test::small_config(), 6);
    const auto ids = test::random_ids(700, 97, 4);
    const QuantizedModel one = quantize(model.graph, ids, 1).value(), three = quantize(model.graph, ids, 3).value();
    CHECK(one.x_embedding == three.x_embedding);
    CHECK(one.logits == three.logits);
    CHECK(equal(one.head_norm, three.head_norm));
    for (std::size_t l = 0; l < 3; ++l) {
        CHECK(one.blocks[l].formats == three.blocks[l].formats);
        CHECK(one.blocks[l].one_minus_lower == three.blocks[l].one_minus_lower);
        CHECK(equal(one.blocks[l].token_norm, three.blocks[l].token_norm));
        CHECK(equal(one.blocks[l].output_norm, three.blocks[l].output_norm));
        CHECK(equal(one.blocks[l].channel_norm, three.blocks[l].channel_norm));
        CHECK(equal(one.blocks[l].down_norm, three.blocks[l].down_norm));
    }
}

TEST_CASE("quantize refuses what it cannot represent") {
    test::RandomModel model(test::small_config(), 7);
    const auto ids = test::random_ids(20, 97, 4);
    CHECK(quantize(model.graph, {}).error().code == ErrorCode::bad_input);
    CHECK(quantize(model.graph, std::vector<std::int32_t>{3, 97}).error().place == "calibration id 1");
    CHECK(quantize(model.graph, std::vector<std::int32_t>{-1}).error().place == "calibration id 0");

    const std::span<const float> norm = model.graph.blocks[1].mlp_norm;
    std::vector<float> bad(norm.begin(), norm.end());
    bad[5] = NAN;
    model.graph.blocks[1].mlp_norm = bad;
    CHECK(quantize(model.graph, ids).error().place.starts_with("block 1"));
    model.graph.blocks[1].mlp_norm = norm;

    std::vector<float> huge(97 * 48, 1e8F);
    model.graph.embeddings.data = std::as_bytes(std::span(huge));
    CHECK(quantize(model.graph, ids).error().code == ErrorCode::bad_input);
}
