#pragma once
// What measure_spares() runs of a language model.
#include <memory>

#include "neuro/lm/deployment.hpp"
#include "simulator/spares.hpp"

namespace tephra {

inline constexpr int most_spares_tokens = 1 << 16;  ///< that one run generates

/// Generates `tokens` tokens greedily, 1 to most_spares_tokens, after the one that starts a text (where the model has
/// none: after token 0). All draws do the same: the end of a text ends nothing. `program`: lower(model).
SparesWork token_work(const Deployment& model, std::shared_ptr<const Program> program, int tokens);

}  // namespace tephra
