#pragma once
// Steps 1 and 2 of a stage: take the vector that all blocks published, quantize it, work out the scales.
#include "backends/cuda/decode_worker.cuh"

namespace tephra::cuda {

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
__device__ inline void prepare(const DecodeWorker& worker, const NormView& norm, const std::uint32_t* vector,
                               std::uint32_t tag) {
    DecodeShared& shared = worker.shared;
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
    std::int64_t sum = 0;
    std::uint32_t peak[outputs] = {};
    Gained single[outputs == 1 ? quads : 1];  // registers do not hold those of three outputs
#pragma unroll
    for (int i = 0; i < quads; ++i) {
        if (static_cast<int>(threadIdx.x) + compute_threads * i >= padded) continue;  // whole warps
        add_squares(x[i], rms[i], sum);
#pragma unroll
        for (int k = 0; k < outputs; ++k) {
            const Gained all = gained(x[i], gain[k][i]);
            peak[k] = larger(peak[k], all);
            if constexpr (outputs == 1) single[i] = all;
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
        const ReadyScale scale = ready({static_cast<std::uint16_t>(__shfl_sync(full_warp, mine.mantissa, k)),
                                        static_cast<std::int16_t>(__shfl_sync(full_warp, mine.exponent, k))});
        std::int32_t total = 0;
#pragma unroll
        for (int i = 0; i < quads; ++i) {
            const int quad = threadIdx.x + compute_threads * i;
            if (quad >= padded) continue;
            const std::int32_t word = quantized_word(outputs == 1 ? single[i] : gained(x[i], gain[k][i]), scale);
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
__device__ inline void serve_scales(const DecodeWorker& worker, const NormView& norm, bool squares,
                                    std::uint32_t version) {
    DecodeShared& shared = worker.shared;
    const int lane = threadIdx.x % 32;
    const std::uint64_t second = squares ? take_squares(worker.a, version) : 0;  // they come together with the vector
    __syncthreads();
    const std::uint64_t sum = reduce_warp(lane < decode_warps ? shared.sum[lane] : 0);
    std::uint32_t peak = 0;
    for (int k = 0; k < norm.outputs; ++k) {
        const std::uint32_t largest = __reduce_max_sync(full_warp, shared.peak[k][lane % decode_warps]);
        if (lane == k) peak = largest;
    }
    const Scale inverse = inverse_rms(norm.constants, sum, second);
    if (lane < norm.outputs)
        shared.states[lane] = ready_state(dequantize_scale(norm.constants.factor[lane], peak, inverse), 0);
}

/// Fetches what step 4 needs of the rows that the serving lanes will finish: state and bound, or the residual.
__device__ inline void hold_rows(DecodeWorker& worker, const BlockView& view, int stage, int layer) {
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

}  // namespace tephra::cuda
