#pragma once
// Indices that cannot be mixed up: a CoreId is not a ChipId.
#include <compare>
#include <cstddef>
#include <cstdint>

namespace tephra {

template <typename Tag>
struct Id {
    std::int32_t value = -1;  ///< -1: none
    constexpr Id() = default;
    constexpr explicit Id(std::int32_t v) : value(v) {}
    [[nodiscard]] constexpr bool valid() const { return value >= 0; }
    [[nodiscard]] constexpr std::size_t index() const { return static_cast<std::size_t>(value); }
    friend constexpr auto operator<=>(Id, Id) = default;
};

using PopulationId = Id<struct PopulationTag>;  ///< index into Program::populations
using ProjectionId = Id<struct ProjectionTag>;  ///< index into Program::projections
using LayerId = Id<struct LayerTag>;            ///< index into Program::layers
using ChipId = Id<struct ChipTag>;              ///< index of a chip in the machine
using CoreId = Id<struct CoreTag>;              ///< index of a neurocore over the whole machine, chip-major

}  // namespace tephra
