#pragma once
// RankedRun: what the ranks of a run do together. Each has the chips that are dealt to it; the root has the host. All
// functions that need the others are called by every rank in the same order.
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "simulator/chip.hpp"
#include "simulator/counts.hpp"
#include "simulator/dealing.hpp"
#include "simulator/followed_feed.hpp"
#include "simulator/ranks.hpp"
#include "simulator/scaling.hpp"
#include "simulator/simulate.hpp"
#include "simulator/windows.hpp"

namespace tephra {

/// How a barrier step ended, or a self-timed run: on the chips of one rank, or of all.
struct StepEnd {
    std::int64_t last_end = 0;    ///< of the last task of any core
    int last_chip = 0;            ///< whose it was; of several, the first
    PathSplit parts{};            ///< CoreEngine::parts_of_last() of that chip
    std::int64_t last_event = 0;  ///< time of the latest event
    std::int64_t left_at = 0;     ///< when the last round left
    Stall stall;                  ///< self-timed runs whose links err
};

class RankedRun {
public:
    /// `ranks`: nullptr for a run in one process. `feed`: the host's, used on the root alone.
    RankedRun(Ranks* ranks, HostFeed& feed);

    /// Whether program, machine, mapping, rounds and kind of run are the same on every rank; the root tells what it
    /// wants beside the run. Errors: bad_input, on every rank, with the first rank that differs and how.
    Result<void> agree(const Program& program, const Mapping& mapping, const SimulateOptions& options);
    /// Deals the chips. `count_scaling`: in one process, scaling() is wanted at the end. Errors: those of deal_chips().
    Result<void> deal(const Program& program, const Schedule& schedule, bool count_scaling);
    /// Gives `state` its feed and observer. It outlives the RankedRun's use.
    void join(RunState& state);

    [[nodiscard]] bool is_root() const { return ranks_ == nullptr || ranks_->is_root(); }
    /// Whether this rank runs a chip.
    [[nodiscard]] bool has(std::uint32_t chip) const { return dealing_.rank[chip] == rank_; }
    [[nodiscard]] HostFeed& feed() { return followed_ ? *followed_ : feed_; }
    /// The root's bound on the timeline; 0: there is none.
    [[nodiscard]] std::int64_t trace_bytes() const { return wants_.trace_bytes; }
    /// Whether the root writes checkpoints, and whether it goes on from one.
    [[nodiscard]] bool saves() const { return wants_.saves; }
    [[nodiscard]] bool resumes() const { return wants_.resumes; }
    /// nullptr: nothing is to be done between windows.
    [[nodiscard]] RankedRun* others() { return ranks_ == nullptr && !scaling_ ? nullptr : this; }

    // Between windows: simulator/windows.hpp.
    std::int64_t swap(const std::vector<std::unique_ptr<Chip>>& chips, std::int64_t first, Pause& pause);
    Outbox& outbox(std::size_t chip) { return outboxes_[chip]; }

    /// How a step ended on all ranks. All ranks then have the same RunState::fault, too.
    StepEnd together(StepEnd mine);
    /// The root gets the first fault of all ranks, which is in its RunState then.
    void gather_faults();
    /// What the rank of a chip has in `bytes` reaches the root, or the root's reaches that rank. Idle chips have none.
    void to_root(std::size_t chip, std::string& bytes);
    void from_root(std::size_t chip, std::string& bytes);
    /// The root's bytes reach all ranks, and with them what has happened in its feed.
    void go_on(std::string& bytes);
    /// All ranks have come here.
    void meet();
    /// At the end: the counters of all ranks, and the timelines of their chips ([chips], by chip), reach the root.
    void gather(RunCounters& counters, std::vector<TraceBuffer>& traces);

    [[nodiscard]] const ScalingCount& scaling() const { return *scaling_; }

private:
    /// Firings for the root's observer.
    class Observed final : public SliceObserver {
    public:
        explicit Observed(const Schedule& schedule) : schedule_(schedule) {}
        void fired(const ScheduledSlice& slice, std::uint32_t round, std::span<const std::int32_t> messages,
                   std::span<const std::int32_t> state) override;
        void state(StateFields&, std::int64_t) override {}  // between windows the root's has all
        std::string take();

    private:
        const Schedule& schedule_;
        std::mutex mutex_;
        std::string bytes_;
    };

    /// What the root wants beside the run, and what all must deal the chips by.
    struct Wants {
        bool observed = false, saves = false, resumes = false;
        std::int64_t trace_bytes = 0;
        std::int64_t rounds_at_once = 1;
    };

    [[nodiscard]] bool is_sent(std::size_t chip) const;
    void tell_feed_to(std::string& bytes);
    void send_mail(const Chip& chip, std::size_t id, std::int64_t& first);
    void show_observed(WireReader& in);

    Ranks* ranks_;
    int rank_;
    HostFeed& feed_;
    RunState* state_ = nullptr;
    SliceObserver* observer_ = nullptr;  ///< the root's own
    std::optional<FollowedFeed> followed_;
    std::optional<Observed> observed_;
    std::optional<ScalingCount> scaling_;
    Wants wants_;
    FeedNews told_;
    Dealing dealing_;
    std::vector<Outbox> outboxes_;  ///< [chips] of other ranks: mail for this one
    std::vector<Outbox> sorted_;    ///< [ranks] mail of the chip at hand
};

}  // namespace tephra
