#pragma once
// A sum that refuses to pass a limit, so that it cannot overflow.
#include <cassert>
#include <cstdint>

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

}  // namespace tephra
