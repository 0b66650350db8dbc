#include "backends/cuda/plan.hpp"

#include <algorithm>

namespace tephra::cuda {

std::optional<DecodePlan> plan_decode(const StageShape (&stages)[decode_stages], int multiprocessors,
                                      std::size_t shared_limit) {
    if (stages[gate_stage].cols > decode_max_hidden || stages[down_stage].cols > decode_max_intermediate) return {};
    DecodePlan plan;
    plan.blocks = multiprocessors;
    for (const StageShape& stage : stages) plan.blocks = std::min(plan.blocks, stage.packs());
    if (plan.blocks < 1) return {};
    int shift = 0;
    for (int s = 0; s < decode_stages; ++s) {
        const StageShape& stage = stages[s];
        plan.shift[s] = shift;
        shift = (shift + stage.packs() % plan.blocks) % plan.blocks;
        const int activations = (s == mixer_stage ? 3 : 1) * stage.chunks() * tile_columns;
        plan.activation_bytes = std::max(plan.activation_bytes, activations);
        plan.accumulators =
            std::max(plan.accumulators, ceil_div(stage.packs(), plan.blocks) * tile_rows * stage.matrices);
    }
    constexpr std::size_t fixed = 4096;  // statistics, ranges and the views of two blocks
    constexpr std::size_t ring = std::size_t{decode_warps} * decode_ring_depth * tile_bytes;
    plan.shared_bytes = ring + static_cast<std::size_t>(plan.activation_bytes) +
                        2 * sizeof(std::int32_t) * static_cast<std::size_t>(plan.accumulators);
    if (plan.shared_bytes + fixed > shared_limit) return {};
    return plan;
}

}  // namespace tephra::cuda
