#pragma once
// Products of the step kernel. Bulk copies bring activations into a ring in shared memory; each warp copies the weights
// of its own rows, the first of them before the activations are made.
#include "backends/cuda/async.cuh"
#include "backends/cuda/finish.cuh"
#include "backends/cuda/layout.hpp"
#include "backends/cuda/product_ring.cuh"
#include "backends/cuda/step_finish.cuh"
#include "backends/cuda/step_norm.cuh"

namespace tephra::cuda {

inline constexpr int weights_ahead = 4;  ///< chunks whose weights are on their way or there
inline constexpr int weight_bytes = step_threads / 32 * weights_ahead * 2 * tile_bytes;
inline constexpr int ring_bytes = step_shared_bytes - weight_bytes;
static_assert(4 * 64 * kept_pitch * 4 <= gains_at && gains_at <= ring_bytes, "sums lie where nothing is brought ahead");

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)

/// Activations of items of `tokens` tokens, a chunk a place.
template <int tokens>
struct StepRing {
    static constexpr int place_bytes = tokens * tile_columns;
    static constexpr int places = ring_bytes / place_bytes;
    std::uint32_t data, barriers;

    /// A place by the number of places used before it.
    struct Place {
        std::uint32_t data, full, empty;
        unsigned round;
    };
    __device__ Place at(unsigned position) const {
        const unsigned k = position % places;
        return {data + k * place_bytes, barriers + 16 * k, barriers + 16 * k + 8, position / places};
    }
    __device__ void init() const {
        for (unsigned k = 0; k < places; ++k) {
            barrier_init(at(k).full, 1);
            barrier_init(at(k).empty, step_threads / 32);
        }
        barrier_init_fence();
    }
};

template <int tokens>
__device__ inline int items_of(const ProductArguments& a, int row_groups) {
    return ceil_div(tile_rows_seen(a.weights), 8 * row_groups) * (a.weights.matrices == 3 ? 3 : 1) *
           ceil_div(a.tokens, tokens);
}
template <int tokens>
__device__ inline WorkItem item_at(const ProductArguments& a, int row_groups, int index) {
    const int tiles = ceil_div(tile_rows_seen(a.weights), 8 * row_groups), rest = index / tiles;
    const int token_tiles = ceil_div(a.tokens, tokens);
    return {rest / token_tiles, index % tiles, rest % token_tiles * tokens};
}

/// The weights of a warp's 16 rows. A lane copies what it will read itself, so nobody else needs to know.
class WeightLine {
public:
    /// memory: where this lane's first 16 bytes go.
    __device__ void open(const ProductArguments& a, int row_groups, const WarpgroupShare& share, const WorkItem& item,
                         std::uint32_t memory) {
        const auto row_bytes = static_cast<std::size_t>(a.weights.chunks) * tile_bytes;
        const int seen = tile_rows_seen(a.weights) - 1;
        const int index = 8 * (item.row_tile * row_groups + share.row_group) + 2 * share.warp;
        const auto line = [&](int row) {
            return a.weights.tiles + tile_row_of(a.weights, min(row, seen), item.matrix) * row_bytes +
                   static_cast<std::size_t>(share.chunk_group) * tile_bytes + 16 * share.lane;
        };
        upper_ = line(index);
        lower_ = line(index + 1);
        every_ = share.chunk_groups * tile_bytes;
        left_ = count_ = share.chunks(a.weights.chunks);
        memory_ = memory;
#pragma unroll 1
        for (int i = 0; i < weights_ahead; ++i) fetch(i);
    }
    [[nodiscard]] __device__ int count() const {
        return count_;
    }
    /// The warp's chunk i, in order.
    __device__ void take(int i, uint4& upper, uint4& lower) {
        asm volatile("cp.async.wait_group %0;" ::"n"(weights_ahead - 1) : "memory");
        upper = load_shared(place(i));
        lower = load_shared(place(i) + tile_bytes);
        fetch(i);
    }

private:
    /// Brings the next chunk into the place of chunk i.
    __device__ void fetch(int i) {
        if (left_ > 0) {
            copy(place(i), upper_);
            copy(place(i) + tile_bytes, lower_);
            upper_ += every_;
            lower_ += every_;
            --left_;
        }
        asm volatile("cp.async.commit_group;" ::: "memory");  // one a chunk, so that counting them tells which came
    }
    [[nodiscard]] __device__ std::uint32_t place(int i) const {
        return memory_ + static_cast<unsigned>(i) % weights_ahead * (2 * tile_bytes);
    }
    __device__ static void copy(std::uint32_t to, const std::uint8_t* from) {
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(from) : "memory");
    }
    const std::uint8_t *upper_, *lower_;
    int every_, count_, left_;
    std::uint32_t memory_;
};

/// Brings the activations of an item's chunks, as far as they are asked for; one warp.
template <int tokens>
class Supply {
public:
    __device__ Supply(const ProductArguments& a, const WorkItem& item, unsigned position)
        : from_(a.activations.q + item.matrix * a.activations.output_stride +
                static_cast<std::size_t>(item.first_token / 8) * 2048),
          every_(static_cast<std::size_t>(a.activations.tokens / 8) * 2048),
          position_(position),
          chunks_(a.weights.chunks) {}
    /// Chunks before `end`, one a lane; waits for their places.
    __device__ void until(const StepRing<tokens>& ring, int end, int lane) {
        end = min(end, chunks_);
        if (end <= next_) return;
#pragma unroll 1
        for (int chunk = next_ + lane; chunk < end; chunk += 32) {
            const auto place = ring.at(position_ + chunk);
            if (place.round > 0) barrier_wait_local(place.empty, (place.round - 1) & 1);
            barrier_expect(place.full, tokens * tile_columns);
            bulk_copy(place.data, from_ + chunk * every_, tokens * tile_columns, place.full);
        }
        next_ = end;
        __syncwarp();
    }

private:
    const std::int8_t* from_;
    std::size_t every_;
    unsigned position_;
    int chunks_, next_ = 0;
};

/// All warps see every chunk come, also those of others: a barrier tells a phase only from the one before.
template <int tokens>
__device__ inline void pass(const StepRing<tokens>& ring, unsigned position, int lane) {
    const auto place = ring.at(position);
    barrier_wait_local(place.full, place.round & 1);
    if (lane == 0) barrier_arrive(place.empty);
}

/// A warpgroup's sums over its chunks.
template <int tokens>
__device__ __forceinline__ void multiply_item(const StepRing<tokens>& ring, unsigned position, Supply<tokens>& supply,
                                              int chunks, const WarpgroupShare& share, WeightLine& line,
                                              std::int32_t (&sums)[tokens / 2]) {
    std::uint32_t a[2][2][4];
    int next = 0;            // chunk not seen yet
    std::uint32_t held = 0;  // `empty` of the place whose multiplication may still run
    const int count = line.count();
    const bool supplies = share.thread < 32;
    if (supplies) supply.until(ring, StepRing<tokens>::places, share.lane);
#pragma unroll 1
    for (int i = 0; i < count; ++i) {
        const int chunk = share.chunk_group + i * share.chunk_groups;
#pragma unroll 1
        for (; next < chunk; ++next) pass(ring, position + next, share.lane);
        ++next;
        uint4 upper, lower;
        line.take(i, upper, lower);
        const auto place = ring.at(position + chunk);
        barrier_wait_local(place.full, place.round & 1);
        multiply_chunk<tokens>(upper, lower, activation_descriptor(place.data), a, sums, [&] {
            if (held != 0 && share.lane == 0) barrier_arrive(held);
        });
        held = place.empty;
        // This warp has left the places of chunks before, and soon all will have.
        const int every = share.chunk_groups;
        if (supplies) supply.until(ring, chunk + 1 + max(every, StepRing<tokens>::places - 2 * every), share.lane);
    }
    finish_chunks();
    if (held != 0 && share.lane == 0) barrier_arrive(held);
#pragma unroll 1
    for (; next < chunks; ++next) pass(ring, position + next, share.lane);
}

/// What the threads of a block share.
template <int width>
struct StepRoom {
    ReadyState tokens[width];
    int items[stage_count];
    WorkItem first[stage_count];  ///< of this block
    std::int32_t* kept;           ///< sums: [warpgroup][token][row]; where the ring is
    SharedTables tables;
};

/// A stage's product, whose meeting the block has arrived at; position: places of the ring used before.
template <int tokens>
__device__ __forceinline__ void multiply_stage(int stage, const ProductArguments& a, int row_groups,
                                               const StepRing<tokens>& ring, unsigned& position, StepRoom<tokens>& room,
                                               std::uint64_t* best, Meeting& meeting) {
    const WarpgroupShare share(row_groups);
    const std::uint32_t weights =
        ring.data + ring_bytes + share.thread / 32 * (weights_ahead * 2 * tile_bytes) + 16 * share.lane;
    WeightLine line;
    int index = static_cast<int>(blockIdx.x);
    const int items = room.items[stage];
    WorkItem item = room.first[stage];
    if (index < items) line.open(a, row_groups, share, item, weights);
    meeting.wait();
    if (share.thread < 32) show_to_copies();
#pragma unroll 1
    while (index < items) {
        Supply<tokens> supply(a, item, position);
        const int token = item.first_token + share.thread - 32;
        if (share.thread >= 32 && share.thread < 32 + tokens && token < a.tokens) {  // not of the warp that supplies
            const int at = item.matrix * a.activations.tokens + token;
            const auto bits = __ldcg(reinterpret_cast<const unsigned*>(a.activations.dequantize + at));
            room.tokens[share.thread - 32] =
                ready_state({static_cast<std::uint16_t>(bits), static_cast<std::int16_t>(bits >> 16)},
                            __ldcg(a.activations.sums + at));
        }
        std::int32_t sums[tokens / 2] = {};
        multiply_item<tokens>(ring, position, supply, a.weights.chunks, share, line, sums);
        position += a.weights.chunks;
        __syncthreads();  // the ring is read to its end
        keep_sums<tokens>(room.kept, share, sums);
        const WorkItem done = item;
        index += static_cast<int>(gridDim.x);
        if (index < items) {
            item = item_at<tokens>(a, row_groups, index);
            line.open(a, row_groups, share, item, weights);
        }
        __syncthreads();
        if (stage == mixer_stage)
            finish_kept<Finish::states, tokens>(a, done, row_groups, share.thread, room.kept, room.tokens,
                                                room.tables.sigmoids);
        else if (stage == head_stage)
            choose_kept<tokens>(a, done, row_groups, share.thread, room.kept, room.tokens, best);
        else if (stage == gate_stage)
            finish_kept<Finish::unit, tokens>(a, done, row_groups, share.thread, room.kept, room.tokens,
                                              room.tables.sigmoids);
        else
            finish_kept<Finish::residual, tokens>(a, done, row_groups, share.thread, room.kept, room.tokens,
                                                  room.tables.sigmoids);
        if (index >= items) break;
        release_to_copies();
        __syncthreads();  // the kept sums and the tokens are read to their end
    }
}

#endif

}  // namespace tephra::cuda
