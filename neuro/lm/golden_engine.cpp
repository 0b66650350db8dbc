// The plain definition of the integer model: one token at a time, one value at a time, in the order of
// docs/numerics.md. Every other engine must equal it; nothing here is shared with their kernels.
#include <algorithm>

#include "core/stop.hpp"
#include "neuro/lm/engine.hpp"
#include "neuro/lm/neuron_math.hpp"

namespace tephra {
namespace {

using States = std::vector<std::int32_t>;

/// A normalised vector, ready for its projections.
struct Normalized {
    std::array<std::vector<std::int8_t>, 3> q;
    std::array<Scale, 3> dequantize;
};

Normalized normalize(const NormParameters& norm, const States& x, std::uint64_t second = 0) {
    const auto outputs = static_cast<std::size_t>(norm.outputs);
    const auto product = [&](std::size_t k, std::size_t j) {
        return static_cast<std::int32_t>(round_shift(std::int64_t{x[j]} * norm.gain[k][j], 8));
    };
    NormRecord record;
    record.second = second;
    for (std::size_t j = 0; j < x.size(); ++j) {
        const std::int64_t a = round_shift(std::int64_t{x[j]} * norm.rms_gain[j], 15);
        record.sum += static_cast<std::uint64_t>(a * a);
        for (std::size_t k = 0; k < outputs; ++k) {
            const std::int32_t p = product(k, j);
            record.peak[k] = std::max(record.peak[k], static_cast<std::uint32_t>(p < 0 ? -p : p));
        }
    }
    const NormScales scales = norm_scales(norm, record);
    Normalized out;
    out.dequantize = scales.dequantize;
    for (std::size_t k = 0; k < outputs; ++k)
        for (std::size_t j = 0; j < x.size(); ++j)
            out.q[k].push_back(quantize_activation(product(k, j), scales.quantize[k]));
    return out;
}

/// One row of W q; plane by plane as the codes are packed (neuro/lm/ternary.hpp).
std::int32_t dot(std::span<const std::uint8_t> codes, std::span<const std::int16_t> q) {
    std::int32_t sum = 0;
    std::array<std::int16_t, ternary_chunk_columns> w;
    for (std::size_t c = 0; c * ternary_chunk_bytes < codes.size(); ++c) {
        const std::uint8_t* bytes = codes.data() + c * ternary_chunk_bytes;
        for (std::size_t plane = 0; plane < 4; ++plane)
            for (std::size_t b = 0; b < ternary_chunk_bytes; ++b)
                w[plane * ternary_chunk_bytes + b] =
                    static_cast<std::int16_t>(static_cast<int>(bytes[b] >> (2 * plane) & 3) - 1);
        const std::int16_t* values = q.data() + c * ternary_chunk_columns;
        for (std::size_t j = 0; j < w.size(); ++j) sum += w[j] * values[j];
    }
    return sum;
}

/// W q, [rows].
States multiply(const TernaryMatrix& weight, const std::vector<std::int8_t>& q) {
    std::vector<std::int16_t> padded(static_cast<std::size_t>(ternary_row_bytes(weight.cols)) * 4);
    std::copy(q.begin(), q.end(), padded.begin());
    States out;
    for (int r = 0; r < weight.rows; ++r) out.push_back(dot(weight.row(r), padded));
    return out;
}

/// W q as states.
States project(const TernaryMatrix& weight, const std::vector<std::int8_t>& q, Scale dequantize) {
    States out = multiply(weight, q);
    for (std::int32_t& v : out) v = apply_scale(v, dequantize);
    return out;
}

/// x in another format plus W q.
States add_projection(const States& x, int shift, const BitLinear& layer, const Normalized& in) {
    States out = project(layer.weight, in.q[0], in.dequantize[0]);
    for (std::size_t j = 0; j < x.size(); ++j) out[j] = saturate24(std::int64_t{shift_state(x[j], shift)} + out[j]);
    return out;
}

class GoldenEngine final : public Engine {
public:
    GoldenEngine(std::shared_ptr<const Deployment> model, int streams)
        : model_(std::move(model)),
          h_(static_cast<std::size_t>(streams), States(model_->graph.blocks.size() * width())) {}

    [[nodiscard]] std::string name() const override { return "golden"; }
    [[nodiscard]] int streams() const override { return static_cast<int>(h_.size()); }

    Result<void> decode(std::span<const std::int32_t> ids, std::span<std::int32_t> logits) override {
        if (auto ok = check_decode(config(), streams(), ids, logits.size()); !ok) return ok;
        for (std::size_t s = 0; s < ids.size(); ++s)
            step(static_cast<int>(s), ids[s], logits.empty() ? logits : logits.subspan(s * vocabulary(), vocabulary()));
        return {};
    }

    Result<void> prefill(int stream, std::span<const std::int32_t> ids, Logits which,
                         std::span<std::int32_t> logits) override {
        if (auto ok = check_prefill(config(), streams(), stream, ids, which, logits.size()); !ok) return ok;
        const bool all = which == Logits::all;
        for (std::size_t t = 0; t < ids.size(); ++t) {
            const bool wanted = !logits.empty() && (all || t + 1 == ids.size());
            step(stream, ids[t],
                 wanted ? logits.subspan(all ? t * vocabulary() : 0, vocabulary()) : std::span<std::int32_t>());
        }
        return {};
    }

    Result<void> read_state(int stream, std::span<std::int32_t> h) const override {
        if (auto ok = check_state(config(), streams(), stream, h.size()); !ok) return ok;
        const States& from = h_[static_cast<std::size_t>(stream)];
        std::copy(from.begin(), from.end(), h.begin());
        return {};
    }

    Result<void> write_state(int stream, std::span<const std::int32_t> h) override {
        if (auto ok = check_new_state(config(), streams(), stream, h); !ok) return ok;
        h_[static_cast<std::size_t>(stream)].assign(h.begin(), h.end());
        return {};
    }

    void set_tap(Tap tap) override { tap_ = std::move(tap); }

private:
    [[nodiscard]] const ModelConfig& config() const { return model_->graph.config; }
    [[nodiscard]] std::size_t width() const { return static_cast<std::size_t>(model_->graph.config.hidden_size); }
    [[nodiscard]] std::size_t vocabulary() const { return static_cast<std::size_t>(model_->graph.config.vocab_size); }

    void show(int stream, int block, std::string_view name, const States& values) const {
        if (tap_) tap_(stream, block, name, values);
    }
    void show(int stream, int block, std::string_view name, const std::vector<std::int8_t>& values) const {
        if (tap_) tap_(stream, block, name, States(values.begin(), values.end()));
    }

    void step(int stream, std::int32_t id, std::span<std::int32_t> logits);
    States token_mixer(int stream, std::size_t l, const States& x);
    States channel_mixer(int stream, std::size_t l, const States& x);

    std::shared_ptr<const Deployment> model_;
    std::vector<States> h_;  ///< [streams][L x d]
    Tap tap_;
};

States GoldenEngine::token_mixer(int stream, std::size_t l, const States& x) {
    const Block& block = model_->graph.blocks[l];
    const QuantizedBlock& quantized = model_->quantized.blocks[l];
    const BlockFormats& format = quantized.formats;
    const int number = static_cast<int>(l);
    const Normalized in = normalize(quantized.token_norm, x);
    const States f = project(block.f_proj.weight, in.q[0], in.dequantize[0]);
    const States i = project(block.i_proj.weight, in.q[1], in.dequantize[1]);
    const States g = project(block.g_proj.weight, in.q[2], in.dequantize[2]);
    const std::span<std::int32_t> h = std::span(h_[static_cast<std::size_t>(stream)]).subspan(l * width(), width());
    States t(width());
    std::uint64_t second = 0;
    for (std::size_t j = 0; j < width(); ++j) {
        // 1 - f = (1 - lb)(1 - sigmoid(z)) = (1 - lb) sigmoid(-z)
        const std::int64_t one_minus_f =
            round_shift(std::int64_t{quantized.one_minus_lower[j]} * sigmoid(-f[j], format.f), probability_bits);
        const std::int32_t u = shift_state(silu(i[j], format.i), format.i - format.h);
        h[j] = saturate24(h[j] + round_shift(one_minus_f * (std::int64_t{u} - h[j]), probability_bits));
        const std::int64_t product = std::int64_t{g[j]} * silu(h[j], format.h);
        t[j] = saturate24(round_shift(product, format.g + format.h - format.t));
        second += static_cast<std::uint64_t>(std::int64_t{g[j]} * g[j]);
    }
    const Normalized out = normalize(quantized.output_norm, t, second);
    show(stream, number, "q_f", in.q[0]);
    show(stream, number, "q_i", in.q[1]);
    show(stream, number, "q_g", in.q[2]);
    show(stream, number, "f", f);
    show(stream, number, "i", i);
    show(stream, number, "g", g);
    show(stream, number, "h", States(h.begin(), h.end()));
    show(stream, number, "t", t);
    show(stream, number, "q_o", out.q[0]);
    return add_projection(x, format.x_in - format.x_mid, block.o_proj, out);
}

States GoldenEngine::channel_mixer(int stream, std::size_t l, const States& x) {
    const Block& block = model_->graph.blocks[l];
    const QuantizedBlock& quantized = model_->quantized.blocks[l];
    const BlockFormats& format = quantized.formats;
    const int number = static_cast<int>(l);
    const auto half = static_cast<std::size_t>(model_->graph.config.intermediate_size);
    const Normalized in = normalize(quantized.channel_norm, x);
    const States z = project(block.gate_proj.weight, in.q[0], in.dequantize[0]);
    States y(half);
    for (std::size_t j = 0; j < half; ++j)
        y[j] = saturate24(round_shift(std::int64_t{silu(z[j], format.z)} * z[half + j], 2 * format.z - format.y));
    const Normalized out = normalize(quantized.down_norm, y);
    show(stream, number, "q_gate", in.q[0]);
    show(stream, number, "z", z);
    show(stream, number, "y", y);
    show(stream, number, "q_down", out.q[0]);
    return add_projection(x, format.x_mid - format.x_out, block.down_proj, out);
}

void GoldenEngine::step(int stream, std::int32_t id, std::span<std::int32_t> logits) {
    const LayerGraph& graph = model_->graph;
    const QuantizedModel& quantized = model_->quantized;
    States x(width());
    graph.embeddings.fixed_row(id, quantized.x_embedding, x);
    show(stream, -1, "x", x);
    for (std::size_t l = 0; l < graph.blocks.size(); ++l) {
        stop_point();
        const States x_mid = token_mixer(stream, l, x);
        show(stream, static_cast<int>(l), "x_mid", x_mid);
        x = channel_mixer(stream, l, x_mid);
        show(stream, static_cast<int>(l), "x", x);
    }
    if (logits.empty()) return;
    const Normalized head = normalize(quantized.head_norm, x);
    const States result = project(graph.lm_head.weight, head.q[0], head.dequantize[0]);
    show(stream, -1, "q_head", head.q[0]);
    show(stream, -1, "logits", result);
    std::copy(result.begin(), result.end(), logits.begin());
}

}  // namespace

Result<std::unique_ptr<Engine>> make_golden_engine(std::shared_ptr<const Deployment> model,
                                                   const EngineOptions& options) {
    if (auto good = check_options(options); !good) return tl::unexpected(good.error());
    return std::make_unique<GoldenEngine>(std::move(model), options.streams);
}

}  // namespace tephra
