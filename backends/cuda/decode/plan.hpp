#pragma once
// The launch plan of the persistent decode kernel: how many blocks, and which rows of each stage are whose.
#include <cstddef>
#include <optional>

#include "backends/cuda/layout.hpp"

namespace tephra::cuda {

/// Warps that multiply. Serving warps make scales, turn sums into states and publish them. One more warp requests
/// weights.
inline constexpr int decode_warps = 12;
inline constexpr int serving_warps = 3;
inline constexpr int decode_threads = 32 * (decode_warps + serving_warps + 1);
/// Quads of columns that a multiplying thread loads at most: three vectors of 3,072 columns for the mixer, one of
/// 9,216.
inline constexpr int decode_most_quads = 6;
/// A lane of one warp reads what four blocks published, so that one load of a warp reads all.
inline constexpr int decode_max_blocks = 128;
/// Tiles that a multiplying warp holds in registers.
inline constexpr int decode_held_tiles = 12;
/// A warp's ring of tiles in shared memory is as long as there is room, within these.
inline constexpr int decode_least_ring = 2 * decode_held_tiles, decode_longest_ring = 40;
/// Bytes from one 256-column chunk of bit planes in shared memory to the next: eight planes of two bits a column. Odd
/// chunks begin on the other half of the banks, so that threads of two chunks store to different ones.
inline constexpr int plane_chunk_bytes = 512 + 64;
/// Bytes of shared memory that the kernel takes beside what the plan counts.
inline constexpr std::size_t decode_fixed_shared = 11264;

/// Packs [first, first + count) of a stage.
struct Share {
    int first = 0;
    int count = 0;
};

/// Share of block `block` of `blocks`: contiguous, and the blocks shift, shift + 1, ... get one pack more where the
/// division leaves a rest. Shifts that differ from stage to stage even out what each block reads.
constexpr Share share_of(int packs, int blocks, int shift, int block) {
    const int position = (block + blocks - shift) % blocks;
    const int least = packs / blocks, rest = packs % blocks;
    return {position * least + (position < rest ? position : rest), least + (position < rest ? 1 : 0)};
}

struct DecodePlan {
    int blocks = 0;          ///< a multiple of 4
    int cycles_to_sums = 0;  ///< from storing a block's sums of squares to the first poll for all of them
    int shift[stage_count] = {};
    int writers[stage_count] = {};  ///< serving warps of a block that publish the input of a stage
    int ring_tiles = 0;             ///< of each multiplying warp
    int activation_bytes = 0;       ///< of the widest stage, as bit planes
    int accumulators = 0;           ///< of the block with most rows
    std::size_t shared_bytes = 0;
};

/// Plan for a device, or none where the model does not fit the kernel: every block must own rows of every stage (a
/// block without work could be overtaken) but not more than its serving warps have lanes, and activations and rings
/// must fit. `stages` in the order of Stage.
std::optional<DecodePlan> plan_decode(const StageShape (&stages)[stage_count], int multiprocessors,
                                      std::size_t shared_limit);

}  // namespace tephra::cuda
