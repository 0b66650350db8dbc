#pragma once
// Sums that refuse to pass a limit, so that none overflows.
#include <cassert>
#include <cstdint>
#include <optional>
#include <string>

#include "core/error.hpp"
#include "core/units.hpp"

namespace tephra {

/// A sum of numbers that are not negative, from 0 to `most`.
class BoundedSum {
public:
    constexpr explicit BoundedSum(std::int64_t most = INT64_MAX) : most_(most) {}
    /// Adds count x each. Where that would pass `most`: false, and the sum stays as it was.
    [[nodiscard]] constexpr bool add(std::int64_t count, std::int64_t each = 1) {
        assert(count >= 0 && each >= 0);
        if (count != 0 && each > (most_ - sum_) / count) return false;
        sum_ += count * each;
        return true;
    }
    [[nodiscard]] constexpr std::int64_t value() const { return sum_; }

private:
    std::int64_t most_;
    std::int64_t sum_ = 0;
};

/// What a token takes on a machine: a sum of counts x times. It refuses to reach longest_time.
class TimeSum {
public:
    /// `what` is counted and takes `time` each: "weights".
    void add(std::int64_t count, Picoseconds time, const char* what) {
        if (error_ || sum_.add(count, time.value())) return;
        error_ = "times too long for this model: " + std::to_string(count) + " " + what + " of " +
                 std::to_string(time.value()) +
                 " ps a token reach 2^62 ps (53 days), where sums of times would overflow";
    }
    /// Errors: bad_input, "times too long for this model", with the first addend that reached longest_time.
    [[nodiscard]] Result<Picoseconds> result(const std::string& machine) const {
        if (error_)
            return bad_input(*error_, "machine " + machine, "give the machine shorter times, or a smaller model");
        return Picoseconds(sum_.value());
    }

private:
    BoundedSum sum_{longest_time.value() - 1};
    std::optional<std::string> error_;
};

}  // namespace tephra
