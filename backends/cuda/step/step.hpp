#pragma once
// One token of each of many streams through all layers in one kernel, with a grid barrier between stages: a stage takes
// microseconds, so that starting a kernel for each would take as long as running it.
#include <cstdint>
#include <limits>

#include "backends/cuda/batch/batch.hpp"
#include "backends/cuda/layout.hpp"
#include "backends/cuda/step/items.hpp"

namespace tephra::cuda {

/// A kernel has code for two widths of items, which all stages share.
struct StepPlan {
    int narrow = 16, wide = 32;  ///< tokens: 16 and 32, 16 and 64 or 32 and 64
    StepTile tiles[stage_count];
};

struct StepArguments {
    const BlockView* blocks;  ///< on the device
    int layers;
    EmbeddingView embedding;
    const std::int32_t* ids;
    int tokens;
    int hidden;
    int stride, wide;                   ///< of rows of hidden and of intermediate states
    std::int32_t *x, *attended, *unit;  ///< [tokens x stride or wide]; x is left as plain states, the others are not
    std::int32_t* mixer;                ///< [3][tokens x stride]
    ActivationView hidden_q, wide_q;    ///< in the same memory; without sums and scales
    std::uint64_t* rules;               ///< [outputs][tokens] by which sums become states (packed_rule)
    std::int32_t* h;                    ///< stream n's at h + n stream_stride
    std::size_t stream_stride;
    StepPlan plan;
    StageView head;
    NormView head_norm;
    std::uint64_t* best;           ///< a word for each token, zero between launches
    std::int32_t* chosen;          ///< the greedy choice of each token; null: x is all that is wanted
    std::uint32_t* barrier_words;  ///< two, of the grid barrier, zero between launches
};

/// Longest vector of a norm that a step takes, and bytes of a norm's gains: what its blocks hold in shared memory.
inline constexpr int step_widest = 8192, step_gains_bytes = 32 * 1024;

/// Bytes of a stage's weights: items find theirs by 32-bit offsets.
inline constexpr std::int64_t step_most_weight_bytes = std::numeric_limits<std::int32_t>::max();

/// The plan whose stages take the shortest on `multiprocessors`, by a count of clocks.
StepPlan plan_step(const BlockView& block, const StageView& head, int tokens, int multiprocessors);

/// Whether the kernel takes blocks and a head of these sizes. Host memory.
bool step_fits(const BlockView& block, const StageView& head);

/// Compute capability 9.0 only; one block on each of the `multiprocessors`.
void launch_step(const StepArguments& arguments, int multiprocessors, Stream stream);

}  // namespace tephra::cuda
