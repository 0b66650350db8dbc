#pragma once
// The tensors of the architecture, in the order of a deployment file and under their checkpoint names.
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "neuro/lm/layer_graph.hpp"

namespace tephra {

/// A norm's weights and their place in the graph.
struct NormTensor {
    std::string name;              ///< "model.layers.0.attn_norm.weight"
    int size = 0;                  ///< elements
    std::span<const float>* view;  ///< in the graph that was asked
};

/// A ternary matrix and its place in the graph.
struct WeightTensor {
    std::string name;  ///< "model.layers.0.attn.f_proj.weight"
    int rows = 0;
    int cols = 0;
    TernaryMatrix* view;  ///< in the graph that was asked
};

inline constexpr const char* embeddings_name = "model.embeddings.weight";  ///< [V x d]
inline constexpr const char* lower_bounds_name = "model.lower_bounds";     ///< [L x d]

/// All norms and all ternary matrices of a graph whose config is set and whose blocks are allocated.
std::vector<NormTensor> norm_tensors(LayerGraph& graph);
std::vector<WeightTensor> weight_tensors(LayerGraph& graph);

/// Errors: bad_input when a size is not in [1, its limit of layer_graph.hpp], epsilon not in [0, 1], or a special token
/// outside the vocabulary.
Result<void> check_config(const ModelConfig& config, const std::string& place);

}  // namespace tephra
