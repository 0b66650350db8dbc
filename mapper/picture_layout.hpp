#pragma once
// Where the picture of a mapping draws chips, tiles and cores. Lengths are SVG units.
#include <array>
#include <vector>

#include "mapper/route.hpp"

namespace tephra {

struct PicturePoint {
    double x = 0, y = 0;
};

/// Chips stand in the arrangement of the machine. Each layer of chips along z is a panel; panels stand side by side or
/// below each other, whichever keeps the picture squarer.
class PictureLayout {
public:
    static constexpr double core_pitch = 9;
    static constexpr double core_size = 8;    ///< drawn in the middle of a pitch
    static constexpr double tile_gap = 9;     ///< between tiles, where mesh links are drawn
    static constexpr double chip_margin = 9;  ///< between the frame of a chip and its tiles
    static constexpr double chip_gap = 30;
    static constexpr double panel_gap = 24;
    static constexpr double border = 28;
    static constexpr double header_height = 74;
    static constexpr double legend_height = 46;
    static constexpr double legend_line = 20;   ///< a further one, where parts are dead or slow
    static constexpr double least_width = 620;  ///< room for title and legend

    /// `used`: for each core, whether it holds a slice. Only the box of chips that hold something is drawn. Keeps
    /// references to machine and topology.
    PictureLayout(const Machine& machine, const Topology& topology, const std::vector<bool>& used);
    PictureLayout(const Machine&& machine, const Topology& topology, const std::vector<bool>& used) = delete;
    PictureLayout(const Machine& machine, const Topology&& topology, const std::vector<bool>& used) = delete;
    PictureLayout(const Machine&& machine, const Topology&& topology, const std::vector<bool>& used) = delete;

    [[nodiscard]] bool visible(ChipId chip) const;
    /// Whether panels stand below each other.
    [[nodiscard]] bool stacked() const { return panel_width() > panel_height(); }
    [[nodiscard]] bool same_panel(ChipId a, ChipId b) const { return position(a)[2] == position(b)[2]; }
    [[nodiscard]] PicturePoint size() const;  ///< of the picture
    [[nodiscard]] double legend_y() const;
    [[nodiscard]] PicturePoint chip_size() const { return chip_size_; }
    [[nodiscard]] PicturePoint chip_corner(ChipId chip) const;
    [[nodiscard]] PicturePoint tile_middle(RouterId router) const;
    [[nodiscard]] PicturePoint core_corner(CoreId core) const;
    [[nodiscard]] PicturePoint tile_corner(RouterId router) const;
    [[nodiscard]] PicturePoint tile_size() const { return {tile_pitch_.x - tile_gap, tile_pitch_.y - tile_gap}; }
    /// Shorter side of a tile without its gap, halved: mesh links begin this far from its middle.
    [[nodiscard]] double tile_radius() const;

private:
    [[nodiscard]] std::array<int, 3> position(ChipId chip) const;  ///< x, y, z in the machine
    [[nodiscard]] double panel_width() const { return (high_[0] - low_[0] + 1) * (chip_size_.x + chip_gap); }
    [[nodiscard]] double panel_height() const { return (high_[1] - low_[1] + 1) * (chip_size_.y + chip_gap); }
    [[nodiscard]] PicturePoint chips_size() const;  ///< all panels with a chip_gap behind the last chip

    const Machine& machine_;
    const Topology& topology_;
    std::array<int, 3> low_{}, high_{};  ///< box of chips drawn
    int core_columns_ = 1;               ///< of a tile
    PicturePoint tile_pitch_, chip_size_;
};

}  // namespace tephra
