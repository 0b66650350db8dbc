#pragma once
// What the fuzz targets share: every failure is one error that says what and where, and a small model to go on with.
#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "neuro/lm/engine.hpp"
#include "neuro/lm/lower.hpp"
#include "simulator/lm/simulate_tokens.hpp"
#include "tests/neuro/lm/random_model.hpp"

namespace tephra::test {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// Ends the program where `condition` does not hold: the fuzzer keeps the input.
inline void require(bool condition) {
    if (!condition) std::abort();
}

/// The result holds a value, or an error of the input: one with text, and never an internal one.
template <typename T>
bool accepted(const Result<T>& result) {
    if (result) return true;
    require(!result.error().message.empty() && result.error().code != ErrorCode::internal);
    return false;
}

/// As accepted(); the error names its place, too.
template <typename T>
bool accepted_text(const Result<T>& result) {
    require(result || !result.error().place.empty());
    return accepted(result);
}

/// One block of width 8, so that one token takes well under a millisecond.
struct TinyModel {
    std::shared_ptr<const Deployment> model;
    Program program;
    std::vector<std::int32_t> logits;  ///< of the golden engine after token 3
};

inline const TinyModel& tiny_model() {
    static const TinyModel tiny = [] {
        ModelConfig config;
        config.vocab_size = 16;
        config.hidden_size = 8;
        config.num_layers = 1;
        config.intermediate_size = 8;
        config.rms_norm_eps = 1e-6;
        TinyModel made;
        made.model = random_deployment(config);
        made.program = lower(made.model);
        made.logits.resize(16);
        const std::vector<std::int32_t> prompt{3};
        const auto engine = make_golden_engine(made.model, {1, 1}).value();
        require(engine->prefill(0, prompt, Logits::last, made.logits).has_value());
        return made;
    }();
    return tiny;
}

/// Runs one token in both network models and ways to synchronise: the machine gives the golden engine's logits and
/// accounts for all of its time, which its links bound from below, or one error.
inline void run_one_token(const Machine& machine, const Mapping& mapping) {
    const TinyModel& tiny = tiny_model();
    for (const NocMode noc : {NocMode::ideal, NocMode::contended})
        for (const SyncMode sync : {SyncMode::barrier, SyncMode::dataflow}) {
            bool equal = false;
            TokenOptions options;
            options.noc = noc;
            options.sync = sync;
            options.prompts = {{3}};
            options.new_tokens = 1;
            options.sample = [&](int, int, std::span<const std::int32_t> got) {
                equal = std::ranges::equal(got, tiny.logits);
                return 1;
            };
            const Result<Run> run = simulate_tokens(tiny.program, machine, mapping, options);
            if (!accepted(run)) continue;
            // Links that err may lose what the logits are made of.
            const auto lost = [](const LinkFaultRecord& fault) { return fault.lost > 0; };
            require(equal || (run->faults && std::ranges::any_of(run->faults->links, lost)));
            Picoseconds sum;
            for (const PhaseTime& phase : phases_of(*run)) sum += phase.time;
            require(run->elapsed == sum);
            // A token comes and its logits go; what lost too much may have no logits but zeros, which are not sent.
            if (equal) require(run->elapsed >= machine.host.latency + machine.host.latency);
        }
}

}  // namespace tephra::test
