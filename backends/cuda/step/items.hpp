#pragma once
// How a stage's product is cut into work items, and an item into the parts of warps, in the step kernel.
#include <algorithm>
#include <cstdint>

#include "backends/cuda/batch/batch.hpp"
#include "backends/cuda/layout.hpp"

namespace tephra::cuda {

/// Work items of a stage's product: 64 row_groups rows x `tokens` tokens. Four warpgroups share an item, row_groups of
/// them over its rows and what is left over its columns.
struct StepTile {
    int tokens = 16;
    int row_groups = 1;
};

/// Whether the ring of an item's activations has two slots for each group of chunks, one to read and one to fill.
constexpr bool has_slots(const StepTile& tile) {
    return tile.tokens < 64 || tile.row_groups > 1;
}

/// What a block does next of a stage.
struct WorkItem {
    int matrix, row_tile, first_token;
};

/// Items of a stage's product.
constexpr int items_of(const StageView& weights, int tokens, const StepTile& tile) {
    return ceil_div(tile_rows_seen(weights), 8 * tile.row_groups) * (weights.matrices == 3 ? 3 : 1) *
           ceil_div(tokens, tile.tokens);
}
/// Item `index` of them: neighbours share weights.
constexpr WorkItem item_at(const ProductArguments& a, const StepTile& tile, int index) {
    const int tiles = ceil_div(tile_rows_seen(a.weights), 8 * tile.row_groups);
    const int token_tiles = ceil_div(a.tokens, tile.tokens), rest = index / token_tiles;
    return {rest / tiles, rest % tiles, index % token_tiles * tile.tokens};
}

/// A warp's part of an item: 16 rows x chunks chunk_group, chunk_group + chunk_groups(), ...
struct alignas(16) ItemPart {
    int weights;      ///< bytes from the stage's tiles to the warp's first, of its upper 8 rows
    int to_lower;     ///< bytes from there to its lower rows
    int activations;  ///< bytes from the stage's activations to the item's
    std::uint8_t chunk_group, chunk_shift;
    std::uint8_t releases;  ///< how many of the block's warps this one stands for when it releases a slot
    std::uint8_t chunks;    ///< of the warp

    [[nodiscard]] constexpr int chunk_groups() const { return 1 << chunk_shift; }
    /// Whether warp `warp`, whose part this is, loads its chunk group's activations beyond the first.
    [[nodiscard]] constexpr bool loads_activations(int warp) const {
        return warp == 4 * (chunk_group << (2 - chunk_shift));
    }
};
/// The part of warp `warp` of 16. Rows beyond the last are the last again.
constexpr ItemPart item_part(const ProductArguments& a, int row_groups, const WorkItem& item, int warp) {
    const int row_bytes = a.weights.chunks * tile_bytes, last = tile_rows_seen(a.weights) - 1;
    const int warpgroup = warp / 4, shift = row_groups == 1 ? 2 : (row_groups == 2 ? 1 : 0);
    const int row_group = row_groups == 3 ? warpgroup % 3 : warpgroup & (row_groups - 1);
    const bool spare = row_groups == 3 && warpgroup == 3;  // three row groups leave a warpgroup without chunks
    const int chunk_group = spare ? 0 : warpgroup >> (2 - shift);
    const int index = 8 * (item.row_tile * row_groups + row_group) + 2 * (warp % 4);
    const int upper = tile_row_of(a.weights, std::min(index, last), item.matrix),
              lower = tile_row_of(a.weights, std::min(index + 1, last), item.matrix);
    ItemPart part{};
    part.weights = upper * row_bytes + chunk_group * tile_bytes;
    part.to_lower = (lower - upper) * row_bytes;
    part.activations = item.matrix * static_cast<int>(a.activations.output_stride) + item.first_token / 8 * 2048;
    part.chunk_group = static_cast<std::uint8_t>(chunk_group);
    part.chunk_shift = static_cast<std::uint8_t>(shift);
    part.releases = static_cast<std::uint8_t>(row_groups == 3 && warpgroup == 0 ? 2 : 1 << shift);
    part.chunks = static_cast<std::uint8_t>(
        spare ? 0 : std::max(0, (a.weights.chunks - chunk_group + (1 << shift) - 1) >> shift));
    return part;
}

/// The slots of a ring whose phases an item turns round, a bit a slot: chunk c goes to slot c % slots.
constexpr std::uint32_t turned_phases(int chunks, int slots) {
    const int laps = chunks / slots, rest = chunks % slots;
    return ((laps & 1) != 0 ? (std::uint32_t{1} << slots) - 1 : 0U) ^ ((std::uint32_t{1} << rest) - 1);
}

}  // namespace tephra::cuda
