#pragma once
// One token of each of many streams through all blocks in one kernel, whose blocks meet between stages: where a stage
// takes microseconds, starting kernels would take as long as running them.
#include <cstdint>

#include "backends/cuda/batch.hpp"
#include "backends/cuda/layout.hpp"

namespace tephra::cuda {

/// Work items of the products: 64 row_groups rows x `tokens` tokens. Four warpgroups share an item, row_groups of them
/// over its rows and what is left over its columns.
struct StepPlan {
    int tokens = 16;
    int row_groups[stage_count] = {1, 1, 1, 1, 1};
};

struct StepArguments {
    const BlockView* blocks;  ///< on the device
    int layers;
    EmbeddingView embedding;
    const std::int32_t* ids;
    int tokens;
    int hidden, intermediate;           ///< sizes of vectors
    int stride, wide;                   ///< of rows of hidden and of intermediate states
    std::int32_t *x, *attended, *unit;  ///< [tokens x stride or wide]
    std::int32_t* mixer;                ///< [3][tokens x stride]
    ActivationView hidden_q, wide_q;    ///< in the same memory
    std::int32_t* h;                    ///< stream n's at h + n stream_stride
    std::size_t stream_stride;
    StepPlan plan;
    StageView head;
    NormView head_norm;
    std::uint64_t* best;     ///< a word for each token, zero between launches
    std::int32_t* chosen;    ///< the greedy choice of each token; null: x is all that is wanted
    std::uint32_t* meeting;  ///< two words, zero between launches
};

/// Longest vector of a norm that a step takes.
inline constexpr int step_widest = 8192;

/// The plan whose products take the shortest on `multiprocessors`, by a count of clocks.
StepPlan plan_step(const BlockView& block, const StageView& head, int tokens, int multiprocessors);

/// Whether the kernel's arithmetic holds for the formats and sizes of a block. Host memory.
bool step_fits(const BlockView& block);

/// Compute capability 9.0 only; one block on each of the `multiprocessors`.
void launch_step(const StepArguments& arguments, int multiprocessors, Stream stream);

}  // namespace tephra::cuda
