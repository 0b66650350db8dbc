#pragma once
// simulate: runs a mapped program event by event.
#include <cstdint>
#include <vector>

#include "core/error.hpp"
#include "core/files.hpp"
#include "mapper/mapping.hpp"
#include "neuro/program.hpp"
#include "simulator/host_feed.hpp"
#include "simulator/ranks.hpp"
#include "simulator/run.hpp"
#include "simulator/scaling_row.hpp"
#include "simulator/slice_observer.hpp"
#include "simulator/state/checkpoint_options.hpp"

namespace tephra {

/// A timeline of the run (simulator/trace.hpp).
struct TraceOutput {
    OutputFile* file = nullptr;       ///< opened by the caller, who commits it too; nullptr: no timeline
    std::int64_t bytes = 64 << 20;    ///< bound on its size, at least least_trace_bytes
    std::int64_t* dropped = nullptr;  ///< gets the number of events that the bound left no room for; may be nullptr
};
inline constexpr std::int64_t least_trace_bytes = 4096;

/// What the run would cost on more ranks (simulator/scaling.hpp); of a run of one process in one thread.
struct Scaling {
    std::vector<ScalingRow> rows;
    double event_seconds = 0;  ///< processor time of an event, measured
};

struct SimulateOptions {
    SyncMode sync = SyncMode::barrier;
    NocMode noc = NocMode::contended;
    int threads = 1;
    std::uint64_t fault_seed = 0;  ///< of the errors of links; without them it changes nothing
    TraceOutput trace;
    CheckpointOptions checkpoint;
    SliceObserver* observer = nullptr;  ///< may be nullptr
    Scaling* scaling = nullptr;         ///< filled when it is there, and ranks are not
    Ranks* ranks = nullptr;             ///< processes that share the run; nullptr: this one has it alone
};

/// Runs the rounds of `feed` through the machine. Checks the mapping against program and machine first. Errors:
/// bad_input (a mapping or checkpoint of another program or machine, options out of range, times that are too long,
/// threads that the system has no room for), does_not_fit (a mapping that breaks a limit of the machine, more streams
/// than the mapping holds, more rounds than fit simulated time); bad_input with the population, the neuron and the
/// round also for values that leave the range of their law, and for a self-timed run of a program without credits.
///
/// With `ranks`, every rank calls it with the same arguments, save threads. Trace, observer, checkpoints and what
/// `feed` does count on the root, which alone gets the run: on others it is empty. All ranks return an error, or none
/// does: bad_input also when ranks have different arguments; does_not_fit when there are more of them than chips with
/// anything to do. All throw Stopped (core/stop.hpp) once one is asked to stop.
Result<Run> simulate(const Program& program, const Machine& machine, const Mapping& mapping, HostFeed& feed,
                     const SimulateOptions& options);

}  // namespace tephra
