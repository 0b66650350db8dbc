#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "simulator/state/checkpoint.hpp"

namespace tephra {

/// What a run says of the checkpoints that it wrote.
struct CheckpointReport {
    std::int64_t written = 0;
    std::size_t bytes = 0;         ///< of the last
    std::optional<Error> failure;  ///< why the last try failed; the file before it is still there
};

/// Checkpoints of a run. They change nothing in what it computes.
struct CheckpointOptions {
    /// The file, replaced by each checkpoint; empty: none is written. While it is set, a call that is asked to stop
    /// (core/stop.hpp) writes one first.
    std::string path;
    /// Asked at the end of each window whether to write one. May be empty.
    std::function<bool()> due;
    /// The run goes on from here; nullptr: it starts.
    const Checkpoint* resume = nullptr;
    /// What decides the results beside what simulate() knows: what the feed's callbacks compute with.
    std::vector<CheckpointInput> inputs;
    CheckpointReport* report = nullptr;  ///< may be nullptr
};

/// For CheckpointOptions::due: true once the time is over, counted from now and then from the last true.
std::function<bool()> every_seconds(double seconds);

}  // namespace tephra
