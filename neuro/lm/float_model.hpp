#pragma once
// Float reference: the published semantics in double precision, the oracle for quality and the source of calibration.
// Norms are applied one by one as published, not folded, so that it checks the folding of the integer model.
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "neuro/lm/layer_graph.hpp"

namespace tephra {

/// Sees intermediate values of a window: block (-1 for the model), name, values [T x n] row-major. The names are those
/// of the engines' Tap: "x" (block -1: the embedding), "f", "i", "g" (before their non-linearities), "h", "t"
/// (g silu(h)), "x_mid", "z" (both halves, [T x 2f]), "y" and "logits".
using FloatObserver = std::function<void(int block, std::string_view name, std::span<const double> values)>;

class FloatModel {
public:
    /// `threads` share the rows of each ternary product; they do not change the result: sums of products of integers
    /// below 2^24 are exact.
    explicit FloatModel(const LayerGraph& graph, int threads = 1);
    explicit FloatModel(LayerGraph&&, int = 1) = delete;  // would dangle

    /// Logits [ids.size() x V], row-major, of a window that starts from the zero state. Ids must be in the vocabulary.
    std::vector<double> forward(std::span<const std::int32_t> ids, const FloatObserver& observer = {}) const;
    /// The same for the next ids of a window: `state`, [L x d], is that after the ids before, zeros at first; updated.
    std::vector<double> advance(std::span<const std::int32_t> ids, std::span<double> state,
                                const FloatObserver& observer = {}) const;

private:
    const LayerGraph* graph_;
    int threads_;
    std::vector<double> lower_;  ///< forget_lower_bounds
};

}  // namespace tephra
