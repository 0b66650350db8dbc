#pragma once
// simulate: runs a mapped program event by event.
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "mapper/mapping.hpp"
#include "neuro/program.hpp"
#include "simulator/run.hpp"

namespace tephra {

struct SimulateOptions {
    RunMode mode = RunMode::generate;
    SyncMode sync = SyncMode::barrier;
    NocMode noc = NocMode::contended;
    int threads = 1;
    /// Prompt of each stream, token ids; one stream or more. All of it enters before anything is sampled.
    std::vector<std::vector<std::int32_t>> prompts;
    int new_tokens = 0;  ///< to generate per stream after its prompt; 0 in prefill mode
    /// Chooses the next token of a stream from its logits [V]; called in token order. A negative id ends the stream.
    /// Prefill runs call it once a stream, after its last token (empty: not at all). May run on any thread.
    std::function<std::int32_t(int stream, int position, std::span<const std::int32_t> logits)> sample;
    /// Called when a token has left the machine, with the number of those that have and that will. May be empty.
    std::function<void(std::int64_t left, std::int64_t total)> progress;
    std::string trace_path;               ///< Chrome trace JSON; empty: none
    std::int64_t trace_bytes = 64 << 20;  ///< bound on its size
};

/// Errors: bad_input (mapping of another program or machine), does_not_fit (more streams than the mapping holds).
Result<Run> simulate(const Program& program, const Machine& machine, const Mapping& mapping,
                     const SimulateOptions& options);

}  // namespace tephra
