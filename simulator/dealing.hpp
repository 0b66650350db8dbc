#pragma once
// Dealing: which rank runs which chip.
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "simulator/schedule.hpp"

namespace tephra {

/// What chips have to do in a round in which no message is zero.
struct ChipTraffic {
    std::vector<std::int64_t> load;                       ///< [chips] packets over links; 0: nothing ever happens
    std::map<std::pair<int, int>, std::int64_t> between;  ///< packets from one chip to another
};
ChipTraffic chip_traffic(const Schedule& schedule);

/// Rank of each chip; idle: of none, since nothing ever happens there. The host's chip is the root's.
struct Dealing {
    static constexpr int idle = -1;
    std::vector<int> rank;  ///< [chips]
};

/// Deals the chips so that no rank has much more to do than another and few packets go between ranks: chips in order of
/// their numbers are cut into ranges of about equal load; then chips change sides at the borders as long as that lowers
/// the traffic between ranks, and no load rises above the largest or 5 % over the mean. Errors: does_not_fit (more
/// ranks than chips that have anything to do).
Result<Dealing> deal_chips(const ChipTraffic& traffic, ChipId host, int ranks);

}  // namespace tephra
