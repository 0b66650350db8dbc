#include "neuro/lm/layer_graph.hpp"

#include <algorithm>
#include <cmath>

#include "core/fixed.hpp"

namespace tephra {
namespace {

/// parts x 2^fraction_bits, rounded halves up, saturated to 24 bits.
std::int32_t fixed(const FloatParts& parts, int fraction_bits) {
    const std::int64_t signed_magnitude =
        parts.negative ? -std::int64_t{parts.magnitude} : std::int64_t{parts.magnitude};
    const int shift = parts.exponent + fraction_bits;
    if (signed_magnitude == 0 || shift < -62) return 0;
    if (!parts.finite || shift > 24) return parts.negative ? state_min : state_max;
    return saturate24(shift >= 0 ? signed_magnitude << shift : round_shift(signed_magnitude, -shift));
}

}  // namespace

double EmbeddingTable::value(int r, int c) const {
    const auto index = static_cast<std::size_t>(r) * static_cast<std::size_t>(cols) + static_cast<std::size_t>(c);
    float result = 0;
    widen(type, data.subspan(index * element_bytes(type), element_bytes(type)), {&result, 1});
    return result;
}

void EmbeddingTable::fixed_row(int r, int fraction_bits, std::span<std::int32_t> out) const {
    const auto first = static_cast<std::size_t>(r) * static_cast<std::size_t>(cols);
    for (std::size_t c = 0; c < out.size(); ++c) out[c] = fixed(element_parts(type, data, first + c), fraction_bits);
}

std::vector<double> forget_lower_bounds(const LayerGraph& graph) {
    const auto d = static_cast<std::size_t>(graph.config.hidden_size);
    const auto layers = static_cast<std::size_t>(graph.config.num_layers);
    std::vector<double> bounds(layers * d, 0.0);
    if (graph.lower_bounds.empty()) return bounds;
    for (std::size_t j = 0; j < d; ++j) {
        double peak = graph.lower_bounds[j];
        for (std::size_t l = 1; l < layers; ++l) peak = std::max<double>(peak, graph.lower_bounds[l * d + j]);
        double sum = 0;
        for (std::size_t l = 0; l < layers; ++l) sum += std::exp(graph.lower_bounds[l * d + j] - peak);
        double bound = 0;
        for (std::size_t l = 1; l < layers; ++l) {
            bound += std::exp(graph.lower_bounds[l * d + j] - peak) / sum;
            bounds[l * d + j] = bound;
        }
    }
    return bounds;
}

std::int64_t parameter_count(const ModelConfig& config) {
    const std::int64_t v = config.vocab_size, d = config.hidden_size, f = config.intermediate_size;
    const std::int64_t mixer = 4 * (d * d + d) + d + d;                  // f, i, g, o with norms; attn_norm, g_norm
    const std::int64_t channel = 2 * f * d + d + d * f + f + d;          // gate, down with norms; mlp_norm
    const std::int64_t lower_bounds = config.use_lower_bound ? d : 0;    // per block
    const std::int64_t head = d + (config.tied_embeddings ? 0 : v * d);  // norm, weight
    return v * d + config.num_layers * (mixer + channel + lower_bounds) + d + head;
}

}  // namespace tephra
