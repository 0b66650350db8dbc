#pragma once
// The dynamic shared memory of the step kernel:
//   [0, ring_bytes): the ring of activations while a product is made; then its sums. Before, what norms hold, and
//   behind
//                    that, at step_sums_at, what they leave to be added up;
//   [ring_bytes, + step_gains_bytes): the gains of the next norm;
//   [.., + weight_bytes): each warp's weights.
#include <algorithm>

#include "backends/cuda/layout.hpp"
#include "backends/cuda/step/grid_barrier.cuh"
#include "backends/cuda/step/step.hpp"

namespace tephra::cuda {

inline constexpr int step_shared_bytes = 212 * 1024;

/// What a norm holds of a token: its vector, or three outputs of one whose gains fit step_gains_bytes.
inline constexpr int step_held_bytes = std::max(4 * step_widest, 3 * step_gains_bytes / 2);

/// What the threads of a norm leave to be added up during the grid barrier: sums of squares of the vector and of g, and
/// of activations.
struct NormSums {
    std::uint64_t sums[step_threads], squares[step_threads];
    std::int32_t totals[3][step_threads];  ///< [outputs]
};
inline constexpr int step_sums_at = 2 * step_held_bytes;

inline constexpr int weights_ahead = 4;  ///< chunks whose weights are loaded or under way
inline constexpr int weight_bytes = step_warps * weights_ahead * 2 * tile_bytes;

inline constexpr int ring_bytes = step_shared_bytes - weight_bytes - step_gains_bytes;

inline constexpr int kept_pitch = 64 + 4;    ///< of a token's sums, padded against bank conflicts
inline constexpr int step_most_tokens = 64;  ///< of the widest item

static_assert(4 * step_most_tokens * kept_pitch * 4 <= ring_bytes, "the sums fit the ring");
static_assert(step_sums_at + static_cast<int>(sizeof(NormSums)) <= ring_bytes, "and so does what norms leave");

}  // namespace tephra::cuda
