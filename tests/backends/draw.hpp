#pragma once
// Numbers for the tests of device arithmetic.
#include "core/fixed.hpp"
#include "core/philox.hpp"

namespace tephra::cuda {

inline constexpr int draws = 200000;

/// Numbers in [low, high] that follow from a seed.
class Draw {
public:
    explicit Draw(std::uint64_t seed) : seed_(seed) {}
    std::int64_t operator()(std::int64_t low, std::int64_t high) {
        const auto words = random_words(seed_, 1, next_++, 0);
        const std::uint64_t word = std::uint64_t{words[0]} << 32 | words[1];
        return low + static_cast<std::int64_t>(word % static_cast<std::uint64_t>(high - low + 1));
    }
    std::int32_t number(std::int64_t low, std::int64_t high) { return static_cast<std::int32_t>((*this)(low, high)); }
    /// A state of any magnitude.
    std::int32_t state() { return number(state_min, state_max) >> number(0, 23); }
    Scale scale(int smallest, int largest) {
        return {static_cast<std::uint16_t>((*this)(32768, 65535)),
                static_cast<std::int16_t>((*this)(smallest, largest))};
    }

private:
    std::uint64_t seed_, next_ = 0;
};

}  // namespace tephra::cuda
