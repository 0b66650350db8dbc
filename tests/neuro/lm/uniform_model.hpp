#pragma once
// A model whose sums are as large as they get: rows of equal weights meet activations of 127 or -127 in every column,
// so that a narrow or wrapping accumulator anywhere shows.
#include <cmath>
#include <memory>
#include <vector>

#include "neuro/lm/deployment.hpp"
#include "neuro/lm/synth.hpp"

namespace tephra::test {

/// A model of one block in which every channel does the same.
struct Uniform {
    int hidden, intermediate;
    bool plus;       ///< weights +1, else -1
    bool negative;   ///< gains of o and down: their activations get the opposite sign
    bool saturates;  ///< states leave 24 bits, else they stay near 1
};

inline NormParameters uniform_norm(int size, int outputs, bool negative, bool saturates) {
    NormParameters norm;
    norm.size = size;
    norm.outputs = outputs;
    norm.epsilon = 1;
    norm.rms_gain.assign(static_cast<std::size_t>(size), 1 << 14);
    // With both gains 2^14, peak / sqrt(sum) is 128 / sqrt(n): this makes a row's state 127 n x 128 / sqrt(n) x factor,
    // 1.0 with 16 fraction bits.
    const double factor = 65536 / (127.0 * 128.0 * std::sqrt(size));
    Scale scale = to_scale(static_cast<std::uint64_t>(std::lround(factor * 0x1p30)));
    scale.exponent = static_cast<std::int16_t>(scale.exponent - 30 + (saturates ? 9 : 0));
    for (std::size_t k = 0; k < static_cast<std::size_t>(outputs); ++k) {
        norm.gain[k].assign(static_cast<std::size_t>(size), static_cast<std::int16_t>(negative ? -(1 << 14) : 1 << 14));
        norm.factor[k] = scale;
    }
    return norm;
}

inline std::shared_ptr<const Deployment> make_uniform(const Uniform& shape, int vocabulary) {
    constexpr std::uint8_t plus_codes = 0b10101010, minus_codes = 0;  // four weights of +1, of -1
    constexpr int bits = 16;
    auto model =
        std::make_shared<Deployment>(*make_blank_model(synth_shape(shape.hidden, 1, shape.intermediate, vocabulary)));
    struct Owned {
        std::vector<std::uint8_t> codes;
        std::vector<std::uint16_t> embeddings;
    };
    const auto owned = std::make_shared<Owned>();
    LayerGraph& graph = model->graph;
    Block& block = graph.blocks[0];
    BitLinear* const layers[] = {&block.f_proj,    &block.i_proj,    &block.g_proj, &block.o_proj,
                                 &block.gate_proj, &block.down_proj, &graph.lm_head};
    for (const BitLinear* layer : layers)
        owned->codes.resize(std::max(owned->codes.size(), layer->weight.codes.size()),
                            shape.plus ? plus_codes : minus_codes);
    for (BitLinear* layer : layers) layer->weight.codes = std::span(owned->codes).first(layer->weight.codes.size());
    constexpr std::uint16_t values[] = {0x4040, 0xC040, 0x40A0, 0xC0A0};  // bf16: 3, -3, 5, -5
    for (int row = 0; row < vocabulary; ++row)
        owned->embeddings.insert(owned->embeddings.end(), static_cast<std::size_t>(shape.hidden), values[row % 4]);
    graph.embeddings = {FloatType::bf16, vocabulary, shape.hidden, std::as_bytes(std::span(owned->embeddings))};
    graph.storage = owned;

    model->quantized.x_embedding = bits;
    model->quantized.head_norm = uniform_norm(shape.hidden, 1, false, shape.saturates);
    model->quantized.logits = bits;
    QuantizedBlock& quantized = model->quantized.blocks[0];
    quantized.formats = {bits, bits, bits, bits, bits, bits, bits, bits, bits, bits};
    quantized.token_norm = uniform_norm(shape.hidden, 3, false, shape.saturates);
    quantized.output_norm = uniform_norm(shape.hidden, 1, shape.negative, shape.saturates);
    quantized.channel_norm = uniform_norm(shape.hidden, 1, false, shape.saturates);
    quantized.down_norm = uniform_norm(shape.intermediate, 1, shape.negative, shape.saturates);
    quantized.one_minus_lower.assign(static_cast<std::size_t>(shape.hidden), probability_one / 2);
    return model;
}

}  // namespace tephra::test
