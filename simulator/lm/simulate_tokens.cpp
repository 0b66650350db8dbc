#include "simulator/lm/simulate_tokens.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "simulator/lm/token_feed.hpp"

namespace tephra {
namespace {

Result<void> check_prompts(const Program& program, const TokenOptions& options) {
    if (options.prompts.empty()) return bad_input("there is no prompt", "prompts", "give one a stream");
    for (const auto& prompt : options.prompts) {
        if (prompt.empty()) return bad_input("a prompt is empty", "prompts", "give at least one token");
        for (const std::int32_t id : prompt)
            if (id < 0 || id >= program[program.sink].size)
                return bad_input("token " + std::to_string(id) + " is not in the vocabulary", "prompts",
                                 "ids go from 0 to " + std::to_string(program[program.sink].size - 1));
    }
    return {};
}

Result<void> check_options(const TokenOptions& options) {
    if (options.new_tokens < 0) return bad_input("a negative number of tokens", "new tokens", "give 0 or more");
    if (options.mode == RunMode::prefill && options.new_tokens > 0)
        return bad_input("a prefill run generates no tokens, but " + std::to_string(options.new_tokens) + " are wanted",
                         "new tokens", "give 0, or choose the mode generate");
    if (options.new_tokens > 0 && !options.sample) return bad_input("no way to sample tokens", "sample");
    if (token_count(options) > most_tokens)
        return fail(ErrorCode::does_not_fit,
                    "prompts and new tokens make up to " + std::to_string(token_count(options)) +
                        " tokens, a run holds " + std::to_string(most_tokens),
                    "new tokens", "ask for fewer new tokens or streams");
    return {};
}

/// What decides the results of a run of tokens beside what simulate() knows.
std::vector<CheckpointInput> token_inputs(const TokenOptions& options) {
    std::vector<CheckpointInput> inputs = {{"--mode", mode_name(options.mode)},
                                           {"number of new tokens", std::to_string(options.new_tokens)}};
    for (std::size_t k = 0; k < options.prompts.size(); ++k)
        inputs.push_back({"prompt of stream " + std::to_string(k),
                          to_string(hash128(std::as_bytes(std::span(options.prompts[k]))))});
    return inputs;
}

}  // namespace

CheckpointInput sampling_input(const SamplingOptions& sampling) {
    if (sampling.greedy) return {"choice of tokens", "greedy"};
    return {"choice of tokens", "temperature " + number_text(sampling.temperature) + ", top-k " +
                                    std::to_string(sampling.top_k) + ", top-p " + number_text(sampling.top_p) +
                                    ", seed " + std::to_string(sampling.seed)};
}

std::int64_t token_count(const TokenOptions& options) {
    std::int64_t count = 0;
    for (const auto& prompt : options.prompts)
        count += std::ssize(prompt) + std::max<std::int64_t>(0, std::int64_t{options.new_tokens} - 1);
    return count;
}

Result<Run> simulate_tokens(const Program& program, const Machine& machine, const Mapping& mapping,
                            const TokenOptions& options) {
    if (auto fine = check_options(options); !fine) return tl::unexpected(fine.error());
    if (auto fine = check_prompts(program, options); !fine) return tl::unexpected(fine.error());
    TokenFeed feed(options);
    SimulateOptions simulation = options;
    const auto inputs = token_inputs(options);
    simulation.checkpoint.inputs.insert(simulation.checkpoint.inputs.end(), inputs.begin(), inputs.end());
    return simulate(program, machine, mapping, feed, simulation);
}

}  // namespace tephra
