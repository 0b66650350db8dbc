#pragma once
// Repeating a measurement of a language model: makes the model, runs it on the machine and prices the run.
#include "core/error.hpp"
#include "simulator/price.hpp"
#include "simulator/repeat.hpp"

namespace tephra {

/// Recipe {"kind": "language-model"}: `preset` (neuro/lm/synth.hpp), `seed`, `calibration_tokens`, optional `layers`
/// (blocks instead of the preset's), `machine`, `synapses`, `head` (chip or host), `sync`, `noc`, `mode`, `prompt`
/// (token ids), `tokens` (generate: greedy ones after it), `costs`, optional `copies`.
///
/// With `copies` C the run is one of C equal parts of the measured system, which its publisher scaled so: a pipeline of
/// them has the rate of one and C times its energy; a token that passes them one after the other takes C times as long
/// on the chips, and all C parts draw static power and take part in steps all the time. The host is there once.
///
/// Gives tokens/s and mJ/token of each scope, in steady state. Errors: bad_input (recipe), and those of the verbs.
Result<RowResult> repeat_tokens(const LedgerRow& row, int threads);

/// Figures of one part of C as those of all (see above).
struct SteadyToken {
    double tokens_per_s = 0;
    double low = 0, value = 0, high = 0;  ///< mJ per token
};
SteadyToken scaled_token(const Run& run, const Report& report, PowerScope scope, int copies);

}  // namespace tephra
