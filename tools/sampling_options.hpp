#pragma once
// How verbs choose tokens.
#include <cstdint>

#include "neuro/sampling.hpp"
#include "tools/options.hpp"

namespace tephra::tools {

/// --greedy, --temperature, --top-k, --top-p, --seed.
inline void add_sampling_options(CLI::App& command, SamplingOptions& sampling) {
    auto* greedy = add_switch(command, "--greedy", sampling.greedy, "take the most likely token every time");
    auto* temperature = add_number(command, "--temperature", sampling.temperature, 0, 0x1p15,
                                   "divides the logits; 0: take the most likely token every time");
    auto* top_k = add_integer(command, "--top-k", sampling.top_k, 0, INT32_MAX,
                              "sample from the k most likely tokens; 0: from all");
    auto* top_p =
        add_number(command, "--top-p", sampling.top_p, 0, 1, "sample from the fewest tokens with this probability");
    for (auto* option : {temperature, top_k, top_p}) greedy->excludes(option);
    add_integer(command, "--seed", sampling.seed, 0, UINT64_MAX, "one seed gives one text on every machine");
}

/// The options as the sampler takes them: a temperature of 0 is greedy, whatever else is asked for.
inline SamplingOptions settled(SamplingOptions sampling) {
    if (sampling.temperature != 0) return sampling;
    sampling.greedy = true;
    sampling.temperature = 1;
    return sampling;
}

}  // namespace tephra::tools
