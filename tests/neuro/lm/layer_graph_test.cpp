#include "neuro/lm/layer_graph.hpp"

#include <cmath>
#include <cstring>

#include "tests/catch.hpp"

using namespace tephra;

namespace {

ModelConfig config_of(int vocab, int hidden, int layers, int intermediate) {
    ModelConfig config;
    config.vocab_size = vocab;
    config.hidden_size = hidden;
    config.num_layers = layers;
    config.intermediate_size = intermediate;
    return config;
}

}  // namespace

TEST_CASE("parameter counts equal the published ones") {
    CHECK(parameter_count(config_of(4096, 256, 6, 768)) == 7227904);
    CHECK(parameter_count(config_of(4096, 512, 6, 1536)) == 24679424);
    ModelConfig tied = config_of(4096, 256, 6, 768);
    tied.tied_embeddings = true;
    tied.use_lower_bound = false;
    CHECK(parameter_count(tied) == 7227904 - 4096 * 256 - 6 * 256);
}

TEST_CASE("fixed embedding rows equal rounding the real values, halves up") {
    // Every BF16 and F16 bit pattern, and F32 patterns that sweep all exponents and rounding positions.
    std::vector<std::uint32_t> patterns;
    const auto type = GENERATE(FloatType::bf16, FloatType::f16, FloatType::f32);
    const std::size_t width = element_bytes(type);
    if (width == 2)
        for (std::uint32_t k = 0; k < 65536; ++k) patterns.push_back(k);
    else
        for (std::uint64_t k = 0; k < (std::uint64_t{1} << 32); k += 65521)
            patterns.push_back(static_cast<std::uint32_t>(k));
    std::vector<std::byte> data(patterns.size() * width);
    for (std::size_t k = 0; k < patterns.size(); ++k) std::memcpy(&data[k * width], &patterns[k], width);
    EmbeddingTable table{type, 1, static_cast<int>(patterns.size()), data};
    std::vector<std::int32_t> row(patterns.size());
    for (const int fraction_bits : {-3, 0, 5, 16, 23}) {
        table.fixed_row(0, fraction_bits, row);
        std::size_t wrong = 0;
        for (std::size_t k = 0; k < row.size(); ++k) {
            const double value = table.value(0, static_cast<int>(k));
            if (std::isnan(value)) continue;
            const double rounded = std::floor(std::ldexp(value, fraction_bits) + 0.5);
            const double expected = std::min(8388607.0, std::max(-8388608.0, rounded));
            if (row[k] != static_cast<std::int32_t>(expected)) ++wrong;
        }
        CHECK(wrong == 0);
    }
}

TEST_CASE("lower bounds are the cumulative softmax without its first term") {
    const std::vector<float> latent = {0.5F, -1.0F, 1.5F, 2.0F, -0.25F, 0.0F};  // [3 x 2]
    LayerGraph graph;
    graph.config = config_of(1, 2, 3, 1);
    graph.lower_bounds = latent;
    const auto bounds = forget_lower_bounds(graph);
    for (std::size_t j = 0; j < 2; ++j) {
        const double e0 = std::exp(double{latent[j]}), e1 = std::exp(double{latent[2 + j]}),
                     e2 = std::exp(double{latent[4 + j]});
        CHECK(bounds[j] == 0.0);
        CHECK(std::abs(bounds[2 + j] - e1 / (e0 + e1 + e2)) < 1e-15);
        CHECK(std::abs(bounds[4 + j] - (e1 + e2) / (e0 + e1 + e2)) < 1e-15);
    }
    graph.lower_bounds = {};
    CHECK(forget_lower_bounds(graph) == std::vector<double>(6, 0.0));
}
