#pragma once
// Counts over packed ternary weights.
#include <cstdint>
#include <string>
#include <vector>

#include "neuro/lm/layer_graph.hpp"

namespace tephra {

struct WeightCount {
    std::string kind;  ///< "f_proj" ... "down_proj", "lm_head"
    std::int64_t weights = 0;
    std::int64_t zeros = 0;
    [[nodiscard]] double zero_fraction() const { return static_cast<double>(zeros) / static_cast<double>(weights); }
};

/// Zero weights of a matrix.
std::int64_t count_zeros(const TernaryMatrix& matrix);

/// Weights by kind over all blocks, in the order of a block, the head last.
std::vector<WeightCount> count_weights(const LayerGraph& graph);

/// Sum of all kinds, called "all".
WeightCount total(const std::vector<WeightCount>& counts);

}  // namespace tephra
