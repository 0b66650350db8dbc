#include "simulator/lm/spares_work.hpp"

#include <algorithm>

#include "neuro/lm/sampling.hpp"
#include "simulator/lm/simulate_tokens.hpp"

namespace tephra {

SparesWork token_work(const Deployment& model, std::shared_ptr<const Program> program, int tokens) {
    TokenOptions options;
    options.prompts = {{std::max<std::int32_t>(model.graph.config.bos_token_id, 0)}};
    options.new_tokens = tokens;
    options.sample = [](int, int, std::span<const std::int32_t> logits) { return greedy_token(logits); };
    return [program = std::move(program), options](const Machine& machine, const Mapping& mapping) {
        return simulate_tokens(*program, machine, mapping, options);
    };
}

}  // namespace tephra
