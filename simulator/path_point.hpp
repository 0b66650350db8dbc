#pragma once
#include <array>
#include <cstdint>

namespace tephra {

/// A place on the critical path: when, and how the time since the start of the run divides (compute, network, host).
struct PathPoint {
    std::int64_t time = 0;
    std::array<std::int64_t, 3> split{};
};

}  // namespace tephra
