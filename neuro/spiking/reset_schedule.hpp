#pragma once
// When a population is set to zero from outside: Lava's LIFReset and NetX's reset_interval.
#include <cstdint>

#include "core/error.hpp"

namespace tephra::spiking {

inline constexpr int longest_reset_interval = 1 << 30;

struct ResetSchedule {
    int interval = 0;  ///< steps; 0: never
    int offset = 0;    ///< state is zero before step t, counted from 1, where t mod interval = offset mod interval
    /// Whether the state is set to zero before round `round`, counted from 0: step round + 1.
    [[nodiscard]] constexpr bool due(std::int64_t round) const {
        return interval > 0 && (round + 1) % interval == offset % interval;
    }
    /// Errors: bad_input when the interval or the offset is out of [0, longest_reset_interval].
    [[nodiscard]] Result<void> check() const {
        const auto good = [](int steps) { return steps >= 0 && steps <= longest_reset_interval; };
        if (good(interval) && good(offset)) return {};
        return bad_input("a reset every " + std::to_string(interval) + " steps from step " + std::to_string(offset), "",
                         "both can be 0 to " + std::to_string(longest_reset_interval));
    }
};

}  // namespace tephra::spiking
