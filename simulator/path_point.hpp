#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace tephra {

/// What the critical path goes through: the units of a core, in the order of CoreUnit, then everything else.
enum class PathPart : std::uint8_t { synapses, neurons, sending, network, host, count_ };
inline constexpr std::size_t path_parts = static_cast<std::size_t>(PathPart::count_);
using PathSplit = std::array<std::int64_t, path_parts>;  ///< [PathPart] picoseconds

/// A place on the critical path: when, and how the time since the start of the run divides.
struct PathPoint {
    std::int64_t time = 0;
    PathSplit split{};

    /// Goes on through `part` until `to`; nothing when the point lies there already.
    void extend(PathPart part, std::int64_t to) {
        if (to <= time) return;
        split[static_cast<std::size_t>(part)] += to - time;
        time = to;
    }
};

}  // namespace tephra
