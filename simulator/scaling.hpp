#pragma once
// Scaling: what a run would cost if its chips were dealt over more ranks. A run of one process counts, window by
// window, what the busiest rank of each dealing would have had to do; nothing is extrapolated but the cost of a round.
#include <cstdint>
#include <memory>
#include <vector>

#include "simulator/chip.hpp"
#include "simulator/dealing.hpp"
#include "simulator/scaling_row.hpp"

namespace tephra {

/// Costs of what rows count, in seconds.
struct ScalingCosts {
    double event = 0;    ///< measured in the run itself
    double latency = 0;  ///< from a rank to another, once a window
    /// Fitted to runs of two ranks on one machine (docs/scaling.md).
    double message = 0.5e-6;  ///< to and from each other rank, once a window
    double window = 10e-6;    ///< what a rank does for a window beside its events and messages
    double mail = 0.36e-6;    ///< packed, sent, unpacked
};

/// Seconds in windows: events, then a round.
double predicted_seconds(const ScalingRow& row, const ScalingCosts& costs);

class ScalingCount {
public:
    /// Rows of 1, 2, 4, ... ranks, and one rank a chip; all as deal_chips() deals.
    ScalingCount(const ChipTraffic& traffic, ChipId host, std::int64_t rounds);

    /// A window has ended, and the chips' outboxes are full; the next one begins. `first`: of the events left on chips.
    /// Returns that of all events, of their mail too.
    std::int64_t next_window(const std::vector<std::unique_ptr<Chip>>& chips, std::int64_t first);

    [[nodiscard]] const std::vector<ScalingRow>& rows() const { return rows_; }
    /// Processor time of the windows over their events, in seconds; of a run in one thread.
    [[nodiscard]] double event_seconds() const;

private:
    void add(std::size_t row, std::size_t chip, std::int64_t events, const Outbox& outbox);

    std::vector<ScalingRow> rows_;
    std::vector<std::vector<int>> rank_of_;        ///< [rows][chips]
    std::vector<std::vector<std::int64_t>> load_;  ///< [rows][ranks] events of this window
    std::vector<std::vector<std::int64_t>> mail_;  ///< [rows][ranks]
    std::vector<std::int64_t> before_;             ///< [chips] events before this window
    std::int64_t began_ = -1, spent_ = 0;          ///< of std::clock()
};

}  // namespace tephra
