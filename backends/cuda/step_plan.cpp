#include <algorithm>

#include "backends/cuda/layout.hpp"
#include "backends/cuda/step.hpp"

namespace tephra::cuda {
namespace {

/// Clocks of a 64-row, 32-column product of a multiprocessor whose weights come from registers, as measured.
int product_clocks(int width) {
    return width == 16 ? 20 : (width == 32 ? 23 : 32);
}

/// Clocks of a stage by items of 64 row_groups rows and `width` tokens.
long stage_clocks(const StageView& weights, int tokens, int multiprocessors, int width, int row_groups) {
    constexpr int bytes_a_clock = 24;  // from the second-level cache, when all multiprocessors read
    const bool three = weights.matrices == 3;
    const int rows = weights.padded_packs * (three ? 1 : weights.matrices), chunk_groups = 4 / row_groups;
    const long items = long{ceil_div(rows, 8 * row_groups)} * (three ? 3 : 1) * ceil_div(tokens, width);
    const long rounds = (items + multiprocessors - 1) / multiprocessors;
    const long steps = long{ceil_div(weights.chunks, chunk_groups)} * chunk_groups * 8 * row_groups;
    const long bytes = long{weights.chunks} * (width * 256 + (rounds > 1 ? row_groups * 4096 : 0));
    const long rest = 2500 + row_groups * 64 * width * 2 / 5;  // until the first activations come, and to finish
    return rounds * (std::max(steps * product_clocks(width), bytes / bytes_a_clock) + rest);
}

}  // namespace

StepPlan plan_step(const BlockView& block, const StageView& head, int tokens, int multiprocessors) {
    const StageView* const stages[stage_count] = {&block.mixer, &block.output, &block.gate, &block.down, &head};
    StepPlan best;
    long least = 0;
    for (const int width : {16, 32, 64}) {
        if (width > padded_tokens(tokens)) continue;
        StepPlan plan;
        plan.tokens = width;
        long clocks = 0;
        for (int stage = 0; stage < stage_count; ++stage) {
            const auto of = [&](int row_groups) {
                return stage_clocks(*stages[stage], tokens, multiprocessors, width, row_groups);
            };
            int& chosen = plan.row_groups[stage];
            for (const int row_groups : {2, 3, 4})
                if (of(row_groups) < of(chosen)) chosen = row_groups;
            if (stage != head_stage) clocks += of(chosen);
        }
        if (least == 0 || clocks < least) {
            least = clocks;
            best = plan;
        }
    }
    return best;
}

}  // namespace tephra::cuda
