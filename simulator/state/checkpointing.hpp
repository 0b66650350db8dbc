#pragma once
// Checkpointing: saves a run at the end of a window, and lets it go on from there.
//
// At the end of a window all mail is handed over, so what happens next depends on the chips and on what they share.
// What follows from the inputs (schedule, routes, weights) is made again, and the rest is saved. A section of a chip
// has the chip and those elements of RunState that belong to it: whoever simulates some of the chips needs theirs
// alone. Of several ranks the root reads and writes the file, and sections travel between it and the rank of their
// chip. So the file does not depend on the number of ranks.
#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "simulator/chip.hpp"
#include "simulator/ranked_run.hpp"
#include "simulator/run_state.hpp"
#include "simulator/state/checkpoint_options.hpp"

namespace tephra {

class StateFields;

class Checkpointing {
public:
    /// All of them must outlive it. `inputs`: all that decide the run's results. `loop`: fields of whoever runs the
    /// windows.
    Checkpointing(const CheckpointOptions& options, std::vector<CheckpointInput> inputs, RunState& run,
                  std::vector<std::unique_ptr<Chip>>& chips, RankedRun& ranked, std::function<void(StateFields&)> loop);

    // Every rank calls what follows.
    /// Loads the checkpoint into a run that has not begun. Errors: bad_input where it is of another run.
    Result<void> resume();
    /// What pause this rank wants at the end of a window: a stop when `stop` is set, a checkpoint when it is time.
    Pause wanted(const std::atomic<bool>* stop);
    /// Writes a checkpoint, where the run has any, while the thread's own stop flag is off (core/stop.hpp). Throws
    /// Stopped after it when that is the pause.
    void pause(Pause pause);

private:
    Result<std::size_t> write();
    [[nodiscard]] std::string chip_section(std::size_t chip);
    Result<void> load(std::span<const std::byte> section, const std::string& what,
                      const std::function<void(StateFields&)>& state);
    [[nodiscard]] Result<void> accept() const;
    void run_state(StateFields& fields);
    void fault_state(StateFields& fields);
    void chip_state(StateFields& fields, std::size_t chip);

    const CheckpointOptions& options_;
    std::vector<CheckpointInput> inputs_;
    RunState& run_;
    std::vector<std::unique_ptr<Chip>>& chips_;
    RankedRun& ranked_;
    std::function<void(StateFields&)> loop_;
    std::vector<std::vector<std::uint32_t>> slices_, terminals_;  ///< [chips]; the host's belong to its chip
};

/// What decides the results of any run. `rounds`: at its start.
std::vector<CheckpointInput> run_inputs(const RunState& run, const Hash128& mapping, std::int64_t rounds,
                                        std::int64_t trace_bytes);

}  // namespace tephra
