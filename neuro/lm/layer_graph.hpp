#pragma once
// LayerGraph: a trained MatMul-free language model with its real-valued parameters, as read from a deployment file.
// Views point into the file's mapping, which the graph keeps alive.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "neuro/lm/float_type.hpp"
#include "neuro/lm/ternary.hpp"

namespace tephra {

/// Largest sizes of a model. The widths of docs/numerics.md rest on max_vector, the elements of a vector that is
/// normalised and multiplied: with more, a sum of squares could exceed 64 bits.
inline constexpr int max_vector = 65536;
inline constexpr int max_vocabulary = 1 << 24, max_layers = 4096;

/// Hyper-parameters of the published architecture (arXiv 2406.02528), those that change what is computed.
struct ModelConfig {
    int vocab_size = 0;         ///< V
    int hidden_size = 0;        ///< d
    int num_layers = 0;         ///< L
    int intermediate_size = 0;  ///< f: width of the gated channel mixer
    double rms_norm_eps = 0;    ///< epsilon of the outer norms and of g_norm
    int bos_token_id = -1;
    int eos_token_id = -1;
    bool use_lower_bound = true;   ///< false: the forget gates have no lower bounds
    bool tied_embeddings = false;  ///< the head's weights are the embeddings, ternarised: counted once
};

/// Elements of the recurrent state of a stream, [L x d].
inline std::size_t state_size(const ModelConfig& config) {
    return static_cast<std::size_t>(config.num_layers) * static_cast<std::size_t>(config.hidden_size);
}

/// Epsilon of the norm inside every BitLinear (published implementation; the reference repeats it).
inline constexpr double bitlinear_eps = 1e-6;

/// A BitLinear projection: y = W q(RMSNorm(x; norm)), W ternary [out x in].
struct BitLinear {
    std::span<const float> norm;  ///< [in]
    TernaryMatrix weight;         ///< [out x in]
};

struct Block {
    std::span<const float> attn_norm;  ///< [d]
    BitLinear f_proj, i_proj, g_proj;  ///< [d x d]
    std::span<const float> g_norm;     ///< [d]
    BitLinear o_proj;                  ///< [d x d]
    std::span<const float> mlp_norm;   ///< [d]
    BitLinear gate_proj;               ///< [2 f x d]: rows 0 .. f-1 are z1, rows f .. 2f-1 are z2
    BitLinear down_proj;               ///< [d x f]
};

struct EmbeddingTable {
    FloatType type = FloatType::bf16;  ///< as in the checkpoint (lossless)
    int rows = 0;                      ///< V
    int cols = 0;                      ///< d
    std::span<const std::byte> data;   ///< row-major
    /// Real value of row r, column c.
    [[nodiscard]] double value(int r, int c) const;
    /// Row r as 24-bit states with `fraction_bits`: integer operations on the stored bits only, rounded halves up,
    /// saturated (docs/numerics.md, "embedding").
    void fixed_row(int r, int fraction_bits, std::span<std::int32_t> out) const;
};

struct LayerGraph {
    ModelConfig config;
    std::string name;                     ///< from the checkpoint directory or preset
    EmbeddingTable embeddings;            ///< [V x d]
    std::span<const float> lower_bounds;  ///< [L x d], latent: softmax over layers, then cumulative sum; empty: none
    std::vector<Block> blocks;            ///< [L]
    std::span<const float> final_norm;    ///< [d]
    BitLinear lm_head;                    ///< [V x d]
    std::shared_ptr<const void> storage;  ///< keeps the views alive
};

/// Lower bound of the forget gate, [L x d]: lb_l = sum_{k=1..l} softmax_k(lower_bounds), lb_0 = 0. All zero when the
/// model has none.
std::vector<double> forget_lower_bounds(const LayerGraph& graph);

/// Number of parameters of the architecture: embeddings, norms, lower bounds and projections.
std::int64_t parameter_count(const ModelConfig& config);

}  // namespace tephra
