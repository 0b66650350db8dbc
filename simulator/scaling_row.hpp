#pragma once
// ScalingRow: what the ranks of a run would do, had it so many.
#include <cstdint>

namespace tephra {

/// A run by so many ranks.
struct ScalingRow {
    int ranks = 1;
    std::int64_t windows = 0;
    std::int64_t events = 0;  ///< sum over the windows: of the rank with most events in each
    std::int64_t mails = 0;   ///< sum over the windows: to or from the rank with most mail between ranks
};

}  // namespace tephra
