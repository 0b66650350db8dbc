#include <algorithm>
#include <utility>

#include "backends/cuda/layout.hpp"
#include "backends/cuda/step/step.hpp"
#include "backends/cuda/timings.hpp"

namespace tephra::cuda {
namespace {

using Timings = H100Timings;

/// Clocks of a 64-row, 32-column product of a multiprocessor whose weights come from registers.
int product_clocks(int width) {
    return width == 16 ? Timings::product_clocks_16
                       : (width == 32 ? Timings::product_clocks_32 : Timings::product_clocks_64);
}

/// Clocks of a stage by such items, without what does not depend on them.
long stage_clocks(const StageView& weights, int tokens, int multiprocessors, const StepTile& tile) {
    const int chunk_groups = 4 / tile.row_groups;
    const long rounds = ceil_div(items_of(weights, tokens, tile), multiprocessors);
    const long chunks = ceil_div(weights.chunks, chunk_groups);  // of a warpgroup
    const long multiply = chunks * chunk_groups * 8 * tile.row_groups * product_clocks(tile.tokens);
    const long load =
        long{weights.chunks} * (tile.tokens * 256 + tile.row_groups * 4096) / Timings::operand_bytes_a_clock;
    return rounds * (std::max({multiply, chunks * Timings::clocks_a_chunk, load}) + Timings::clocks_an_item +
                     long{Timings::clocks_a_sum} * tile.row_groups * tile.tokens);
}

}  // namespace

bool step_fits(const BlockView& block, const StageView& head) {
    const auto bytes = [](const StageView& stage) {
        return std::int64_t{stage.padded_packs} * stage.matrices * stage.chunks * tile_bytes;
    };
    for (const StageView* stage : {&block.mixer, &block.output, &block.gate, &block.down, &head})
        if (bytes(*stage) > step_most_weight_bytes) return false;
    for (const NormView& norm : block.norms)
        if (norm.size > step_widest || (1 + norm.outputs) * round_up(norm.size, tile_columns) * 2 > step_gains_bytes)
            return false;
    return true;
}

StepPlan plan_step(const BlockView& block, const StageView& head, int tokens, int multiprocessors) {
    const StageView* const stages[stage_count] = {&block.mixer, &block.output, &block.gate, &block.down, &head};
    StepPlan best;
    long least = 0;
    for (const auto& [narrow, wide] : {std::pair{16, 32}, {16, 64}, {32, 64}}) {
        StepPlan plan{narrow, wide, {}};
        long all = 0;
        for (int stage = 0; stage < stage_count; ++stage) {
            long clocks = 0;
            for (const int width : {narrow, wide}) {
                if (width > padded_tokens(tokens)) continue;
                for (const int row_groups : {1, 2, 3, 4}) {
                    const StepTile tile{width, row_groups};
                    if (!has_slots(tile)) continue;
                    const long of = stage_clocks(*stages[stage], tokens, multiprocessors, tile);
                    if (clocks != 0 && of >= clocks) continue;
                    clocks = of;
                    plan.tiles[stage] = tile;
                }
            }
            if (stage != head_stage) all += clocks;
        }
        if (all == 0 || (least != 0 && all >= least)) continue;
        least = all;
        best = plan;
    }
    return best;
}

}  // namespace tephra::cuda
