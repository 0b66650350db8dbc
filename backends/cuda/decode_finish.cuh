#pragma once
// Step 4 of a stage: what becomes of the sums of a block's rows, published for the stage after.
#include "backends/cuda/decode_worker.cuh"

namespace tephra::cuda {

__device__ inline void finish_mixer(const DecodeWorker& worker, const BlockView& view, std::int32_t* h,
                                    std::uint32_t version) {
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
                states[m] = state_of(sums[m * tile_rows] - worker.shared.activation_sums[worker.parity][m],
                                     worker.shared.states[m]);
            const RecurrenceStep step = recurrence_step(view.recurrence, states[0], states[1],
                                                        i < 32 ? worker.held_bound : view.one_minus_lower[row]);
            const std::int32_t next = advance(i < 32 ? worker.held_state : h[row], step);
            h[row] = next;
            t = mixed(view.recurrence, states[2], next);
            squares += static_cast<std::uint64_t>(multiply_wide(states[2], states[2]));
        }
        store_relaxed(a.exchange.mixed + row, tagged(t, byte_tag(version)));
    }
    squares = reduce_warp(squares);
    if (lane < 2)
        store_relaxed_long(a.exchange.squares + 2 * blockIdx.x + lane, (squares >> (32 * lane)) << 32 | version);
}

__device__ inline void finish_residual(const DecodeWorker& worker, int stage, int rows, int shift,
                                       const std::uint32_t* before, std::uint32_t* after, std::uint32_t version) {
    if (!worker.serves()) return;
    const Share share = worker.share(stage, rows);
    for (int i = threadIdx.x % 32; i < share.count * tile_rows; i += 32) {
        const int row = share.first * tile_rows + i;
        std::int32_t x = 0;
        if (row < rows)
            x = residual(
                i < 32 ? worker.held_state : untagged(load_relaxed_word(before + row)), shift,
                state_of(worker.sums()[i] - worker.shared.activation_sums[worker.parity][0], worker.shared.states[0]));
        store_relaxed(after + row, tagged(x, byte_tag(version)));
    }
}

__device__ inline void finish_unit(const DecodeWorker& worker, const BlockView& view, std::uint32_t version) {
    const Share share = worker.share(gate_stage, view.gate.rows);
    for (int i = threadIdx.x; i < share.count * tile_rows; i += decode_threads) {
        const int row = share.first * tile_rows + i;
        std::int32_t y = 0;
        if (row < view.gate.rows) {
            const std::int32_t* const sums = worker.sums() + i / tile_rows * 2 * tile_rows + i % tile_rows;
            const std::int32_t correction = worker.shared.activation_sums[worker.parity][0];
            const ReadyState& how = worker.shared.states[0];
            y = gated(state_of(sums[0] - correction, how), state_of(sums[tile_rows] - correction, how), view.z_bits,
                      view.y_bits);
        }
        store_relaxed(worker.a.exchange.unit + row, tagged(y, byte_tag(version)));
    }
}

/// The embedded token as the first residual: each block publishes the rows it will own in the down stage.
__device__ inline void publish_embedding(const DecodeWorker& worker, int token, std::uint32_t version) {
    const EmbeddingView& table = worker.a.embedding;
    const Share share = worker.share(down_stage, table.cols);
    for (int i = threadIdx.x; i < share.count * tile_rows; i += decode_threads) {
        const int row = share.first * tile_rows + i;
        const std::int32_t x = row < table.cols ? embedded(table, token, row) : 0;
        store_relaxed(worker.a.exchange.x + row, tagged(x, byte_tag(version)));
    }
}

__device__ inline void finish_head(const DecodeWorker& worker, bool last, std::uint32_t version) {
    const DecodeArguments& a = worker.a;
    const Share share = worker.share(head_stage, a.head.rows);
    std::uint64_t best = 0;
    for (int i = threadIdx.x; i < share.count * tile_rows; i += decode_threads) {
        const int row = share.first * tile_rows + i;
        if (row >= a.head.rows) continue;
        const std::int32_t logit =
            state_of(worker.sums()[i] - worker.shared.activation_sums[worker.parity][0], worker.shared.states[0]);
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
__device__ inline const std::uint32_t* input_of(const ExchangeView& exchange, int stage) {
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
__device__ inline void finish_stage(const DecodeWorker& worker, const BlockView& view, int stage, int layer, bool last,
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

}  // namespace tephra::cuda
