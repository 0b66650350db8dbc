#pragma once
// Step 3 of a stage: a warp multiplies its tiles, which come through a ring of its own.
#include "backends/cuda/decode_worker.cuh"

namespace tephra::cuda {

/// A warp's private ring of tiles. Every lane copies and reads its own 16 bytes, so lanes need no agreement; tiles come
/// in the order in which the stages of all layers and steps will want them.
class TileRing {
public:
    /// Without `active` it holds nothing: the serving warp has no ring.
    __device__ TileRing(const DecodeArguments& a, const DecodeShared& shared, std::uint8_t* memory, bool active)
        : a_(a), shared_(shared), warp_(threadIdx.x / 32), lane_(threadIdx.x % 32) {
        if (!active) {
            step_ = a.steps;
            return;
        }
        base_ = static_cast<std::uint32_t>(__cvta_generic_to_shared(memory)) +
                static_cast<std::uint32_t>(warp_ * decode_ring_depth * tile_bytes + lane_ * 16);
        // Weights pass once a token: they must not drive parameters and state out of the second-level cache.
        asm("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(policy_));
        enter(mixer_stage);
        for (int i = 0; i < decode_ring_depth; ++i) request();
    }

    /// The next tile, whose place is at once requested again.
    __device__ uint4 next() {
        asm volatile("cp.async.wait_group %0;" ::"n"(decode_ring_depth - 1) : "memory");
        uint4 v;
        asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];"
                     : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                     : "r"(base_ + slot_)
                     : "memory");
        request();
        return v;
    }

private:
    __device__ void request() {
        while (left_ == 0 && step_ < a_.steps) advance();
        if (step_ < a_.steps) {
            asm volatile("cp.async.cg.shared.global.L2::cache_hint [%0], [%1], 16, %2;" ::"r"(base_ + slot_),
                         "l"(from_), "l"(policy_)
                         : "memory");
            from_ += tile_bytes;
            --left_;
        }
        asm volatile("cp.async.commit_group;" ::: "memory");
        slot_ = slot_ + tile_bytes == decode_ring_depth * tile_bytes ? 0 : slot_ + tile_bytes;
    }

    __device__ void advance() {
        if (stage_ == head_stage) {
            ++step_;
            layer_ = 0;
            enter(mixer_stage);
        } else if (stage_ == down_stage) {
            ++layer_;
            enter(layer_ < a_.layers ? mixer_stage : head_stage);
        } else {
            enter(stage_ + 1);
        }
    }

    __device__ void enter(int stage) {
        stage_ = stage;
        const UnitRange range = shared_.ranges[stage][warp_];
        const std::uint8_t* start = a_.tiles[stage];
        if (stage != head_stage) start += layer_ * a_.block_bytes;
        from_ = start + std::uint64_t{range.first} * tile_bytes + lane_ * 16;
        left_ = range.count;
    }

    const DecodeArguments& a_;
    const DecodeShared& shared_;
    int warp_, lane_;
    std::uint64_t policy_ = 0;
    std::uint32_t base_ = 0;
    std::uint32_t slot_ = 0;
    const std::uint8_t* from_ = nullptr;
    std::uint32_t left_ = 0;
    int stage_ = 0, layer_ = 0, step_ = 0;
};

/// The product of four bit planes with their activations, each on its own accumulator: the plane's codes are left where
/// they lie, as multiples of 4^plane. Rows 0-7 of the fragment are the tile's rows with its first 128 columns, rows
/// 8-15 the same rows with the other 128; columns 0-3 of the activations are the first 128, columns 4-7 the others.
__device__ inline void multiply_tile(std::int32_t (&d)[4][4], const uint4& w, const uint4& low, const uint4& high) {
    const std::uint32_t b[8] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
#pragma unroll
    for (int plane = 0; plane < 4; ++plane) {
        const std::uint32_t mask = 0x03030303U << (2 * plane);
        asm("mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
            "{%0, %1, %2, %3};"
            : "+r"(d[plane][0]), "+r"(d[plane][1]), "+r"(d[plane][2]), "+r"(d[plane][3])
            : "r"(w.x & mask), "r"(w.z & mask), "r"(w.y & mask), "r"(w.w & mask), "r"(b[2 * plane]),
              "r"(b[2 * plane + 1]));
    }
}

/// Adds a warp's part of a tile row to the block's accumulators and starts again from zero.
__device__ inline void flush(std::int32_t (&d)[4][4], std::int32_t* row_sums, int lane) {
    std::int32_t sum = 0;
#pragma unroll
    for (int plane = 0; plane < 4; ++plane) {
        sum += (lane % 4 < 2 ? d[plane][0] : d[plane][2]) >> (2 * plane);
        d[plane][0] = d[plane][1] = d[plane][2] = d[plane][3] = 0;
    }
    sum += __shfl_xor_sync(full_warp, sum, 2);
    if (lane % 4 == 0) atomicAdd(row_sums + lane / 4, sum);
}

/// Step 3 of a stage: the warp's range of tiles. Tile row r takes activation vector r % vectors.
__device__ inline void multiply(const DecodeWorker& worker, TileRing& ring, int stage, int chunks, int vectors) {
    const int lane = threadIdx.x % 32;
    const UnitRange range = worker.shared.ranges[stage][threadIdx.x / 32];
    if (range.count == 0) return;
    const auto first = range.first - worker.shared.ranges[stage][0].first;
    unsigned row = first / static_cast<unsigned>(chunks);
    int chunk = static_cast<int>(first - row * static_cast<unsigned>(chunks));
    unsigned vector = vectors == 1 ? 0 : row % 3;
    const int pitch = chunks * (tile_columns / 16);
    const auto* const words = reinterpret_cast<const uint4*>(worker.activations) + lane / 16 * 4 + lane % 4;
    const uint4* b = words + static_cast<int>(vector) * pitch + chunk * (tile_columns / 16);
    std::int32_t d[4][4] = {};
#pragma unroll 1
    for (std::uint32_t left = range.count; left > 0; --left) {
        const uint4 w = ring.next();
        multiply_tile(d, w, b[0], b[8]);
        b += tile_columns / 16;
        if (++chunk == chunks || left == 1) {
            flush(d, worker.sums() + row * tile_rows, lane);
            chunk = 0;
            ++row;
            vector = vector + 1 == static_cast<unsigned>(vectors) ? 0 : vector + 1;
            b = words + static_cast<int>(vector) * pitch;
        }
    }
}

}  // namespace tephra::cuda
