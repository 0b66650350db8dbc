#pragma once
// simulate_tokens: runs a language model on a simulated machine, prompts in and sampled tokens out.
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "neuro/lm/sampling.hpp"
#include "simulator/simulate.hpp"

namespace tephra {

struct TokenOptions : SimulateOptions {
    RunMode mode = RunMode::generate;
    /// Prompt of each stream, token ids; one stream or more. All of it enters before anything is sampled.
    std::vector<std::vector<std::int32_t>> prompts;
    /// To generate a stream, at most, after its prompt; 0 in prefill mode. All streams together make at most
    /// most_tokens tokens (simulator/run.hpp), and no more than fit simulated time. Nothing is reserved for them.
    int new_tokens = 0;
    /// Chooses the next token of a stream from its logits [V]; called in token order. A negative id ends the stream.
    /// Prefill runs call it once a stream, after its last token (empty: not at all). May run on any thread. What it
    /// throws ends the run and leaves simulate_tokens().
    std::function<std::int32_t(int stream, int position, std::span<const std::int32_t> logits)> sample;
    /// A run that goes on from a checkpoint calls it first with each token that was sampled before, in order of entry.
    /// May be empty.
    std::function<void(int stream, std::int32_t id)> resumed;
    /// Called when a token has left the machine, with the number of those that have and that will. May be empty.
    std::function<void(std::int64_t left, std::int64_t total)> progress;
};

/// What `sample` computes with, for CheckpointOptions::inputs, where it is a Sampler with these options.
CheckpointInput sampling_input(const SamplingOptions& sampling);

/// Tokens that a run with these options makes at most.
std::int64_t token_count(const TokenOptions& options);

/// Errors: those of simulate(); bad_input also for a prompt that is empty or not of the vocabulary, and options that
/// contradict each other; does_not_fit also for too many tokens.
Result<Run> simulate_tokens(const Program& program, const Machine& machine, const Mapping& mapping,
                            const TokenOptions& options);

}  // namespace tephra
