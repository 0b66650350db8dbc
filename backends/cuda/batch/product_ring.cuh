#pragma once
// How the Hopper product moves its operands: a ring in shared memory that bulk copies fill and warpgroups empty.
#include "backends/cuda/batch/batch.hpp"
#include "backends/cuda/batch/finish.cuh"
#include "backends/cuda/hardware/async.cuh"
#include "backends/cuda/hardware/launch.cuh"
#include "backends/cuda/hardware/wgmma.cuh"
#include "backends/cuda/layout.hpp"

namespace tephra::cuda {

/// Work of one block. Two of them share a multiprocessor: one finishes its sums while the other multiplies.
template <int stacked_rows, int stacked_chunks, int width>
struct Shape {
    static constexpr int residents = 2;
    static constexpr int row_groups = stacked_rows;      ///< warpgroups over rows, 64 each
    static constexpr int chunk_groups = stacked_chunks;  ///< warpgroups over chunks
    static constexpr int tokens = width;                 ///< of a block
    static constexpr int consumers = 128 * row_groups * chunk_groups;
    static constexpr int threads = consumers + 32;  ///< and the warp that issues the copies
    static constexpr int tile_rows_held = 8 * row_groups;
    static constexpr int weight_bytes = tile_rows_held * tile_bytes;
    static constexpr int activation_bytes = tokens * tile_columns;
    static constexpr int slot_bytes = weight_bytes + activation_bytes;
    static constexpr int room = 104 * 1024;  ///< for the ring
    /// A slot always serves one warpgroup over chunks: parity alone cannot tell a phase from the one two earlier.
    static constexpr int slots = (room / slot_bytes < 8 ? room / slot_bytes : 8) / chunk_groups * chunk_groups;
    [[maybe_unused]] static constexpr int registers = tokens / 2;  ///< of sums a thread; only Hopper code reads it
    static constexpr int rows = 64 * row_groups;
    static constexpr int row_pitch = rows + 4;
    static constexpr int barriers_at = slots * slot_bytes;
    static constexpr int shared_bytes = barriers_at + 2 * slots * 8;
    static_assert(slots >= 2 && slots * slot_bytes >= 4 * chunk_groups * tokens * row_pitch, "the sums fit the ring");
};
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)

/// Low word of the shared-memory descriptor of activations without swizzle: 128-byte core matrices, 128 bytes apart
/// along the columns, 2048 bytes apart along the tokens.
__device__ inline std::uint32_t activation_descriptor(std::uint32_t address) {
    return (address & 0x3FFFF) >> 4 | (128 >> 4) << 16;
}

template <typename S>
struct Ring {
    std::uint32_t data, full, empty;
    __device__ std::uint32_t weights(int slot) const { return data + slot * S::slot_bytes + S::activation_bytes; }
    __device__ std::uint32_t activations(int slot) const { return data + slot * S::slot_bytes; }
};

/// What this block multiplies: chunks [begin, end) of one matrix; a cluster's blocks divide a tile's chunks if `split`.
struct ChunkRange {
    int matrix;
    int begin, end;
    std::uint32_t rank;  ///< of the block in its cluster
};

template <int split>
__device__ inline ChunkRange chunk_range_of(const StageView& weights) {
    const int z = static_cast<int>(blockIdx.z);
    const int share = z % split;
    return {z / split, weights.chunks * share / split, weights.chunks * (share + 1) / split, cluster_rank()};
}

/// The copying warp: lane l issues tile rows l, the first lane also the activations. Weights depend on nothing, so the
/// first ring of them is on its way before the kernel that makes the activations has ended.
template <typename S>
__device__ void copy_chunks(const ProductArguments& a, const Ring<S>& ring, const ChunkRange& part, int lane) {
    const StageView& weights = a.weights;
    const auto row_bytes = static_cast<std::size_t>(weights.chunks) * tile_bytes;
    const int index = min(static_cast<int>(blockIdx.x) * S::tile_rows_held + lane, tile_rows_seen(weights) - 1);
    const std::uint8_t* from = weights.tiles + tile_row_of(weights, index, part.matrix) * row_bytes;
    const std::int8_t* const q = a.activations.q + part.matrix * a.activations.output_stride;
    const auto copy_weights = [&](int chunk) {
        const int slot = (chunk - part.begin) % S::slots;
        if (lane == 0) barrier_expect(ring.full + 8 * slot, S::slot_bytes);
        __syncwarp();
        if (lane < S::tile_rows_held)
            bulk_copy(ring.weights(slot) + lane * tile_bytes, from + chunk * tile_bytes, tile_bytes,
                      ring.full + 8 * slot);
    };
    const auto copy_activations = [&](int chunk) {
        const int slot = (chunk - part.begin) % S::slots;
        const auto block = static_cast<std::size_t>(chunk) * (a.activations.tokens / 8) + blockIdx.y * (S::tokens / 8);
        if (lane == 0) bulk_copy(ring.activations(slot), q + block * 2048, S::activation_bytes, ring.full + 8 * slot);
    };
    const int ahead = min(part.begin + S::slots, part.end);
    for (int chunk = part.begin; chunk < ahead; ++chunk) copy_weights(chunk);
    wait_for_previous_kernel();
    for (int chunk = part.begin; chunk < ahead; ++chunk) copy_activations(chunk);
    for (int chunk = ahead; chunk < part.end; ++chunk) {
        const int round = (chunk - part.begin) / S::slots, slot = (chunk - part.begin) % S::slots;
        barrier_wait_local(ring.empty + 8 * slot, (round - 1) & 1);
        copy_weights(chunk);
        copy_activations(chunk);
    }
}

__device__ inline uint4 load_shared(std::uint32_t address) {
    uint4 v;
    asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "r"(address));
    return v;
}

/// Adds a chunk's product to a warpgroup's sums, 8 steps of 32 columns: while two steps are multiplied, the next two
/// are unpacked. More steps ahead would not leave room for two blocks' registers. The last steps still run, and read
/// `a`, when it returns. passed(): called when the chunk before is multiplied to its end.
template <int tokens, typename Passed>
__device__ __forceinline__ void multiply_chunk(const uint4& upper, const uint4& lower, std::uint32_t descriptor,
                                               std::uint32_t (&a)[2][2][4], std::int32_t (&sums)[tokens / 2],
                                               const Passed& passed) {
#pragma unroll
    for (int pair = 0; pair < 4; ++pair) {
#pragma unroll
        for (int k = 0; k < 2; ++k) unpack(upper, lower, pair / 2, 2 * pair % 4 + k, a[pair % 2][k]);
        asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#pragma unroll
        for (int k = 0; k < 2; ++k)
            Wgmma<tokens>::multiply_add(sums, a[pair % 2][k], descriptor + (2 * pair + k) * (256 >> 4));
        asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
        asm volatile("wgmma.wait_group.sync.aligned 1;" ::: "memory");
        if (pair == 0) passed();
    }
}

/// Waits for the last steps of multiply_chunk.
__device__ inline void finish_chunks() {
    asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
}

/// A warpgroup's share of the chunks.
template <typename S>
__device__ void multiply_chunks(const Ring<S>& ring, const ChunkRange& part, int row_group, int chunk_group, int warp,
                                int lane, std::int32_t (&sums)[S::registers]) {
    std::uint32_t a[2][2][4];
    const int count = part.end - part.begin;
    int held = count;  // chunk whose slot is not released yet
#pragma unroll 1
    for (int i = chunk_group; i < count; i += S::chunk_groups) {
        const int slot = i % S::slots;
        barrier_wait_local(ring.full + 8 * slot, i / S::slots & 1);
        const std::uint32_t tiles = ring.weights(slot) + (8 * row_group + 2 * warp) * tile_bytes + 16 * lane;
        const uint4 upper = load_shared(tiles), lower = load_shared(tiles + tile_bytes);
        multiply_chunk<S::tokens>(upper, lower, activation_descriptor(ring.activations(slot)), a, sums, [&] {
            const bool again = held + S::slots < count;  // the slot will be filled again
            barrier_arrive_if(again && lane == 0, ring.empty + 8 * (held % S::slots));
        });
        held = i;
    }
    finish_chunks();
}

#endif

}  // namespace tephra::cuda
