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
    /// [chips][stages] packets over links of the chip, by the stage of the population that sends them.
    std::vector<std::vector<std::int64_t>> load;
    std::map<std::pair<int, int>, std::int64_t> between;  ///< packets from one chip to another
    /// Over all stages; 0: nothing ever happens there.
    [[nodiscard]] std::int64_t total(std::size_t chip) const;
    [[nodiscard]] int busy_chips() const;
};
ChipTraffic chip_traffic(const Program& program, const Schedule& schedule);

/// Rank of each chip; idle: of none, since nothing ever happens there. The host's chip is the root's.
struct Dealing {
    static constexpr int idle = -1;
    std::vector<int> rank;  ///< [chips]
};

/// Deals the chips so that ranks have about the same to do at any time. `rounds` are in the machine at once, each a
/// stage behind the one before: so a few blocks of a language model are at work while others wait, and chips that work
/// at the same time go to different ranks. What is made small is the sum over the steps of the load of the busiest
/// rank, and a little for each packet between ranks. Errors: does_not_fit (more ranks than chips that have anything to
/// do).
Result<Dealing> deal_chips(const ChipTraffic& traffic, ChipId host, int ranks, std::int64_t rounds);

}  // namespace tephra
