#pragma once
// The time that a token takes on a machine, bounded so that sums of it cannot overflow.
#include <optional>
#include <string>

#include "core/bounded_sum.hpp"
#include "core/error.hpp"
#include "core/units.hpp"

namespace tephra {

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
