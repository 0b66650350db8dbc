#pragma once
// What faults did to the text of a run: beside what the same model says on a machine without faults.
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/error.hpp"
#include "neuro/lm/engine.hpp"
#include "simulator/run.hpp"

namespace tephra {

/// How a run chooses the next token of a stream, whose last one is at `position`; negative: the stream ends.
using TokenChoice = std::function<std::int32_t(int stream, int position, std::span<const std::int32_t> logits)>;

struct TextChange {
    std::int64_t tokens = 0;   ///< sampled without faults
    std::int64_t changed = 0;  ///< places with another token; those of the longer text alone count too
    struct Place {
        int stream = 0;
        int token = 0;  ///< of those sampled in the stream, from 0 on
    };
    std::optional<Place> first;  ///< the earliest token, of the first stream
    /// exp of the mean negative log-likelihood of the sampled tokens after their prompts, by the model without faults;
    /// none where nothing was sampled.
    std::optional<double> perplexity_without, perplexity;
};

/// `samples`: of a stream at most, as the run was asked for. All streams of the run have a prompt. Errors: those of the
/// engine.
Result<TextChange> text_change(const std::shared_ptr<const Deployment>& model, const EngineFactory& make_engine,
                               std::span<const std::vector<std::int32_t>> prompts, int samples,
                               const TokenChoice& choose, const Run& run);

}  // namespace tephra
