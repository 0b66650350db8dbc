#include "mapper/picture_layout.hpp"

#include <algorithm>

namespace tephra {

PictureLayout::PictureLayout(const Machine& machine, const Topology& topology, const std::vector<bool>& used)
    : machine_(machine), topology_(topology), low_{machine.chips_x, machine.chips_y, machine.chips_z} {
    core_columns_ = machine.mesh.cores_per_tile > 1 ? 2 : 1;
    const int core_rows = (machine.mesh.cores_per_tile + core_columns_ - 1) / core_columns_;
    tile_pitch_ = {core_columns_ * core_pitch + tile_gap, core_rows * core_pitch + tile_gap};
    chip_size_ = {machine.mesh.tiles_x * tile_pitch_.x - tile_gap + 2 * chip_margin,
                  machine.mesh.tiles_y * tile_pitch_.y - tile_gap + 2 * chip_margin};
    for (int core = 0; core < machine.cores(); ++core) {
        if (!used[static_cast<std::size_t>(core)]) continue;
        const auto at = position(machine.chip_of(CoreId(core)));
        for (std::size_t axis = 0; axis < 3; ++axis) {
            low_[axis] = std::min(low_[axis], at[axis]);
            high_[axis] = std::max(high_[axis], at[axis]);
        }
    }
    for (std::size_t axis = 0; axis < 3; ++axis) low_[axis] = std::min(low_[axis], high_[axis]);
}

std::array<int, 3> PictureLayout::position(ChipId chip) const {
    return chip_position(chip, machine_.chips_x, machine_.chips_y);
}

bool PictureLayout::visible(ChipId chip) const {
    const auto at = position(chip);
    for (std::size_t axis = 0; axis < 3; ++axis)
        if (at[axis] < low_[axis] || at[axis] > high_[axis]) return false;
    return true;
}

PicturePoint PictureLayout::chips_size() const {
    const double panels = high_[2] - low_[2] + 1;
    if (stacked()) return {panel_width(), panels * (panel_height() + panel_gap) - panel_gap};
    return {panels * (panel_width() + panel_gap) - panel_gap, panel_height()};
}

PicturePoint PictureLayout::size() const {
    const PicturePoint chips = chips_size();
    return {std::max(least_width, chips.x - chip_gap + 2 * border),
            header_height + chips.y - chip_gap + legend_height + (machine_.damaged() ? legend_line : 0) + border};
}

double PictureLayout::legend_y() const {
    return header_height + chips_size().y - chip_gap + 22;
}

PicturePoint PictureLayout::chip_corner(ChipId chip) const {
    const auto at = position(chip);
    const double panel = at[2] - low_[2];
    const double panel_x = stacked() ? 0 : panel * (panel_width() + panel_gap);
    const double panel_y = stacked() ? panel * (panel_height() + panel_gap) : 0;
    return {border + panel_x + (at[0] - low_[0]) * (chip_size_.x + chip_gap),
            header_height + panel_y + (at[1] - low_[1]) * (chip_size_.y + chip_gap)};
}

PicturePoint PictureLayout::tile_corner(RouterId router) const {
    const PicturePoint chip = chip_corner(topology_.chip_of(router));
    const int tile = router.value % machine_.tiles_per_chip();
    const int column = tile % machine_.mesh.tiles_x, row = tile / machine_.mesh.tiles_x;
    return {chip.x + chip_margin + column * tile_pitch_.x, chip.y + chip_margin + row * tile_pitch_.y};
}

PicturePoint PictureLayout::tile_middle(RouterId router) const {
    const PicturePoint corner = tile_corner(router);
    return {corner.x + tile_size().x / 2, corner.y + tile_size().y / 2};
}

PicturePoint PictureLayout::core_corner(CoreId core) const {
    const PicturePoint tile = tile_corner(topology_.router_of(core));
    const int k = core.value % machine_.mesh.cores_per_tile;
    const int column = k % core_columns_, row = k / core_columns_;
    return {tile.x + column * core_pitch + (core_pitch - core_size) / 2,
            tile.y + row * core_pitch + (core_pitch - core_size) / 2};
}

double PictureLayout::tile_radius() const {
    return std::min(tile_pitch_.x, tile_pitch_.y) / 2 - tile_gap / 2;
}

}  // namespace tephra
