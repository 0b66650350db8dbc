#pragma once
// Where a chip stands among the chips of a machine. They are numbered along x, then y, then z.
#include <array>
#include <cstdlib>

#include "core/id.hpp"

namespace tephra {

using ChipPosition = std::array<int, 3>;  ///< x, y, z

/// chips_x, chips_y: chips along these axes.
constexpr ChipPosition chip_position(ChipId chip, int chips_x, int chips_y) {
    return {chip.value % chips_x, chip.value / chips_x % chips_y, chip.value / chips_x / chips_y};
}

/// Chip links of the shortest path between two chips.
inline int links_between(const ChipPosition& a, const ChipPosition& b) {
    return std::abs(a[0] - b[0]) + std::abs(a[1] - b[1]) + std::abs(a[2] - b[2]);
}

}  // namespace tephra
