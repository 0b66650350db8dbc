#include "neuro/lm/float_model.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cassert>
#include <cmath>

#include "core/stop.hpp"
#include "neuro/team.hpp"

namespace tephra {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;  // [T x n]
using FloatMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Row = Eigen::Array<double, 1, Eigen::Dynamic>;

/// Floors of the published activation quantization.
constexpr double smallest_peak = 1e-5;
/// Rows of a ternary matrix that are unpacked at a time.
constexpr int tile_rows = 64;

Row to_row(std::span<const float> values) {
    return Eigen::Map<const Eigen::Array<float, 1, Eigen::Dynamic>>(values.data(),
                                                                    static_cast<Eigen::Index>(values.size()))
        .cast<double>();
}

Matrix rms_norm(const Matrix& x, std::span<const float> weight, double eps) {
    const Row w = to_row(weight);
    Matrix y(x.rows(), x.cols());
    for (Eigen::Index t = 0; t < x.rows(); ++t) {
        const double rms = std::sqrt(x.row(t).squaredNorm() / static_cast<double>(x.cols()) + eps);
        y.row(t).array() = x.row(t).array() / rms * w;
    }
    return y;
}

/// Int8 activations of a window, held as floats, and the factor 127 / max|y| of every token.
struct Activations {
    FloatMatrix q;
    Eigen::ArrayXd scale;
};

Activations quantize_rows(const Matrix& y) {
    Activations a{FloatMatrix(y.rows(), y.cols()), Eigen::ArrayXd(y.rows())};
    for (Eigen::Index t = 0; t < y.rows(); ++t) {
        const double s = 127.0 / std::max(y.row(t).cwiseAbs().maxCoeff(), smallest_peak);
        for (Eigen::Index j = 0; j < y.cols(); ++j)
            a.q(t, j) = static_cast<float>(std::clamp(std::round(y(t, j) * s), -128.0, 127.0));
        a.scale[t] = s;
    }
    return a;
}

FloatMatrix unpack_rows(const TernaryMatrix& weight, int first, int count) {
    FloatMatrix tile(count, weight.cols);
    std::vector<std::int8_t> row(static_cast<std::size_t>(weight.cols));
    for (int r = 0; r < count; ++r) {
        unpack_ternary_row(weight.row(first + r), row);
        tile.row(r) =
            Eigen::Map<const Eigen::Matrix<std::int8_t, 1, Eigen::Dynamic>>(row.data(), weight.cols).cast<float>();
    }
    return tile;
}

/// [T x in] -> [T x out]. Products are taken in float: every partial sum is an integer below 2^24, hence exact.
Matrix bitlinear(const Matrix& x, const BitLinear& layer, int threads) {
    const TernaryMatrix& weight = layer.weight;
    assert(weight.cols == x.cols() && 128LL * weight.cols < (1 << 24));
    const Activations a = quantize_rows(rms_norm(x, layer.norm, bitlinear_eps));
    Matrix out(x.rows(), weight.rows);
    const int tiles = (weight.rows + tile_rows - 1) / tile_rows;
    parallel_for(static_cast<std::size_t>(tiles), threads, [&](std::size_t tile, int) {
        const int first = static_cast<int>(tile) * tile_rows;
        const int count = std::min(tile_rows, weight.rows - first);
        const FloatMatrix sums = a.q * unpack_rows(weight, first, count).transpose();
        out.middleCols(first, count) = (sums.cast<double>().array() * weight.scale).colwise() / a.scale;
    });
    return out;
}

Row sigmoid(const Row& x) {
    return 0.5 * (1.0 + (0.5 * x).tanh());
}

Row silu(const Row& x) {
    return x * sigmoid(x);
}

void report(const FloatObserver& observer, int block, std::string_view name, const Matrix& m) {
    if (observer) observer(block, name, {m.data(), static_cast<std::size_t>(m.size())});
}

/// Gated linear recurrence over a window: returns h, [T x d]. `f` holds pre-activations; `kept`, [d], is the state
/// before and then after the window.
Matrix recurrence(const Matrix& f, const Matrix& i, const Row& lower, std::span<double> kept) {
    Matrix h(f.rows(), f.cols());
    Eigen::Map<Row> state(kept.data(), f.cols());
    for (Eigen::Index t = 0; t < f.rows(); ++t) {
        const Row forget = lower + (1.0 - lower) * sigmoid(f.row(t).array());
        state = forget * state + silu(i.row(t).array()) * (1.0 - forget);
        h.row(t) = state;
    }
    return h;
}

/// a silu(b), elementwise.
Matrix times_silu(const Matrix& a, const Matrix& b) {
    Matrix out(a.rows(), a.cols());
    for (Eigen::Index t = 0; t < a.rows(); ++t) out.row(t).array() = a.row(t).array() * silu(b.row(t).array());
    return out;
}

}  // namespace

FloatModel::FloatModel(const LayerGraph& graph, int threads)
    : graph_(&graph), threads_(threads), lower_(forget_lower_bounds(graph)) {}

std::vector<double> FloatModel::forward(std::span<const std::int32_t> ids, const FloatObserver& observer) const {
    std::vector<double> state(lower_.size());
    return advance(ids, state, observer);
}

std::vector<double> FloatModel::advance(std::span<const std::int32_t> ids, std::span<double> state,
                                        const FloatObserver& observer) const {
    assert(state.size() == lower_.size());
    const auto length = static_cast<Eigen::Index>(ids.size());
    const ModelConfig& config = graph_->config;
    const Eigen::Index d = config.hidden_size, half = config.intermediate_size;
    const double eps = config.rms_norm_eps;
    Matrix x(length, d);
    for (Eigen::Index t = 0; t < length; ++t) {
        assert(ids[static_cast<std::size_t>(t)] >= 0 && ids[static_cast<std::size_t>(t)] < config.vocab_size);
        for (Eigen::Index j = 0; j < d; ++j)
            x(t, j) = graph_->embeddings.value(ids[static_cast<std::size_t>(t)], static_cast<int>(j));
    }
    report(observer, -1, "x", x);
    for (int l = 0; l < config.num_layers; ++l) {
        stop_point();
        const Block& block = graph_->blocks[static_cast<std::size_t>(l)];
        const Row lower = Eigen::Map<const Row>(lower_.data() + l * d, d);
        const Matrix a = rms_norm(x, block.attn_norm, eps);
        const Matrix f = bitlinear(a, block.f_proj, threads_);
        const Matrix i = bitlinear(a, block.i_proj, threads_);
        const Matrix g = bitlinear(a, block.g_proj, threads_);
        const Matrix h =
            recurrence(f, i, lower, state.subspan(static_cast<std::size_t>(l * d), static_cast<std::size_t>(d)));
        x += bitlinear(times_silu(rms_norm(g, block.g_norm, eps), h), block.o_proj, threads_);
        report(observer, l, "f", f);
        report(observer, l, "i", i);
        report(observer, l, "g", g);
        report(observer, l, "h", h);
        if (observer) report(observer, l, "t", times_silu(g, h));
        report(observer, l, "x_mid", x);
        const Matrix z = bitlinear(rms_norm(x, block.mlp_norm, eps), block.gate_proj, threads_);
        const Matrix y = times_silu(z.rightCols(half), z.leftCols(half));
        x += bitlinear(y, block.down_proj, threads_);
        report(observer, l, "z", z);
        report(observer, l, "y", y);
        report(observer, l, "x", x);
    }
    const Matrix logits = bitlinear(rms_norm(x, graph_->final_norm, eps), graph_->lm_head, threads_);
    report(observer, -1, "logits", logits);
    return {logits.data(), logits.data() + logits.size()};
}

}  // namespace tephra
