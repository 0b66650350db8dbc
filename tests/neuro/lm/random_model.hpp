#pragma once
// A small model with random parameters, built in memory: every test that needs a model but no file starts here.
#include <cmath>
#include <cstring>
#include <deque>
#include <memory>
#include <vector>

#include "core/philox.hpp"
#include "neuro/lm/deployment.hpp"
#include "neuro/lm/quantize.hpp"

namespace tephra::test {

/// Owns the parameters that the views of a LayerGraph point to.
class RandomModel {
public:
    RandomModel(const ModelConfig& config, std::uint64_t seed) : seed_(seed) {
        const int d = config.hidden_size, f = config.intermediate_size;
        graph.config = config;
        graph.name = "random";
        graph.embeddings = {FloatType::f32, config.vocab_size, d, std::as_bytes(reals(config.vocab_size * d, 0, 1))};
        graph.lower_bounds = reals(config.num_layers * d, 0, 2);
        for (int l = 0; l < config.num_layers; ++l) {
            Block block;
            block.attn_norm = reals(d, 1, 0.5);
            block.f_proj = bitlinear(d, d);
            block.i_proj = bitlinear(d, d);
            block.g_proj = bitlinear(d, d);
            block.g_norm = reals(d, 1, 0.5);
            block.o_proj = bitlinear(d, d);
            block.mlp_norm = reals(d, 1, 0.5);
            block.gate_proj = bitlinear(2 * f, d);
            block.down_proj = bitlinear(d, f);
            graph.blocks.push_back(block);
        }
        graph.final_norm = reals(d, 1, 0.5);
        graph.lm_head = bitlinear(config.vocab_size, d);
        graph.storage = storage_;
    }

    LayerGraph graph;

private:
    struct Storage {
        std::deque<std::vector<float>> reals;
        std::deque<std::vector<std::uint8_t>> bytes;
    };

    double uniform() { return unit_interval(random_words(seed_, 7, next_++, 0)[0]); }

    std::span<const float> reals(int count, double middle, double spread) {
        std::vector<float>& out = storage_->reals.emplace_back(static_cast<std::size_t>(count));
        for (float& v : out) v = static_cast<float>(middle + spread * (2 * uniform() - 1));
        return out;
    }

    BitLinear bitlinear(int rows, int cols) {
        const auto stride = static_cast<std::size_t>(ternary_row_bytes(cols));
        std::vector<std::uint8_t>& bytes = storage_->bytes.emplace_back(stride * static_cast<std::size_t>(rows) + 63);
        void* start = bytes.data();
        std::size_t space = bytes.size();
        auto* codes = static_cast<std::uint8_t*>(std::align(64, space - 63, start, space));
        std::vector<std::int8_t> row(static_cast<std::size_t>(cols));
        for (std::size_t r = 0; r < static_cast<std::size_t>(rows); ++r) {
            for (std::int8_t& w : row) w = static_cast<std::int8_t>(static_cast<int>(uniform() * 3) - 1);
            pack_ternary_row(row, {codes + r * stride, stride});
        }
        BitLinear out;
        out.norm = reals(cols, 1, 0.5);
        out.weight.rows = rows;
        out.weight.cols = cols;
        out.weight.codes = {codes, stride * static_cast<std::size_t>(rows)};
        out.weight.scale = 1.5 / std::sqrt(cols);
        return out;
    }

    std::uint64_t seed_;
    std::uint64_t next_ = 0;
    std::shared_ptr<Storage> storage_ = std::make_shared<Storage>();
};

/// Sizes that exercise the padding of packed rows: neither is a multiple of 256.
inline ModelConfig small_config() {
    ModelConfig config;
    config.vocab_size = 97;
    config.hidden_size = 48;
    config.num_layers = 3;
    config.intermediate_size = 300;
    config.rms_norm_eps = 1e-6;
    return config;
}

/// `count` ids in [0, vocabulary).
inline std::vector<std::int32_t> random_ids(int count, int vocabulary, std::uint64_t seed) {
    std::vector<std::int32_t> ids;
    for (int i = 0; i < count; ++i)
        ids.push_back(static_cast<std::int32_t>(
            unit_interval(random_words(seed, 8, static_cast<std::uint64_t>(i), 0)[0]) * vocabulary));
    return ids;
}

/// A deployment of the small random model, calibrated on random ids.
inline std::shared_ptr<const Deployment> random_deployment(const ModelConfig& config = small_config(),
                                                           std::uint64_t seed = 1) {
    auto model = std::make_shared<Deployment>();
    model->graph = RandomModel(config, seed).graph;
    model->quantized = quantize(model->graph, random_ids(300, config.vocab_size, seed)).value();
    return model;
}

}  // namespace tephra::test
