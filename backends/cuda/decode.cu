// The schedule. Every token passes 4 stages a layer and the head. In a stage each block
//   1. takes the whole input vector from memory as soon as every word of it is there, and gathers its statistics;
//   2. quantizes it into shared memory, while one warp works out the scales;
//   3. multiplies its rows: warps read weights from rings that were filled long before, because the order of the
//   weights
//      does not depend on the activations, and refill them with the weights of later stages;
//   4. finishes its rows and publishes them.
// A published word carries its 24-bit value and an 8-bit tag in one store, so that no fence or barrier lies between
// writer and reader: who sees the tag has the value. A buffer is written again one layer later; by then every block has
// published results that needed the old contents, so nothing that someone still reads is overwritten.
#include "backends/cuda/decode.hpp"
#include "backends/cuda/reduce.cuh"

namespace tephra::cuda {
namespace {

constexpr int compute_threads = 32 * decode_warps;

/// A warp's tiles of a stage.
struct UnitRange {
    std::uint32_t first;  ///< tile of the stage, from the stage's start
    std::uint32_t count;
};

struct Shared {
    BlockView views[2];
    NormView head_norm;
    UnitRange ranges[decode_stages][decode_warps];
    std::uint64_t sum[decode_warps];
    std::uint32_t peak[3][decode_warps];
    std::int32_t activation_sums[2][3];
    Scale dequantize[3];
    unsigned long long best;
    int token;
};
static_assert(sizeof(Shared) <= 4096, "plan_decode keeps 4096 bytes for it");

__device__ inline uint4 load_relaxed(const std::uint32_t* p) {
    uint4 v;
    asm volatile("ld.relaxed.gpu.global.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
                 : "l"(p)
                 : "memory");
    return v;
}
__device__ inline std::uint32_t load_relaxed_word(const std::uint32_t* p) {
    std::uint32_t v;
    asm volatile("ld.relaxed.gpu.global.u32 %0, [%1];" : "=r"(v) : "l"(p) : "memory");
    return v;
}
__device__ inline std::uint64_t load_relaxed_long(const std::uint64_t* p) {
    std::uint64_t v;
    asm volatile("ld.relaxed.gpu.global.u64 %0, [%1];" : "=l"(v) : "l"(p) : "memory");
    return v;
}
__device__ inline void store_relaxed(std::uint32_t* p, std::uint32_t v) {
    asm volatile("st.relaxed.gpu.global.u32 [%0], %1;" ::"l"(p), "r"(v) : "memory");
}
__device__ inline void store_relaxed_long(std::uint64_t* p, std::uint64_t v) {
    asm volatile("st.relaxed.gpu.global.u64 [%0], %1;" ::"l"(p), "l"(v) : "memory");
}

/// A wait that cannot end is a bug of ours: stop the kernel instead of the machine.
__device__ inline void count_wait(unsigned& waits) {
    if (++waits > (1U << 24)) __trap();
}

__device__ inline std::uint32_t tagged(std::int32_t value, std::uint32_t tag) {
    return static_cast<std::uint32_t>(value) << 8 | tag;
}
__device__ inline std::int32_t untagged(std::uint32_t word) {
    return static_cast<std::int32_t>(word) >> 8;
}
__device__ inline std::uint32_t byte_tag(std::uint32_t version) {
    return 1 + version % 255;
}

/// A warp's private ring of tiles. Every lane copies and reads its own 16 bytes, so lanes need no agreement; tiles come
/// in the order in which the stages of all layers and steps will want them.
class Ring {
public:
    /// Without `active` it holds nothing: the serving warp has no ring.
    __device__ Ring(const DecodeArguments& a, const Shared& shared, std::uint8_t* memory, bool active)
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
    const Shared& shared_;
    int warp_, lane_;
    std::uint64_t policy_ = 0;
    std::uint32_t base_ = 0;
    std::uint32_t slot_ = 0;
    const std::uint8_t* from_ = nullptr;
    std::uint32_t left_ = 0;
    int stage_ = 0, layer_ = 0, step_ = 0;
};

/// What a block keeps while it runs.
struct Worker {
    const DecodeArguments& a;
    Shared& shared;
    std::uint8_t* activations;   ///< shared memory
    std::int32_t* accumulators;  ///< shared memory, [2][plan.accumulators]
    int parity;                  ///< which half of the accumulators the stage uses
    /// Of the serving warp: what the rows of its lanes need in step 4, fetched before step 3 has ended.
    std::int32_t held_state = 0, held_bound = 0;

    __device__ bool serves() const { return threadIdx.x >= compute_threads; }
    __device__ Share share(int stage, int rows) const {
        return share_of(ceil_div(rows, tile_rows), a.plan.blocks, a.plan.shift[stage], blockIdx.x);
    }
    __device__ std::int32_t* sums() const { return accumulators + parity * a.plan.accumulators; }
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
__device__ void multiply(const Worker& worker, Ring& ring, int stage, int chunks, int vectors) {
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

/// Place of the word with columns k .. k + 3 in the activations: the two words of each plane of a lane's half together.
__device__ inline int activation_word(int k) {
    const int half = k >> 7 & 1, plane = k >> 5 & 3, high = k >> 4 & 1, t = k >> 2 & 3;
    return (k >> 8) * 64 + (plane >> 1) * 32 + half * 16 + t * 4 + (plane & 1) * 2 + high;
}

/// Step 1: the vector, four words at a time, as soon as all its words carry the tag.
template <int quads>
__device__ inline void take(const std::uint32_t* vector, int size, std::uint32_t tag, int4 (&x)[quads]) {
    const int count = 2 * ceil_div(size, 8);
    bool ready = false;
    for (unsigned waits = 0; !ready; count_wait(waits)) {
        ready = true;
#pragma unroll
        for (int i = 0; i < quads; ++i) {
            const int quad = threadIdx.x + compute_threads * i;
            uint4 v{tag, tag, tag, tag};
            if (quad < count) v = load_relaxed(vector + 4 * quad);
            const std::uint32_t difference = (v.x ^ tag) | (v.y ^ tag) | (v.z ^ tag) | (v.w ^ tag);
            ready = ready && (difference & 0xFFU) == 0;
            x[i] = {untagged(v.x), untagged(v.y), untagged(v.z), untagged(v.w)};
        }
    }
}

/// Sum of the g^2 that all blocks published, by one warp.
__device__ inline std::uint64_t take_squares(const DecodeArguments& a, std::uint32_t tag) {
    std::uint64_t sum = 0;
    for (int block = threadIdx.x % 32; block < a.plan.blocks; block += 32) {
        std::uint64_t low = 0, high = 0;
        for (unsigned waits = 0;; count_wait(waits)) {
            low = load_relaxed_long(a.exchange.squares + 2 * block);
            high = load_relaxed_long(a.exchange.squares + 2 * block + 1);
            if ((low & 0xFFFFFFFFU) == tag && (high & 0xFFFFFFFFU) == tag) break;
        }
        sum += low >> 32 | (high >> 32) << 32;
    }
    return reduce_warp(sum);
}

/// Steps 1 and 2 of a stage for the multiplying warps; between the two barriers the serving warp computes the scales.
template <int outputs, int quads>
__device__ void prepare(const Worker& worker, const NormView& norm, const std::uint32_t* vector, std::uint32_t tag) {
    Shared& shared = worker.shared;
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const int padded = round_up(norm.size, tile_columns) / 4;
    int2 rms[quads], gain[outputs][quads];
#pragma unroll
    for (int i = 0; i < quads; ++i) {
        const int quad = min(static_cast<int>(threadIdx.x) + compute_threads * i, padded - 1);
        rms[i] = __ldg(reinterpret_cast<const int2*>(norm.rms_gain) + quad);
#pragma unroll
        for (int k = 0; k < outputs; ++k) gain[k][i] = __ldg(reinterpret_cast<const int2*>(norm.gain[k]) + quad);
    }
    int4 x[quads];
    take<quads>(vector, norm.size, tag, x);
    std::uint64_t sum = 0;
    std::uint32_t peak[outputs] = {};
#pragma unroll
    for (int i = 0; i < quads; ++i) {
        if (static_cast<int>(threadIdx.x) + compute_threads * i >= padded) continue;  // whole warps
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            sum += energy(state_at(x[i], j), static_cast<std::int16_t>(gain_at(rms[i], j)));
#pragma unroll
            for (int k = 0; k < outputs; ++k) {
                const std::int32_t p = gained(state_at(x[i], j), static_cast<std::int16_t>(gain_at(gain[k][i], j)));
                peak[k] = max(peak[k], static_cast<std::uint32_t>(abs(p)));
            }
        }
    }
    // A lane's sum is below 2^50: two reductions of 26 and 24 bits are exact.
    const std::uint32_t low = __reduce_add_sync(full_warp, static_cast<std::uint32_t>(sum) & 0x3FFFFFFU);
    const std::uint32_t high = __reduce_add_sync(full_warp, static_cast<std::uint32_t>(sum >> 26));
#pragma unroll
    for (int k = 0; k < outputs; ++k) peak[k] = __reduce_max_sync(full_warp, peak[k]);
    if (lane == 0) {
        shared.sum[warp] = (std::uint64_t{high} << 26) + low;
#pragma unroll
        for (int k = 0; k < outputs; ++k) shared.peak[k][warp] = peak[k];
    }
    __syncthreads();
    // Lane k works out the scale of output k.
    std::uint32_t largest = 0;
#pragma unroll
    for (int k = 0; k < outputs; ++k) {
        const std::uint32_t reduced = __reduce_max_sync(full_warp, shared.peak[k][lane % decode_warps]);
        if (lane == k) largest = reduced;
    }
    const Scale mine = quantize_scale(largest);
    auto* const words = reinterpret_cast<std::int32_t*>(worker.activations);
#pragma unroll
    for (int k = 0; k < outputs; ++k) {
        const Scale scale{static_cast<std::uint16_t>(__shfl_sync(full_warp, mine.mantissa, k)),
                          static_cast<std::int16_t>(__shfl_sync(full_warp, mine.exponent, k))};
        std::int32_t total = 0;
#pragma unroll
        for (int i = 0; i < quads; ++i) {
            const int quad = threadIdx.x + compute_threads * i;
            if (quad >= padded) continue;
            const std::int32_t word = quantized_word(x[i], gain[k][i], scale);
            total = __dp4a(word, 0x01010101, total);
            words[k * padded + activation_word(4 * quad)] = word;
        }
        total = __reduce_add_sync(full_warp, total);
        if (lane == 0) atomicAdd(&shared.activation_sums[worker.parity][k], total);
    }
    std::int32_t* const others = worker.accumulators + (worker.parity ^ 1) * worker.a.plan.accumulators;
    for (int i = threadIdx.x; i < worker.a.plan.accumulators; i += compute_threads) others[i] = 0;
    if (threadIdx.x < 3) shared.activation_sums[worker.parity ^ 1][threadIdx.x] = 0;
    asm volatile("bar.sync 1, %0;" ::"n"(compute_threads) : "memory");
}

/// The serving warp's part of prepare.
__device__ void serve_scales(const Worker& worker, const NormView& norm, bool squares, std::uint32_t version) {
    Shared& shared = worker.shared;
    const int lane = threadIdx.x % 32;
    __syncthreads();
    const std::uint64_t second = squares ? take_squares(worker.a, version) : 0;
    const std::uint64_t sum = reduce_warp(lane < decode_warps ? shared.sum[lane] : 0);
    std::uint32_t peak = 0;
    for (int k = 0; k < norm.outputs; ++k) {
        const std::uint32_t largest = __reduce_max_sync(full_warp, shared.peak[k][lane % decode_warps]);
        if (lane == k) peak = largest;
    }
    const Scale inverse = inverse_rms(norm.constants, sum, second);
    if (lane < norm.outputs) shared.dequantize[lane] = dequantize_scale(norm.constants.factor[lane], peak, inverse);
}

/// Fetches what step 4 needs of the rows that the serving lanes will finish: state and bound, or the residual.
__device__ void hold_rows(Worker& worker, const BlockView& view, int stage, int layer) {
    if (stage == gate_stage || stage == head_stage) return;
    const DecodeArguments& a = worker.a;
    const int d = a.embedding.cols;
    const Share share = worker.share(stage, d);
    const int i = threadIdx.x % 32, row = share.first * tile_rows + i;
    if (i >= share.count * tile_rows || row >= d) return;
    if (stage == mixer_stage) {
        worker.held_state = a.h[static_cast<std::size_t>(layer) * d + row];
        worker.held_bound = view.one_minus_lower[row];
    } else {
        worker.held_state =
            untagged(load_relaxed_word((stage == output_stage ? a.exchange.x : a.exchange.attended) + row));
    }
}

/// Runs steps 1 to 3 of a stage; afterwards the sums of the block's rows and the scales are in shared memory.
__device__ void accumulate_stage(Worker& worker, Ring& ring, const BlockView& view, int stage, int layer,
                                 const NormView& norm, const std::uint32_t* vector, std::uint32_t version) {
    if (worker.serves()) {
        hold_rows(worker, view, stage, layer);
        serve_scales(worker, norm, stage == output_stage, version);
    } else {
        if (stage == mixer_stage)
            prepare<3, 2>(worker, norm, vector, byte_tag(version));
        else
            prepare<1, 4>(worker, norm, vector, byte_tag(version));
        multiply(worker, ring, stage, ceil_div(norm.size, tile_columns), norm.outputs);
    }
    __syncthreads();
}

__device__ void finish_mixer(const Worker& worker, const BlockView& view, std::int32_t* h, std::uint32_t version) {
    if (!worker.serves()) return;
    const int lane = threadIdx.x % 32;
    const DecodeArguments& a = worker.a;
    const Share share = worker.share(mixer_stage, view.mixer.rows);
    std::uint64_t squares = 0;
    for (int i = lane; i < share.count * tile_rows; i += 32) {
        const int row = share.first * tile_rows + i;
        std::int32_t t = 0;
        if (row < view.mixer.rows) {
            const std::int32_t* const sums = worker.sums() + i / tile_rows * 3 * tile_rows + i % tile_rows;
            std::int32_t states[3];
#pragma unroll
            for (int m = 0; m < 3; ++m)
                states[m] = device_apply_scale(sums[m * tile_rows] - worker.shared.activation_sums[worker.parity][m],
                                               worker.shared.dequantize[m]);
            const RecurrenceStep step = recurrence_step(view.recurrence, states[0], states[1],
                                                        i < 32 ? worker.held_bound : view.one_minus_lower[row]);
            const std::int32_t next = advance(i < 32 ? worker.held_state : h[row], step);
            h[row] = next;
            t = mixed(view.recurrence, states[2], next);
            squares += static_cast<std::uint64_t>(std::int64_t{states[2]} * states[2]);
        }
        store_relaxed(a.exchange.mixed + row, tagged(t, byte_tag(version)));
    }
    squares = reduce_warp(squares);
    if (lane < 2)
        store_relaxed_long(a.exchange.squares + 2 * blockIdx.x + lane, (squares >> (32 * lane)) << 32 | version);
}

__device__ void finish_residual(const Worker& worker, int stage, int rows, int shift, const std::uint32_t* before,
                                std::uint32_t* after, std::uint32_t version) {
    if (!worker.serves()) return;
    const Share share = worker.share(stage, rows);
    for (int i = threadIdx.x % 32; i < share.count * tile_rows; i += 32) {
        const int row = share.first * tile_rows + i;
        std::int32_t x = 0;
        if (row < rows)
            x = residual(i < 32 ? worker.held_state : untagged(load_relaxed_word(before + row)), shift,
                         worker.sums()[i] - worker.shared.activation_sums[worker.parity][0],
                         worker.shared.dequantize[0]);
        store_relaxed(after + row, tagged(x, byte_tag(version)));
    }
}

__device__ void finish_unit(const Worker& worker, const BlockView& view, std::uint32_t version) {
    const Share share = worker.share(gate_stage, view.gate.rows);
    for (int i = threadIdx.x; i < share.count * tile_rows; i += decode_threads) {
        const int row = share.first * tile_rows + i;
        std::int32_t y = 0;
        if (row < view.gate.rows) {
            const std::int32_t* const sums = worker.sums() + i / tile_rows * 2 * tile_rows + i % tile_rows;
            const std::int32_t correction = worker.shared.activation_sums[worker.parity][0];
            const Scale scale = worker.shared.dequantize[0];
            y = gated(device_apply_scale(sums[0] - correction, scale),
                      device_apply_scale(sums[tile_rows] - correction, scale), view.z_bits, view.y_bits);
        }
        store_relaxed(worker.a.exchange.unit + row, tagged(y, byte_tag(version)));
    }
}

/// The embedded token as the first residual: each block publishes the rows it will own in the down stage.
__device__ void publish_embedding(const Worker& worker, int token, std::uint32_t version) {
    const EmbeddingView& table = worker.a.embedding;
    const Share share = worker.share(down_stage, table.cols);
    for (int i = threadIdx.x; i < share.count * tile_rows; i += decode_threads) {
        const int row = share.first * tile_rows + i;
        const std::int32_t x = row < table.cols ? embedded(table, token, row) : 0;
        store_relaxed(worker.a.exchange.x + row, tagged(x, byte_tag(version)));
    }
}

__device__ void finish_head(const Worker& worker, bool last, std::uint32_t version) {
    const DecodeArguments& a = worker.a;
    const Share share = worker.share(head_stage, a.head.rows);
    std::uint64_t best = 0;
    for (int i = threadIdx.x; i < share.count * tile_rows; i += decode_threads) {
        const int row = share.first * tile_rows + i;
        if (row >= a.head.rows) continue;
        const std::int32_t logit = device_apply_scale(
            worker.sums()[i] - worker.shared.activation_sums[worker.parity][0], worker.shared.dequantize[0]);
        if (last && a.logits != nullptr) a.logits[row] = logit;
        best = max(best, candidate(logit, row));
    }
    if (a.chosen == nullptr) return;
    atomicMax(&worker.shared.best, static_cast<unsigned long long>(best));
    __syncthreads();
    const std::uint64_t tag = 1 + version % 65535;
    if (threadIdx.x == 0) store_relaxed_long(a.exchange.candidates + blockIdx.x, worker.shared.best | tag);
    best = 0;
    for (int block = threadIdx.x; block < a.plan.blocks; block += decode_threads) {
        std::uint64_t theirs = 0;
        for (unsigned waits = 0;; count_wait(waits)) {
            theirs = load_relaxed_long(a.exchange.candidates + block);
            if ((theirs & 0xFFFFU) == tag) break;
        }
        best = max(best, theirs & ~std::uint64_t{0xFFFF});
    }
    if (threadIdx.x < 32 * ceil_div(a.plan.blocks, 32))
        atomicMax(&worker.shared.best, static_cast<unsigned long long>(best));
    __syncthreads();
    const int token = candidate_token(worker.shared.best);
    __syncthreads();
    if (threadIdx.x == 0) {
        worker.shared.token = token;
        worker.shared.best = 0;
    }
    __syncthreads();
}

/// The vector that a stage takes in.
__device__ const std::uint32_t* input_of(const ExchangeView& exchange, int stage) {
    switch (stage) {
        case output_stage:
            return exchange.mixed;
        case gate_stage:
            return exchange.attended;
        case down_stage:
            return exchange.unit;
        default:
            return exchange.x;
    }
}

/// Step 4 of a stage.
__device__ void finish_stage(const Worker& worker, const BlockView& view, int stage, int layer, bool last,
                             std::uint32_t version) {
    const ExchangeView& exchange = worker.a.exchange;
    const int d = worker.a.embedding.cols;
    if (stage == mixer_stage) {
        finish_mixer(worker, view, worker.a.h + static_cast<std::size_t>(layer) * d, version);
    } else if (stage == gate_stage) {
        finish_unit(worker, view, version);
    } else if (stage == head_stage) {
        finish_head(worker, last, version);
    } else {
        const bool attends = stage == output_stage;
        finish_residual(worker, stage, d, attends ? view.attended_shift : view.residual_shift,
                        attends ? exchange.x : exchange.attended, attends ? exchange.attended : exchange.x,
                        attends ? version : version + 1);
    }
}

__device__ void copy_view(BlockView& to, const BlockView& from) {
    static_assert(sizeof(BlockView) % 4 == 0);
    for (unsigned i = threadIdx.x % 32; i < sizeof(BlockView) / 4; i += 32)
        reinterpret_cast<std::uint32_t*>(&to)[i] = reinterpret_cast<const std::uint32_t*>(&from)[i];
}

__device__ StageView stage_of(const DecodeArguments& a, int stage) {
    if (stage == head_stage) return a.head;
    const BlockView& view = a.blocks[0];
    return stage == mixer_stage ? view.mixer
                                : (stage == output_stage ? view.output : (stage == gate_stage ? view.gate : view.down));
}

__device__ void set_up(const Worker& worker) {
    const DecodeArguments& a = worker.a;
    if (threadIdx.x < decode_stages * decode_warps) {
        const int stage = threadIdx.x / decode_warps, warp = threadIdx.x % decode_warps;
        const StageView view = stage_of(a, stage);
        const Share share = worker.share(stage, view.rows);
        const int pack = view.matrices * view.chunks;
        const int tiles = share.count * pack;
        const int begin = tiles * warp / decode_warps, end = tiles * (warp + 1) / decode_warps;
        worker.shared.ranges[stage][warp] = {static_cast<std::uint32_t>(share.first * pack + begin),
                                             static_cast<std::uint32_t>(end - begin)};
    }
    for (int i = threadIdx.x; i < 2 * a.plan.accumulators; i += decode_threads) worker.accumulators[i] = 0;
    if (threadIdx.x < 6) worker.shared.activation_sums[threadIdx.x / 3][threadIdx.x % 3] = 0;
    if (threadIdx.x == 0) {
        worker.shared.best = 0;
        worker.shared.token = *a.first;
        worker.shared.head_norm = a.head_norm;
    }
    if (worker.serves()) copy_view(worker.shared.views[0], a.blocks[0]);
    __syncthreads();
}

__global__ void __launch_bounds__(decode_threads, 1) decode(const __grid_constant__ DecodeArguments a) {
    extern __shared__ __align__(128) std::uint8_t memory[];
    __shared__ Shared shared;
    std::uint8_t* const rings = memory;
    std::uint8_t* const activations = rings + decode_warps * decode_ring_depth * tile_bytes;
    Worker worker{a, shared, activations, reinterpret_cast<std::int32_t*>(activations + a.plan.activation_bytes), 0};
    set_up(worker);
    Ring ring(a, shared, rings, !worker.serves());

    // One loop body for all stages: the code of a stage must stay in the instruction cache.
    std::uint32_t version = a.version;
    int view_parity = 0;
#pragma unroll 1
    for (int step = 0; step < a.steps; ++step) {
        publish_embedding(worker, shared.token, ++version);
#pragma unroll 1
        for (int layer = 0, stage = mixer_stage; stage < decode_stages;) {
            const BlockView& view = shared.views[view_parity];
            const NormView& norm = stage == head_stage ? shared.head_norm : view.norms[stage];
            accumulate_stage(worker, ring, view, stage, layer, norm, input_of(a.exchange, stage), version);
            finish_stage(worker, view, stage, layer, step + 1 == a.steps, version);
            worker.parity ^= 1;
            if (stage == mixer_stage && worker.serves())
                copy_view(shared.views[view_parity ^ 1], a.blocks[layer + 1 < a.layers ? layer + 1 : 0]);
            if (stage == down_stage) {
                view_parity ^= 1;
                ++version;
                ++layer;
                stage = layer < a.layers ? mixer_stage : head_stage;
            } else {
                ++stage;
            }
        }
        if (a.chosen != nullptr && blockIdx.x == 0 && threadIdx.x == 0) a.chosen[step] = shared.token;
    }
    asm volatile("cp.async.wait_all;" ::: "memory");
}

}  // namespace

int launch_decode(const DecodeArguments& arguments, CUstream_st* stream) {
    const auto shared_bytes = arguments.plan.shared_bytes;
    cudaError_t status =
        cudaFuncSetAttribute(decode, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes));
    if (status != cudaSuccess) return status;
    void* parameters[] = {const_cast<DecodeArguments*>(&arguments)};
    return cudaLaunchCooperativeKernel(reinterpret_cast<const void*>(decode),
                                       dim3(static_cast<unsigned>(arguments.plan.blocks)), dim3(decode_threads),
                                       parameters, shared_bytes, stream);
}

}  // namespace tephra::cuda
