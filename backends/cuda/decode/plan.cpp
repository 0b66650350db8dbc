#include "backends/cuda/decode/plan.hpp"

#include <algorithm>

#include "backends/cuda/timings.hpp"

namespace tephra::cuda {

std::optional<DecodePlan> plan_decode(const StageShape (&stages)[stage_count], int multiprocessors,
                                      std::size_t shared_limit) {
    DecodePlan plan;
    // Fewer blocks exchange vectors faster, more blocks multiply faster. Two packs of the residual per block was
    // fastest; small models have fewer.
    const int wanted = std::max(H100Timings::few_blocks, round_up(ceil_div(stages[output_stage].packs(), 2), 4));
    plan.blocks = std::min({multiprocessors, wanted, decode_max_blocks});
    for (const StageShape& stage : stages) plan.blocks = std::min(plan.blocks, stage.packs());
    plan.blocks -= plan.blocks % 4;
    if (plan.blocks < 4) return {};
    plan.cycles_to_sums =
        plan.blocks <= H100Timings::few_blocks ? H100Timings::cycles_to_sums_few : H100Timings::cycles_to_sums_many;
    const auto most_rows = [&](int stage) { return ceil_div(stages[stage].packs(), plan.blocks) * tile_rows; };
    if (most_rows(down_stage) > 32 || most_rows(gate_stage) > 32 * serving_warps) return {};
    // The residual stays with the lane that owns its row, so these two stages share their rows alike.
    const int rest = stages[output_stage].packs() % plan.blocks;
    plan.shift[output_stage] = plan.shift[down_stage] = rest;
    plan.shift[gate_stage] = plan.shift[head_stage] = 2 * rest % plan.blocks;
    for (int s = 0; s < stage_count; ++s) {
        const StageShape& stage = stages[s];
        const int inputs = inputs_of(s);
        plan.writers[s] = s == down_stage ? ceil_div(most_rows(gate_stage), 32) : 1;
        if (inputs * stage.chunks() * tile_columns > 4 * 32 * decode_warps * decode_most_quads) return {};
        plan.activation_bytes = std::max(plan.activation_bytes, inputs * stage.chunks() * plane_chunk_bytes);
        plan.accumulators = std::max(plan.accumulators, round_up(most_rows(s) * stage.matrices, 4));
    }
    const std::size_t beside = static_cast<std::size_t>(plan.activation_bytes) +
                               sizeof(std::int32_t) * static_cast<std::size_t>(plan.accumulators);
    constexpr std::size_t row = std::size_t{decode_warps} * tile_bytes;  // one tile of each warp
    if (beside + decode_fixed_shared + row * decode_least_ring > shared_limit) return {};
    plan.ring_tiles =
        std::min(decode_longest_ring, static_cast<int>((shared_limit - beside - decode_fixed_shared) / row));
    plan.shared_bytes = beside + row * static_cast<std::size_t>(plan.ring_tiles);
    return plan;
}

}  // namespace tephra::cuda
