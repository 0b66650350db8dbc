#pragma once
// How weights reach the multiplying warps. One warp requests them for all; each multiplying warp has a ring of its own
// in shared memory. The order of the weights does not depend on activations, so the rings are full before a stage
// begins. No more bytes are under way than the memory's latency asks for: the exchange would queue behind them.
#include "backends/cuda/decode/worker.cuh"
#include "backends/cuda/timings.hpp"

namespace tephra::cuda {

/// What a multiplying warp has released: portions and tiles, modulo 2^16 each.
__device__ inline std::uint32_t released_word(std::uint32_t portions, std::uint32_t tiles) {
    return portions << 16 | (tiles & 0xFFFF);
}

/// Stores in `word`, in shared memory, what the warp has released, by one lane once all lanes have loaded it. The
/// requesting warp may then fill these slots again. Only atomic operations touch the word: racecheck understands them.
__device__ inline void publish_released(std::uint32_t word, std::uint32_t released) {
    asm volatile(
        "{\n"
        ".reg .u32 before;\n"
        "atom.release.cta.shared::cta.exch.b32 before, [%0], %1;\n"
        "}\n" ::"r"(word),
        "r"(released)
        : "memory");
}
__device__ inline std::uint32_t read_released(std::uint32_t word) {
    std::uint32_t released;
    asm volatile("atom.acquire.cta.shared::cta.or.b32 %0, [%1], 0;" : "=r"(released) : "r"(word) : "memory");
    return released;
}

/// The tiles of warp `warp` of a block's share of a stage: as many as those of the other warps, within one.
__device__ inline TileRange range_of(const Share& share, int matrices, int chunks, int inputs, int warp) {
    const int pack = matrices * chunks, tiles = share.count * pack;
    const int begin = tiles * warp / decode_warps, end = tiles * (warp + 1) / decode_warps;
    const int row = begin / chunks, chunk = begin % chunks;
    return {share.first * pack + begin, end - begin, row, chunk, row % inputs * chunks + chunk};
}

/// Makes rings and accumulators empty; before the block's first barrier.
__device__ inline void clear(const DecodeWorker& worker) {
    for (int i = threadIdx.x; i < worker.a.plan.accumulators; i += decode_threads) worker.accumulators[i] = 0;
    if (threadIdx.x < decode_warps) worker.shared.released[threadIdx.x] = 0;
    if (threadIdx.x != 0) return;
    for (auto& of_warp : worker.shared.full)
        for (std::uint64_t& barrier : of_warp) barrier_init(shared_address(&barrier), 1);
    barrier_init_fence();
}

/// The ring of a multiplying warp, read in portions of at most decode_held_tiles tiles.
class TileRing {
public:
    __device__ explicit TileRing(const DecodeWorker& worker)
        : released_(shared_address(&worker.shared.released[threadIdx.x / 32])),
          size_(worker.a.plan.ring_tiles * tile_bytes),
          begin_(shared_address(worker.rings) + threadIdx.x / 32 * size_ + threadIdx.x % 32 * 16),
          barriers_(shared_address(worker.shared.full[threadIdx.x / 32])) {
        at_ = begin_;
    }

    /// Waits for the next portion, of `count` tiles, loads it into registers and releases its slots.
    __device__ void load(uint4 (&tiles)[decode_held_tiles], int count) {
        barrier_wait_local(barriers_ + 8 * (portions_ % portions_ahead), portions_ / portions_ahead % 2);
#pragma unroll
        for (int i = 0; i < decode_held_tiles; ++i) {
            if (i >= count) break;
            asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];"
                         : "=r"(tiles[i].x), "=r"(tiles[i].y), "=r"(tiles[i].z), "=r"(tiles[i].w)
                         : "r"(at_)
                         : "memory");
            at_ += tile_bytes;
            if (at_ == begin_ + size_) at_ = begin_;
        }
        ++portions_;
        tiles_ += count;
        __syncwarp();
        if (threadIdx.x % 32 == 0) publish_released(released_, released_word(portions_, tiles_));
    }

private:
    std::uint32_t released_, size_, begin_, at_, barriers_;
    std::uint32_t portions_ = 0, tiles_ = 0;
};

/// The requesting warp: lane w fills the ring of multiplying warp w.
class WeightStream {
public:
    /// batch: bytes of one batch of requests.
    __device__ explicit WeightStream(const DecodeWorker& worker, int batch = H100Timings::bytes_of_requests)
        : w_(worker), lane_(static_cast<int>(threadIdx.x % 32)), batch_(batch), fills_(lane_ < decode_warps) {
        const int ring = fills_ ? lane_ : 0;
        size_ = w_.a.plan.ring_tiles * tile_bytes;
        begin_ = shared_address(worker.rings) + ring * size_;
        barriers_ = shared_address(worker.shared.full[ring]);
        released_ = shared_address(&worker.shared.released[ring]);
        // Weights pass once a token: they must not drive parameters and state out of the second-level cache.
        asm("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(policy_));
    }

    /// Requests all weights, up to the last token.
    __device__ void run() {
#pragma unroll 1
        for (int step = 0; step < w_.a.steps; ++step) {
#pragma unroll 1
            for (int layer = 0; layer < w_.a.layers; ++layer)
#pragma unroll 1
                for (int stage = mixer_stage; stage < head_stage; ++stage) request_stage(stage, layer);
            request_stage(head_stage, 0);
        }
    }

private:
    __device__ void request_stage(int stage, int layer) {
        const TileRange range = w_.shared.ranges[stage][fills_ ? lane_ : 0];
        const std::uint8_t* from =
            w_.a.tiles[stage] + layer * w_.a.block_bytes + static_cast<std::size_t>(range.first) * tile_bytes;
        int left = fills_ ? range.count : 0;
        const int most = __reduce_max_sync(full_warp, left);
        const int lanes = max(1, batch_ / (max(1, min(most, decode_held_tiles)) * tile_bytes));
#pragma unroll 1
        for (int done = 0; done < most; done += decode_held_tiles) {
            const int count = min(left, decode_held_tiles);
#pragma unroll 1
            for (int first = 0; first < decode_warps; first += lanes) {
                const bool mine = lane_ >= first && lane_ < first + lanes && count > 0;
                wait(mine, count);
                if (mine) request(from, count);
                recent_ = mine;
                __syncwarp();
            }
            from += decode_held_tiles * tile_bytes;
            left -= count;
        }
    }
    /// Waits until all requests but the last batch's are complete, and the rings of the next lanes have room.
    __device__ void wait(bool next, int count) {
        bool waiting = true;
        for (unsigned waits = 0; waiting; trap_if_stuck(waits)) {
            const bool here = recent_ || portions_ == 0 ||
                              barrier_passed(barriers_ + 8 * ((portions_ - 1) % portions_ahead),
                                             (portions_ - 1) / portions_ahead % 2);
            waiting = __any_sync(full_warp, !here || (next && !has_room(count)));
            if (waiting) wait_cycles(H100Timings::cycles_between_polls);
        }
    }
    __device__ bool has_room(int count) const {
        const std::uint32_t released = read_released(released_);
        const std::uint32_t tiles = (tiles_ - released) & 0xFFFF, portions = (portions_ - (released >> 16)) & 0xFFFF;
        return static_cast<int>(tiles) + count <= w_.a.plan.ring_tiles && portions < portions_ahead;
    }
    __device__ void request(const std::uint8_t* from, int count) {
        const std::uint32_t bytes = count * tile_bytes, before = min(bytes, size_ - at_);
        const std::uint32_t barrier = barriers_ + 8 * (portions_ % portions_ahead);
        barrier_expect(barrier, static_cast<int>(bytes));
        copy(at_, from, before, barrier);
        if (before < bytes) copy(0, from + before, bytes - before, barrier);
        at_ = before < bytes ? bytes - before : (at_ + bytes == size_ ? 0 : at_ + bytes);
        ++portions_;
        tiles_ += count;
    }
    __device__ void copy(std::uint32_t to, const std::uint8_t* from, std::uint32_t bytes, std::uint32_t barrier) const {
        asm volatile(
            "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint [%0], [%1], %2, [%3], "
            "%4;" ::"r"(begin_ + to),
            "l"(from), "r"(bytes), "r"(barrier), "l"(policy_)
            : "memory");
    }

    const DecodeWorker& w_;
    int lane_, batch_;
    bool fills_, recent_ = false;
    std::uint32_t size_, begin_, barriers_, released_, at_ = 0;
    std::uint64_t policy_ = 0;
    std::uint32_t portions_ = 0, tiles_ = 0;
};

}  // namespace tephra::cuda
