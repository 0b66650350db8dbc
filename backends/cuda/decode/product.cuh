#pragma once
// What a multiplying warp does: it quantizes activations into bit planes and multiplies.
//
// The product is of single bits. A weight's code w + 1 is two bits. "Plus", the high one, marks +1; "minus", neither,
// marks -1. An activation is eight bit planes of weight 1, 2, ... 64, -128. One mma.m16n8k256 takes 8 rows' plus bits
// and the same rows' minus bits and counts, for each plane, the columns where both bits are set. So weights go from
// memory to the tensor core without being unpacked, and the 8 planes are the 8 columns of one instruction.
#include <type_traits>

#include "backends/cuda/decode/exchange.cuh"
#include "backends/cuda/decode/weights.cuh"

namespace tephra::cuda {

/// Bits of a in the places of mask, bits of b in the others.
__device__ inline std::uint32_t merge(std::uint32_t a, std::uint32_t b, std::uint32_t mask) {
    return (a & mask) | (b & ~mask);
}

/// Four lanes have four activations each of 16 neighbouring ones; lane k gets planes 2 k (in even bits) and 2 k + 1 (in
/// odd bits): bit 8 b + 2 p (+ 1) is of activation 4 p + b.
__device__ inline std::uint32_t two_planes(std::uint32_t word) {
    const int lane = threadIdx.x % 4;
    const std::uint32_t beside = __shfl_xor_sync(full_warp, word, 1);
    const std::uint32_t pairs =
        lane % 2 == 0 ? merge(word, beside << 2, 0x33333333) : merge(beside >> 2, word, 0x33333333);
    const std::uint32_t across = __shfl_xor_sync(full_warp, pairs, 2);
    return lane < 2 ? merge(pairs, across << 4, 0x0F0F0F0F) : merge(across >> 4, pairs, 0x0F0F0F0F);
}

/// Where plane n of a chunk begins, in bytes. So lanes that store or load together use different banks.
__device__ constexpr int plane_offset(int n) {
    return n / 2 * 64 + n % 2 * 320;
}

/// Where a lane stores bit planes of piece `piece`, 128 columns of all inputs' chunks; lane l has columns 4 l .. of it.
__device__ inline std::uint8_t* planes_at(std::uint8_t* activations, int piece) {
    const int lane = threadIdx.x % 32;
    return activations + piece / 2 * plane_chunk_bytes + piece % 2 * 8 + lane / 16 * 4 + lane / 4 % 4 * 16 +
           plane_offset(2 * (lane % 4));
}
/// to: planes_at; planes: two_planes of four activations of each lane.
__device__ inline void store_planes(std::uint8_t* to, std::uint32_t planes) {
    *reinterpret_cast<std::uint32_t*>(to) = planes & 0x55555555;
    *reinterpret_cast<std::uint32_t*>(to + plane_offset(1)) = planes >> 1 & 0x55555555;
}

/// Loads a thread's quads of columns of a stage's input and writes them as bit planes. Lane k of four ends with planes
/// 2 k and 2 k + 1 of 16 columns. The block's activations are [inputs][chunks] of plane_chunk_bytes: there one load
/// gives lane 4 n + t the four words of plane n, columns 16 t .. of each quarter of a chunk.
class BitPlaneWriter {
public:
    __device__ BitPlaneWriter(const DecodeWorker& worker, int stage, Version version)
        : w_(worker), in_(worker.a.exchanges.stages[stage]), flag_(version.flag(stage)) {
        const int warp = threadIdx.x / 32, pieces = inputs_of(stage) * in_.pitch / 128;
        pieces_ = (pieces - warp + decode_warps - 1) / decode_warps;
        per_input_ = in_.pitch / 128;
        piece_ = warp;
    }

    /// Waits for the words of all its columns; adds their largest magnitudes to the peaks.
    __device__ void load_words(std::uint32_t* peaks, int inputs) {
        for_all_quads([&](auto quads) { load_words_of<decltype(quads)::value>(peaks, inputs); });
    }

    /// Quantizes what it loaded into bit planes.
    __device__ void write_planes(const std::uint32_t* peaks, int inputs) {
        const ActivationScale mine =
            activation_scale(peaks[min(static_cast<int>(threadIdx.x % 32), inputs - 1)], w_.shared.tables.reciprocals);
        for_all_quads([&](auto quads) { write_planes_of<decltype(quads)::value>(mine); });
    }

private:
    /// Calls work(number of quads, known to the compiler). A thread's quads then run side by side, without branches
    /// between them.
    template <typename Work>
    __device__ __forceinline__ void for_all_quads(const Work& work) {
        static_assert(decode_most_quads == 6);
        switch (pieces_) {
            case 1:
                return work(std::integral_constant<int, 1>());
            case 2:
                return work(std::integral_constant<int, 2>());
            case 3:
                return work(std::integral_constant<int, 3>());
            case 4:
                return work(std::integral_constant<int, 4>());
            case 5:
                return work(std::integral_constant<int, 5>());
            case 6:
                return work(std::integral_constant<int, 6>());
            default:
                return;
        }
    }

    /// Input to which piece i of the warp belongs.
    __device__ int input_of(int i) const {
        const int piece = piece_ + decode_warps * i;
        return (piece >= per_input_ ? 1 : 0) + (piece >= 2 * per_input_ ? 1 : 0);
    }

    template <int quads>
    __device__ __forceinline__ void load_words_of(std::uint32_t* peaks, int inputs) {
        const int lane = threadIdx.x % 32;
        const std::uint32_t* const from = in_.p + 128 * piece_ + 4 * lane;
        bool stale[quads];
#pragma unroll
        for (int i = 0; i < quads; ++i) {
            const int column = 128 * (piece_ + decode_warps * i - input_of(i) * per_input_) + 4 * lane;
            v_[i] = {0, 0, 0, 0};
            stale[i] = column < in_.columns;
        }
        bool waiting = true;
        for (unsigned waits = 0; waiting; trap_if_stuck(waits)) {
#pragma unroll
            for (int i = 0; i < quads; ++i)
                if (stale[i]) v_[i] = load_relaxed(from + 128 * decode_warps * i);
            waiting = false;
#pragma unroll
            for (int i = 0; i < quads; ++i) {
                stale[i] = stale[i] &&
                           (((v_[i].x ^ flag_) | (v_[i].y ^ flag_) | (v_[i].z ^ flag_) | (v_[i].w ^ flag_)) & 1) != 0;
                waiting = waiting || stale[i];
            }
        }
        std::uint32_t peak[3] = {};
#pragma unroll
        for (int i = 0; i < quads; ++i) {
            const auto magnitude = [](std::uint32_t word) {
                return static_cast<std::uint32_t>(abs(static_cast<std::int32_t>(word) >> 1));
            };
            const std::uint32_t mine =
                max(max(magnitude(v_[i].x), magnitude(v_[i].y)), max(magnitude(v_[i].z), magnitude(v_[i].w)));
            const int input = input_of(i);
#pragma unroll
            for (int k = 0; k < 3; ++k) peak[k] = max(peak[k], input == k ? mine : 0);
        }
        __syncwarp();
        if (inputs == 1) {
            peak[0] = __reduce_max_sync(full_warp, peak[0]);
            if (lane == 0) atomicMax(peaks, peak[0]);
        } else {
#pragma unroll
            for (int k = 0; k < 3; ++k) peak[k] = __reduce_max_sync(full_warp, peak[k]);
            if (lane < 3) atomicMax(peaks + lane, lane == 0 ? peak[0] : (lane == 1 ? peak[1] : peak[2]));
        }
    }
    /// scale: of input `lane`.
    template <int quads>
    __device__ __forceinline__ void write_planes_of(const ActivationScale& scale) {
        ActivationScale of[3];
#pragma unroll
        for (int k = 0; k < 3; ++k)
            of[k] = {__shfl_sync(full_warp, scale.up, k), __shfl_sync(full_warp, scale.factor, k)};
        std::uint32_t planes[quads];
#pragma unroll
        for (int i = 0; i < quads; ++i) {
            const int input = input_of(i);
            const ActivationScale how = input == 0 ? of[0] : (input == 1 ? of[1] : of[2]);
            const auto half = [](std::uint32_t word) { return static_cast<std::int32_t>(word) >> 1; };
            planes[i] = two_planes(static_cast<std::uint32_t>(
                quantized_word({{half(v_[i].x), half(v_[i].y), half(v_[i].z), half(v_[i].w)}}, how)));
        }
        std::uint8_t* const to = planes_at(w_.activations, piece_);
        static_assert(decode_warps % 2 == 0);
#pragma unroll
        for (int i = 0; i < quads; ++i) store_planes(to + decode_warps / 2 * plane_chunk_bytes * i, planes[i]);
    }

    const DecodeWorker& w_;
    const ExchangeView& in_;
    std::uint32_t flag_;
    int pieces_, per_input_, piece_;
    uint4 v_[decode_most_quads];  ///< 2 p + flag, as published
};

/// Bits set in neither.
__device__ inline std::uint32_t neither(std::uint32_t a, std::uint32_t b) {
    std::uint32_t v;
    asm("lop3.b32 %0, %1, %2, 0, 0x03;" : "=r"(v) : "r"(a), "r"(b));
    return v;
}

__device__ inline void count_bits(std::int32_t (&d)[4], std::uint32_t upper, std::uint32_t next, std::uint32_t b0,
                                  std::uint32_t b1) {
    // A code's high bit falls on an even place, where the planes have theirs; in odd places the planes are 0.
    asm("mma.sync.aligned.m16n8k256.row.col.s32.b1.b1.s32.and.popc {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
        : "r"(upper >> 1), "r"(neither(upper, upper >> 1)), "r"(next >> 1), "r"(neither(next, next >> 1)), "r"(b0),
          "r"(b1));
}

/// A lane's weights of the planes that it counts: columns 2 t and 2 t + 1 of an accumulator.
struct PlaneWeights {
    std::int32_t even, odd;
    __device__ PlaneWeights() : even(1 << (2 * (threadIdx.x % 4))), odd(threadIdx.x % 4 == 3 ? -128 : 2 * even) {}
};

/// Adds a warp's part of 8 rows to the block's sums and starts again from zero. Every lane adds, which is faster than a
/// sum over the warp first.
__device__ inline void flush(std::int32_t (&d)[2][4], std::int32_t* sum, const PlaneWeights& weights) {
    const std::int32_t even = d[0][0] + d[1][0] - d[0][2] - d[1][2], odd = d[0][1] + d[1][1] - d[0][3] - d[1][3];
    atomicAdd(sum, even * weights.even + odd * weights.odd);
#pragma unroll
    for (int k = 0; k < 4; ++k) d[0][k] = d[1][k] = 0;
}

/// A warp's products of its tiles of a stage. Tiles follow each other by rows. So do the activations' chunks, since
/// rows take the inputs in turn; after the last chunk comes the first.
class TileProducts {
public:
    __device__ TileProducts(const DecodeWorker& worker, const TileRange& range, int chunks, int inputs)
        : chunks_(chunks), chunk_(range.chunk) {
        const unsigned lane = threadIdx.x % 32;
        first_ = shared_address(worker.activations) + plane_offset(static_cast<int>(lane / 4)) + 16 * (lane % 4);
        end_ = first_ + inputs * chunks * plane_chunk_bytes;
        input_ = first_ + range.input * plane_chunk_bytes;
        sum_ = worker.accumulators + range.row * tile_rows + lane / 4;
    }
    /// Prepares for the next `count` tiles.
    __device__ void expect(int count) {
        ends_ = 0;
        for (int i = 0; i < count; ++i) {
            if (++chunk_ < chunks_) continue;
            chunk_ = 0;
            ends_ |= 1U << i;
        }
        if (count > 0) ends_ |= 1U << (count - 1);
        partial_ = chunk_ != 0;
        count_ = count;
    }
    /// Multiplies the expected tiles. It loads one chunk more, which it does not use.
    __device__ void run(const uint4 (&tiles)[decode_held_tiles], const PlaneWeights& weights) {
        std::int32_t d[2][4] = {};
        uint4 ahead = load_planes();
#pragma unroll
        for (int i = 0; i < decode_held_tiles; ++i) {
            if (i >= count_) break;
            const uint4 b = ahead, w = tiles[i];
            ahead = load_planes();
            count_bits(d[0], w.x, w.y, b.x, b.y);
            count_bits(d[1], w.z, w.w, b.z, b.w);
            if ((ends_ >> i & 1) == 0) continue;
            flush(d, sum_, weights);
            sum_ += tile_rows;
        }
    }
    /// After a portion that is not the last: steps back to where the next one begins, since run() loaded one chunk
    /// more.
    __device__ void resume() {
        if (partial_) sum_ -= tile_rows;
        input_ = input_ == first_ ? end_ - plane_chunk_bytes : input_ - plane_chunk_bytes;
    }

private:
    __device__ uint4 load_planes() {
        uint4 b;
        asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];"
                     : "=r"(b.x), "=r"(b.y), "=r"(b.z), "=r"(b.w)
                     : "r"(input_));
        input_ += plane_chunk_bytes;
        if (input_ == end_) input_ = first_;
        return b;
    }

    int chunks_, chunk_, count_ = 0;
    bool partial_ = false;
    std::uint32_t first_, end_, input_, ends_ = 0;
    std::int32_t* sum_;
};

/// A multiplying warp's part of a stage. fill() writes the bit planes of the input into the block's activations, by all
/// multiplying warps. Then the warp adds the products of its tiles to the block's sums.
template <typename Fill>
__device__ inline void multiply_stage(const DecodeWorker& worker, TileRing& ring, const TileRange& range, int chunks,
                                      int inputs, const PlaneWeights& weights, const Fill& fill) {
    TileProducts products(worker, range, chunks, inputs);
    uint4 tiles[decode_held_tiles];
    int left = range.count, count = min(left, decode_held_tiles);
    products.expect(count);
    if (count > 0) ring.load(tiles, count);
    fill();
    synchronize<planes_barrier, multiplying_threads>();
    products.run(tiles, weights);
    while (left > count) {
        left -= count;
        products.resume();
        count = min(left, decode_held_tiles);
        products.expect(count);
        ring.load(tiles, count);
        products.run(tiles, weights);
    }
    arrive<sums_barrier, exchange_threads>();
}

}  // namespace tephra::cuda
