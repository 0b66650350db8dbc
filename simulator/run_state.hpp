#pragma once
// RunState: what the chips of a run share.
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "simulator/host_feed.hpp"
#include "simulator/link_errors.hpp"
#include "simulator/run.hpp"
#include "simulator/schedule.hpp"
#include "simulator/slice_engine.hpp"
#include "simulator/slice_observer.hpp"

namespace tephra {

/// The first values that left the range of their law: of all, those of the earliest round and the first slice, so that
/// the number of threads does not matter.
class RunFault {
public:
    struct Place {
        std::uint32_t round = 0, slice = 0;
        SliceFault what;
    };
    [[nodiscard]] bool raised() const { return raised_.load(std::memory_order_relaxed); }
    void raise(const Place& place) {
        const std::scoped_lock lock(mutex_);
        if (!first_ || std::pair(place.round, place.slice) < std::pair(first_->round, first_->slice)) first_ = place;
        raised_.store(true, std::memory_order_relaxed);
    }
    [[nodiscard]] std::optional<Place> first() const {
        const std::scoped_lock lock(mutex_);
        return first_;
    }

private:
    mutable std::mutex mutex_;
    std::atomic<bool> raised_ = false;
    std::optional<Place> first_;
};

/// Program, schedule and feed outlive it. Each chip writes only the elements that belong to it.
struct RunState {
    const Program* program = nullptr;
    const Schedule* schedule = nullptr;
    SyncMode sync = SyncMode::barrier;
    NocMode noc = NocMode::contended;
    HostFeed* feed = nullptr;              ///< used by the host alone, except for streams of rounds that have entered
    SliceObserver* observer = nullptr;     ///< may be nullptr
    const LinkErrorLaw* errors = nullptr;  ///< nullptr: the machine has no link errors
    std::vector<SliceEngine> slices;
    RunFault fault;

    struct SliceCounts {
        std::int64_t fired = 0, skipped = 0, passed = 0;
        std::int64_t messages = 0;  ///< that were not zero
        std::int64_t idle = 0;  ///< firings on the host for which it does nothing: nobody samples, or nothing enters
    };
    struct FanoutCounts {
        std::int64_t packets = 0, markers = 0;  ///< full packets; headers alone
    };
    std::vector<SliceCounts> slice_counts;     ///< [slices]
    std::int64_t bins = 0, bin_width = 1;      ///< of `binned`
    std::vector<std::int64_t> binned;          ///< [slices][bins] messages that were not zero; empty: rounds are tokens
    std::vector<FanoutCounts> sent;            ///< [fanouts]
    std::vector<std::int64_t> delivered;       ///< [terminals] packets served, markers included
    std::vector<std::int64_t> ignored;         ///< [terminals] of these, messages to an idle host
    std::vector<std::int64_t> local_messages;  ///< [inputs] messages multiplied without a packet (on the host)
    std::vector<std::int64_t> synops;          ///< [inputs] weights met, where their number varies
    std::vector<std::int64_t> arrivals;        ///< [terminals] latest one; empty but over ideal networks that err
};

}  // namespace tephra
