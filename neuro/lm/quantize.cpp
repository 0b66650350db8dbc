#include "neuro/lm/quantize.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <optional>
#include <string>

#include "core/stop.hpp"
#include "neuro/lm/float_model.hpp"
#include "neuro/team.hpp"

namespace tephra {
namespace {

constexpr std::size_t window_length = 256;
/// Headroom of a state over its largest value on the calibration text. Products of two states spread more than a sum.
constexpr double sum_headroom = 2, product_headroom = 4;
/// Most fraction bits of residual and pre-activations (the sigmoid takes 16), and of values that only feed a norm or
/// the recurrence, where small vectors keep their precision.
constexpr int sum_bits = 20, scaled_bits = 23;
constexpr int logit_bits = 16;
constexpr int gain_bits = 15;  ///< of the magnitude of an int16 gain
constexpr double gain_max = 32767;
/// Bits that a product of two states loses at least: engines then hold it in 32 bits before they saturate it.
constexpr int least_product_shift = 16;

/// Most fraction bits of a product whose factors have so many together.
int product_bits(int factors_bits) {
    return std::clamp(factors_bits - least_product_shift, 0, scaled_bits);
}

/// Largest magnitudes of one block's states.
struct BlockPeaks {
    double f = 0, i = 0, g = 0, h = 0, t = 0, x_mid = 0, z = 0, y = 0, x = 0;

    double* find(std::string_view name) {
        if (name == "f") return &f;
        if (name == "i") return &i;
        if (name == "g") return &g;
        if (name == "h") return &h;
        if (name == "t") return &t;
        if (name == "x_mid") return &x_mid;
        if (name == "z") return &z;
        if (name == "y") return &y;
        return name == "x" ? &x : nullptr;
    }
};

struct Peaks {
    double embedding = 0, logits = 0;
    std::vector<BlockPeaks> blocks;

    void observe(int block, std::string_view name, std::span<const double> values) {
        double* peak = block >= 0         ? blocks[static_cast<std::size_t>(block)].find(name)
                       : name == "logits" ? &logits
                                          : &embedding;
        if (peak == nullptr) return;
        for (const double v : values) *peak = std::isnan(v) ? INFINITY : std::max(*peak, std::abs(v));
    }
};

/// Largest magnitude of the whole embedding table: tokens that the calibration text lacks must fit too.
double embedding_peak(const EmbeddingTable& table, int threads) {
    std::vector<double> peaks(static_cast<std::size_t>(threads));
    parallel_for(static_cast<std::size_t>(table.rows), threads, [&](std::size_t row, int worker) {
        double& peak = peaks[static_cast<std::size_t>(worker)];
        for (int c = 0; c < table.cols; ++c) {
            const double v = table.value(static_cast<int>(row), c);
            peak = std::isnan(v) ? INFINITY : std::max(peak, std::abs(v));
        }
    });
    return *std::max_element(peaks.begin(), peaks.end());
}

/// Largest magnitudes over all windows; maxima do not depend on the order in which threads find them.
Peaks calibrate(const LayerGraph& graph, std::span<const std::int32_t> ids, int threads) {
    const std::size_t windows = (ids.size() + window_length - 1) / window_length;
    const int outer = static_cast<int>(std::min(windows, static_cast<std::size_t>(threads)));
    const FloatModel model(graph, threads / outer);
    Peaks peaks;
    peaks.blocks.resize(graph.blocks.size());
    std::mutex guard;
    parallel_for(windows, outer, [&](std::size_t w, int) {
        const std::size_t begin = w * window_length;
        const auto window = ids.subspan(begin, std::min(window_length, ids.size() - begin));
        model.forward(window, [&](int block, std::string_view name, std::span<const double> values) {
            const std::scoped_lock lock(guard);
            peaks.observe(block, name, values);
        });
    });
    peaks.embedding = embedding_peak(graph.embeddings, threads);
    for (BlockPeaks& block : peaks.blocks) {  // the residual carries the embedding through
        block.x_mid = std::max(block.x_mid, peaks.embedding);
        block.x = std::max(block.x, peaks.embedding);
    }
    return peaks;
}

/// Scale nearest to a positive finite value.
Scale scale_of(double value) {
    if (value <= 0) return {};
    int exponent = 0;
    const double mantissa = std::round(std::frexp(value, &exponent) * 65536);  // [2^15, 2^16]
    if (mantissa >= 65536) return {32768, static_cast<std::int16_t>(exponent - 15)};
    return {static_cast<std::uint16_t>(mantissa), static_cast<std::int16_t>(exponent - 16)};
}

/// Derives parameters; the first fault is kept and ends the work.
class Derivation {
public:
    Derivation(const LayerGraph& graph, const Peaks& peaks) : graph_(graph), peaks_(peaks) {}

    Result<QuantizedModel> run();

private:
    struct Gain {
        std::vector<std::int16_t> values;
        int exponent = 0;  ///< real value = values x 2^-exponent
    };
    /// One projection that a norm feeds.
    struct Target {
        const BitLinear* layer;
        int fraction_bits;  ///< of the state that it yields
    };

    void fault(std::string message, std::string place, std::string hint = {}) {
        if (!error_) error_ = Error{ErrorCode::bad_input, std::move(message), std::move(place), std::move(hint)};
    }
    int fraction_bits(double peak, double headroom, int most, const std::string& place);
    Gain gain(const std::vector<double>& values, const std::string& place);
    BlockFormats formats(const BlockPeaks& peaks, int x_in, const std::string& place);
    /// Norm of a state with `x_bits` fraction bits and outer weights `outer`; `rms` are the weights of the mean square.
    NormParameters norm(std::span<const double> outer, const std::vector<double>& rms, double epsilon, int x_bits,
                        std::span<const Target> targets, const std::string& place);
    NormParameters folded_norm(std::span<const float> outer, int x_bits, std::span<const Target> targets,
                               const std::string& place);
    NormParameters output_norm(const Block& block, const BlockFormats& formats, const std::string& place);
    QuantizedBlock block(std::size_t l, int x_in, std::span<const double> lower);

    const LayerGraph& graph_;
    const Peaks& peaks_;
    std::optional<Error> error_;
};

int Derivation::fraction_bits(double peak, double headroom, int most, const std::string& place) {
    const double bound = peak * headroom;
    if (!std::isfinite(bound) || bound > state_max) {
        fault("the largest value " + std::to_string(peak) + " does not fit a 24-bit state", place,
              "the checkpoint's weights are out of any sensible range");
        return 0;
    }
    int bits = most;
    while (bits > 0 && std::ldexp(bound, bits) > state_max) --bits;
    return bits;
}

Derivation::Gain Derivation::gain(const std::vector<double>& values, const std::string& place) {
    double peak = 0;
    for (const double v : values) {
        if (!std::isfinite(v)) fault("norm weight is not finite", place);
        peak = std::max(peak, std::abs(v));
    }
    Gain out;
    out.values.resize(values.size());
    if (peak == 0 || error_) return out;
    out.exponent = gain_bits - 1 - std::ilogb(peak);
    for (std::size_t j = 0; j < values.size(); ++j)
        out.values[j] =
            static_cast<std::int16_t>(std::clamp(std::round(std::ldexp(values[j], out.exponent)), -gain_max, gain_max));
    return out;
}

BlockFormats Derivation::formats(const BlockPeaks& peaks, int x_in, const std::string& place) {
    const auto bits = [&](double peak, double headroom, int most, const char* name) {
        return fraction_bits(peak, headroom, most, place + "." + name);
    };
    BlockFormats f;
    f.x_in = x_in;
    f.f = bits(peaks.f, sum_headroom, sum_bits, "f");
    f.i = bits(peaks.i, sum_headroom, sum_bits, "i");
    f.g = bits(peaks.g, sum_headroom, sum_bits, "g");
    f.h = bits(peaks.h, sum_headroom, scaled_bits, "h");
    f.t = bits(peaks.t, product_headroom, product_bits(f.g + f.h), "t");
    f.x_mid = bits(peaks.x_mid, sum_headroom, sum_bits, "x_mid");
    f.z = bits(peaks.z, sum_headroom, sum_bits, "z");
    f.y = bits(peaks.y, product_headroom, product_bits(2 * f.z), "y");
    f.x_out = bits(peaks.x, sum_headroom, sum_bits, "x");
    return f;
}

NormParameters Derivation::norm(std::span<const double> outer, const std::vector<double>& rms, double epsilon,
                                int x_bits, std::span<const Target> targets, const std::string& place) {
    const std::size_t n = rms.size();
    NormParameters out;
    out.size = static_cast<int>(n);
    out.outputs = static_cast<int>(targets.size());
    Gain w = gain(rms, place);
    out.rms_gain = std::move(w.values);
    const double units = std::ldexp(static_cast<double>(n) * epsilon, -2 * (15 - x_bits - w.exponent));
    if (!(units < 0x1p62)) fault("norm weights are too small for their epsilon", place);
    out.epsilon = error_ ? 0 : static_cast<std::uint64_t>(std::llround(units));
    for (std::size_t k = 0; k < targets.size(); ++k) {
        const BitLinear& layer = *targets[k].layer;
        std::vector<double> product(n);
        for (std::size_t j = 0; j < n; ++j) product[j] = outer[j] * static_cast<double>(layer.norm[j]);
        Gain v = gain(product, place);
        out.gain[k] = std::move(v.values);
        if (!std::isfinite(layer.weight.scale)) fault("weight scale is not finite", place);
        out.factor[k] = scale_of(std::ldexp(layer.weight.scale / 127 * std::sqrt(static_cast<double>(n)),
                                            w.exponent - v.exponent - 7 + targets[k].fraction_bits));
    }
    return out;
}

NormParameters Derivation::folded_norm(std::span<const float> outer, int x_bits, std::span<const Target> targets,
                                       const std::string& place) {
    const std::vector<double> w(outer.begin(), outer.end());
    std::vector<double> rms(w.size());
    for (std::size_t j = 0; j < w.size(); ++j) rms[j] = std::sqrt(w[j] * w[j] + bitlinear_eps);
    return norm(w, rms, bitlinear_eps * graph_.config.rms_norm_eps, x_bits, targets, place);
}

NormParameters Derivation::output_norm(const Block& block, const BlockFormats& formats, const std::string& place) {
    const std::vector<double> w(block.g_norm.begin(), block.g_norm.end());
    const std::array targets{Target{&block.o_proj, formats.x_mid}};
    NormParameters out = norm(w, w, bitlinear_eps * graph_.config.rms_norm_eps, formats.t, targets, place);
    const int exponent = gain(w, place).exponent;
    out.second_epsilon = scale_of(std::ldexp(bitlinear_eps, -2 * formats.g - 2 * (15 - formats.t - exponent)));
    return out;
}

QuantizedBlock Derivation::block(std::size_t l, int x_in, std::span<const double> lower) {
    const Block& block = graph_.blocks[l];
    const std::string place = "block " + std::to_string(l);
    QuantizedBlock out;
    out.formats = formats(peaks_.blocks[l], x_in, place);
    const BlockFormats& f = out.formats;
    const std::array mixer{Target{&block.f_proj, f.f}, Target{&block.i_proj, f.i}, Target{&block.g_proj, f.g}};
    const std::array gate{Target{&block.gate_proj, f.z}}, down{Target{&block.down_proj, f.x_out}};
    out.token_norm = folded_norm(block.attn_norm, f.x_in, mixer, place + ".attn_norm");
    out.output_norm = output_norm(block, f, place + ".g_norm");
    out.channel_norm = folded_norm(block.mlp_norm, f.x_mid, gate, place + ".mlp_norm");
    const std::vector<double> ones(block.down_proj.norm.size(), 1.0);
    out.down_norm = norm(ones, ones, bitlinear_eps, f.y, down, place + ".down_proj.norm");
    for (const double lb : lower) {
        if (!std::isfinite(lb)) fault("lower bound is not finite", place + ".lower_bounds");
        const double rest = std::clamp(1.0 - lb, 0.0, 1.0);
        out.one_minus_lower.push_back(error_ ? 0 : static_cast<std::int32_t>(std::lround(rest * probability_one)));
    }
    return out;
}

Result<QuantizedModel> Derivation::run() {
    QuantizedModel model;
    model.x_embedding = fraction_bits(peaks_.embedding, 1, sum_bits, "embeddings");
    const std::vector<double> lower = forget_lower_bounds(graph_);
    const auto d = static_cast<std::size_t>(graph_.config.hidden_size);
    int x_bits = model.x_embedding;
    for (std::size_t l = 0; l < graph_.blocks.size() && !error_; ++l) {
        stop_point();
        model.blocks.push_back(block(l, x_bits, std::span(lower).subspan(l * d, d)));
        x_bits = model.blocks.back().formats.x_out;
    }
    model.logits = fraction_bits(peaks_.logits, sum_headroom, logit_bits, "logits");
    const std::array head{Target{&graph_.lm_head, model.logits}};
    model.head_norm = folded_norm(graph_.final_norm, x_bits, head, "final norm");
    if (error_) return tl::unexpected(*error_);
    return model;
}

}  // namespace

Result<QuantizedModel> quantize(const LayerGraph& graph, std::span<const std::int32_t> calibration_ids, int threads) {
    if (auto good = check_threads(threads); !good) return tl::unexpected(good.error());
    if (calibration_ids.empty()) return bad_input("no calibration ids", "calibration");
    for (std::size_t i = 0; i < calibration_ids.size(); ++i)
        if (calibration_ids[i] < 0 || calibration_ids[i] >= graph.config.vocab_size)
            return bad_input("id " + std::to_string(calibration_ids[i]) + " is not in the vocabulary of " +
                                 std::to_string(graph.config.vocab_size),
                             "calibration id " + std::to_string(i), "calibrate on ids of the model's own tokenizer");
    return with_threads([&] {
        const Peaks peaks = calibrate(graph, calibration_ids, threads);
        return Derivation(graph, peaks).run();
    });
}

}  // namespace tephra
