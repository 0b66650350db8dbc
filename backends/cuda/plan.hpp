#pragma once
// The launch plan of the persistent decode kernel: how many blocks, and which rows of each stage are whose.
#include <cstddef>
#include <optional>

#include "backends/cuda/layout.hpp"

namespace tephra::cuda {

/// Warps that multiply; one more warp computes scales meanwhile.
inline constexpr int decode_warps = 16;
inline constexpr int decode_threads = 32 * (decode_warps + 1);
/// Vectors must fit the registers of the multiplying threads.
inline constexpr int decode_max_hidden = 2 * 4 * 32 * decode_warps;
inline constexpr int decode_max_intermediate = 4 * 4 * 32 * decode_warps;
/// Tiles that each warp holds or has on the way from memory: about one block of the 2.7B model ahead.
inline constexpr int decode_ring_depth = 20;

enum DecodeStage : int { mixer_stage, output_stage, gate_stage, down_stage, head_stage, decode_stages };

/// Packs [first, first + count) of a stage.
struct Share {
    int first = 0;
    int count = 0;
};

/// Share of block `block` of `blocks`: contiguous, and the blocks shift, shift + 1, ... get one pack more where the
/// division leaves a rest. Rotating the shift from stage to stage evens out what each block reads.
constexpr Share share_of(int packs, int blocks, int shift, int block) {
    const int position = (block + blocks - shift) % blocks;
    const int least = packs / blocks, rest = packs % blocks;
    return {position * least + (position < rest ? position : rest), least + (position < rest ? 1 : 0)};
}

struct DecodePlan {
    int blocks = 0;
    int shift[decode_stages] = {};
    int activation_bytes = 0;  ///< of the widest stage
    int accumulators = 0;      ///< of the block with most rows
    std::size_t shared_bytes = 0;
};

/// Plan for a device, or none where the model does not fit the kernel: every block must own rows of every stage (a
/// block without work could be overtaken), and vectors and rings must fit. `stages` in the order of DecodeStage.
std::optional<DecodePlan> plan_decode(const StageShape (&stages)[decode_stages], int multiprocessors,
                                      std::size_t shared_limit);

}  // namespace tephra::cuda
