#pragma once
// How verbs choose tokens.
#include <cstdint>

#include "neuro/lm/sampling.hpp"
#include "tools/options.hpp"

namespace tephra::tools {

/// --greedy, --temperature, --top-k, --top-p, --seed.
inline void add_sampling_options(CLI::App& command, SamplingOptions& sampling) {
    add_switch(command, "--greedy", sampling.greedy, "take the most likely token every time");
    add_number(command, "--temperature", sampling.temperature, 0, max_temperature,
               "divides the logits; 0: take the most likely token every time");
    add_integer(command, "--top-k", sampling.top_k, 0, INT32_MAX, "sample from the k most likely tokens; 0: from all");
    add_number(command, "--top-p", sampling.top_p, min_top_p, 1,
               "sample from the fewest tokens with this probability, above 0");
    add_integer(command, "--seed", sampling.seed, 0, UINT64_MAX, "one seed gives one text on every machine");
}

/// Ends the verb when a sampling option was given that no choice would read. `no_choice`: when no token is chosen, like
/// "with -n 0"; empty when one is.
inline void refuse_ignored_sampling(const CLI::App& command, const SamplingOptions& sampling,
                                    const std::string& no_choice) {
    if (!no_choice.empty())
        refuse_ignored(command, {"--greedy", "--temperature", "--top-k", "--top-p", "--seed"}, no_choice);
    if (sampling.greedy) refuse_ignored(command, {"--temperature", "--top-k", "--top-p", "--seed"}, "with --greedy");
    if (sampling.temperature == 0) refuse_ignored(command, {"--top-k", "--top-p", "--seed"}, "with --temperature 0");
}

/// The options as the sampler takes them: a temperature of 0 is greedy.
inline SamplingOptions settled(SamplingOptions sampling) {
    if (sampling.temperature != 0) return sampling;
    sampling.greedy = true;
    sampling.temperature = 1;
    return sampling;
}

}  // namespace tephra::tools
