#pragma once
// Dense ternary weights for programs that are laid out but never run: a shape without codes.
#include <memory>

#include "neuro/lm/dense_ternary.hpp"

namespace tephra::test {

/// `matrices` of [targets x sources], fed by the first activation of a message.
inline std::shared_ptr<const SynapseFormat> blank_weights(int targets, int sources, int matrices = 1) {
    TernaryInput input;
    input.matrix.rows = targets;
    input.matrix.cols = sources;
    return std::make_shared<DenseTernary>(std::vector<TernaryInput>(static_cast<std::size_t>(matrices), input),
                                          nullptr);
}

}  // namespace tephra::test
