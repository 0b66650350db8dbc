#pragma once
// simulate: runs a mapped program event by event.
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/error.hpp"
#include "core/files.hpp"
#include "mapper/mapping.hpp"
#include "neuro/program.hpp"
#include "simulator/run.hpp"

namespace tephra {

/// A timeline of the run (simulator/trace.hpp).
struct TraceOutput {
    OutputFile* file = nullptr;       ///< opened by the caller, who commits it too; nullptr: no timeline
    std::int64_t bytes = 64 << 20;    ///< bound on its size, at least least_trace_bytes
    std::int64_t* dropped = nullptr;  ///< gets the number of events that the bound left no room for; may be nullptr
};
inline constexpr std::int64_t least_trace_bytes = 4096;

struct SimulateOptions {
    RunMode mode = RunMode::generate;
    SyncMode sync = SyncMode::barrier;
    NocMode noc = NocMode::contended;
    int threads = 1;
    /// Prompt of each stream, token ids; one stream or more. All of it enters before anything is sampled.
    std::vector<std::vector<std::int32_t>> prompts;
    /// To generate a stream, at most, after its prompt; 0 in prefill mode. All streams together make at most
    /// most_tokens tokens (simulator/run.hpp), and no more than fit simulated time. Nothing is reserved for them.
    int new_tokens = 0;
    /// Chooses the next token of a stream from its logits [V]; called in token order. A negative id ends the stream.
    /// Prefill runs call it once a stream, after its last token (empty: not at all). May run on any thread. What it
    /// throws ends the run and leaves simulate().
    std::function<std::int32_t(int stream, int position, std::span<const std::int32_t> logits)> sample;
    /// Called when a token has left the machine, with the number of those that have and that will. May be empty.
    std::function<void(std::int64_t left, std::int64_t total)> progress;
    TraceOutput trace;
};

/// Checks the mapping against program and machine first. Errors: bad_input (a mapping of another program or machine, a
/// prompt that is empty or not of the vocabulary, options that contradict each other, times that are too long, threads
/// that the system has no room for),
/// does_not_fit (a mapping that breaks a limit of the machine, more streams than the mapping holds, too many tokens).
Result<Run> simulate(const Program& program, const Machine& machine, const Mapping& mapping,
                     const SimulateOptions& options);

}  // namespace tephra
