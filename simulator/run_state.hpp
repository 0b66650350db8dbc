#pragma once
// RunState: what the chips of a run share.
#include <cstdint>
#include <vector>

#include "simulator/host_feed.hpp"
#include "simulator/run.hpp"
#include "simulator/schedule.hpp"
#include "simulator/slice_engine.hpp"

namespace tephra {

/// Program, schedule and feed outlive it. Each chip writes only the elements that belong to it.
struct RunState {
    const Program* program = nullptr;
    const Schedule* schedule = nullptr;
    SyncMode sync = SyncMode::barrier;
    NocMode noc = NocMode::contended;
    HostFeed* feed = nullptr;  ///< used by the host alone, except for streams of rounds that have entered
    std::vector<SliceEngine> slices;

    struct SliceCounts {
        std::int64_t fired = 0, skipped = 0, passed = 0;
        std::int64_t idle = 0;  ///< firings on the host for a token whose logits nobody samples
    };
    struct FanoutCounts {
        std::int64_t packets = 0, markers = 0;  ///< full packets; headers alone
    };
    std::vector<SliceCounts> slice_counts;     ///< [slices]
    std::vector<FanoutCounts> sent;            ///< [fanouts]
    std::vector<std::int64_t> delivered;       ///< [terminals] packets served, markers included
    std::vector<std::int64_t> ignored;         ///< [terminals] of these, messages to an idle host
    std::vector<std::int64_t> local_messages;  ///< [inputs] messages multiplied without a packet (on the host)
};

}  // namespace tephra
