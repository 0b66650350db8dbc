#pragma once
// What the serving warps do. They publish the elements that the block owns of a stage's input. While the others
// multiply, they make the scales of the stage's sums. Then they turn the sums into elements of the next stage's input.
// A lane has one row of a stage. Everything that does not depend on what a step waits for is done before the wait.
#include "backends/cuda/arithmetic/recurrence.cuh"
#include "backends/cuda/decode/exchange.cuh"

namespace tephra::cuda {

class Server {
public:
    __device__ explicit Server(const DecodeWorker& worker)
        : w_(worker),
          a_(worker.a),
          at_(opaque(static_cast<int>(threadIdx.x - multiplying_threads))),
          server_(at_ / 32),
          lane_(at_ % 32) {
        for (int s = 0; s < stage_count; ++s) {
            const Share share = worker.shared.shares[s];
            first_[s] = opaque(share.first * tile_rows);
            rows_[s] = opaque(share.count * tile_rows);
        }
    }

    /// The exchange before stage `stage`, made ready before it is needed.
    template <int stage>
    __device__ Exchange<stage> exchange(Version version) const {
        return Exchange<stage>(w_, server_, lane_, version);
    }

    /// The embedded token as the first residual.
    __device__ void embed(int token) {
        const EmbeddingView& table = a_.embedding;
        fetch_view(0);
        fetch_element<mixer_stage>(view(0).norms[token_norm]);
        x_ = element_.owned && element_.row < table.cols ? embedded(table, token, element_.row) : 0;
        element_.value = x_;
    }

    /// Publishes the block's elements of a stage's input, and prepares everything that the stage needs but its sums.
    template <int stage>
    __device__ void feed(const Exchange<stage>& exchange, int layer, int parity) {
        if (exchange.writes()) exchange.publish(element_);
        arrive<published_barrier, exchange_threads>();
        if (exchange.writes()) exchange.publish_sums(element_);
        fetch<stage>(layer);
        if (makes_rules())
            make_rules<stage>(exchange, layer, parity);
        else
            fetch_next_view<stage>(layer);
    }

    __device__ void finish_mixer(int layer) {
        const BlockView& block = view(layer);
        std::int32_t* const sums = w_.accumulators + at_ / tile_rows * 3 * tile_rows + at_ % tile_rows;
        const GatedRecurrence recurrence(block.recurrence, w_.shared.tables.sigmoids);
        wait_for_sums();
        element_.value = element_.gate = 0;
        if (!element_.owned) return;
        const StateRule of_f = w_.shared.rules[0], of_i = w_.shared.rules[1], of_g = w_.shared.rules[2];
        const std::int32_t f = state_of(read_and_clear(sums), of_f),
                           i = state_of(read_and_clear(sums + tile_rows), of_i),
                           g = state_of(read_and_clear(sums + 2 * tile_rows), of_g);
        const std::int32_t h = advance(h_, recurrence.prepare(f, i, bound_)), t = recurrence.gate(g, h);
        if (element_.row >= a_.embedding.cols) return;
        element_.value = t;
        element_.gate = g;
        *state_ = h;
    }

    template <int stage>
    __device__ void finish_residual(int layer) {
        static_assert(stage == output_stage || stage == down_stage);
        const BlockView& block = view(layer);
        const std::int32_t x = StateShift(stage == output_stage ? block.attended_shift : block.residual_shift)(x_);
        const bool real = element_.owned && element_.row < a_.embedding.cols;
        wait_for_sums();
        const std::int32_t sum = element_.owned ? read_and_clear(w_.accumulators + at_) : 0;
        const std::int32_t state = state_of(sum, w_.shared.rules[0]);
        x_ = real ? clamp24(x + state) : 0;
        element_.value = x_;
    }

    __device__ void finish_unit(int layer) {
        const BlockView& block = view(layer);
        const SigmoidFormat z_format = sigmoid_format(block.z_bits);
        const StateProduct product(2 * block.z_bits - block.y_bits);
        std::int32_t* const sums = w_.accumulators + at_ / tile_rows * 2 * tile_rows + at_ % tile_rows;
        const bool real = element_.row < block.gate.rows;
        wait_for_sums();
        element_.value = 0;
        if (!element_.owned) return;
        const StateRule rule = w_.shared.rules[0];
        const std::int32_t z1 = state_of(read_and_clear(sums), rule),
                           z2 = state_of(read_and_clear(sums + tile_rows), rule);
        const std::int32_t y = product(silu_of(z1, z_format, w_.shared.tables.sigmoids), z2);
        if (real) element_.value = y;
    }

    /// Turns the head's sums into logits; returns the greedy choice where one is wanted.
    __device__ int finish_head(bool last, Version version) const {
        std::uint64_t best = 0;
        wait_for_sums();
        const StateRule rule = w_.shared.rules[0];
        for (int i = at_; i < rows_[head_stage]; i += 32 * serving_warps) {
            const int row = first_[head_stage] + i;
            const std::int32_t logit = state_of(read_and_clear(w_.accumulators + i), rule);
            if (row >= a_.head.rows) continue;
            if (last && a_.logits != nullptr) a_.logits[row] = logit;
            best = max(best, candidate(logit, row));
        }
        __syncwarp();
        return a_.chosen == nullptr ? 0 : choose_token(w_, server_, lane_, best, version);
    }

private:
    __device__ BlockView& view(int layer) const { return w_.shared.views[server_][layer % 2]; }
    /// Whether this warp makes the rules for all: the last, which has least other work.
    __device__ bool makes_rules() const { return server_ == serving_warps - 1; }
    __device__ void wait_for_sums() const {
        if (!makes_rules()) synchronize<rules_barrier, 32 * serving_warps>();
        synchronize<sums_barrier, exchange_threads>();
    }
    /// A sum, which is zero again for the next stage.
    __device__ static std::int32_t read_and_clear(std::int32_t* at) {
        const std::int32_t sum = *at;
        *at = 0;
        return sum;
    }
    /// Loads a layer's view into shared memory.
    __device__ void fetch_view(int layer) const {
        static_assert(sizeof(BlockView) % 4 == 0);
        auto* const to = reinterpret_cast<std::uint32_t*>(&view(layer));
        const auto* const from = reinterpret_cast<const std::uint32_t*>(a_.blocks + layer);
        constexpr int words = ceil_div(static_cast<int>(sizeof(BlockView) / 4), 32);
        std::uint32_t v[words];
#pragma unroll
        for (int i = 0; i < words; ++i)
            v[i] = __ldg(from + min(lane_ + 32 * i, static_cast<int>(sizeof(BlockView) / 4) - 1));
#pragma unroll
        for (int i = 0; i < words; ++i)
            if (lane_ + 32 * i < static_cast<int>(sizeof(BlockView) / 4)) to[lane_ + 32 * i] = v[i];
        __syncwarp();
    }
    template <int stage>
    __device__ void fetch_next_view(int layer) const {
        if constexpr (stage == gate_stage) {
            if (layer + 1 < a_.layers) fetch_view(layer + 1);
        }
    }
    /// The element that the lane will have of the input of stage `stage`, with its gains in the norm before it.
    template <int stage>
    __device__ void fetch_element(const NormView& norm) {
        element_.owned = at_ < rows_[Exchange<stage>::producer];
        element_.row = first_[Exchange<stage>::producer] + (element_.owned ? at_ : 0);
        element_.rms = load_gain(norm.rms_gain + element_.row);
#pragma unroll
        for (int k = 0; k < Exchange<stage>::inputs; ++k) element_.gain[k] = load_gain(norm.gain[k] + element_.row);
    }
    /// Loads what the lane's row of a stage needs beside its sum.
    template <int stage>
    __device__ void fetch(int layer) {
        if constexpr (stage == mixer_stage) {
            fetch_element<output_stage>(view(layer).norms[output_norm]);
            const int d = a_.embedding.cols, row = min(element_.row, d - 1);
            state_ = a_.h + static_cast<std::size_t>(layer) * d + row;
            h_ = *state_;
            bound_ = __ldg(view(layer).one_minus_lower + row);
        } else if constexpr (stage == output_stage) {
            fetch_element<gate_stage>(view(layer).norms[channel_norm]);
        } else if constexpr (stage == gate_stage) {
            fetch_element<down_stage>(view(layer).norms[down_norm]);
        } else if constexpr (stage == down_stage) {
            if (layer + 1 == a_.layers)
                fetch_element<head_stage>(w_.shared.head_norm);
            else
                fetch_element<mixer_stage>(view(layer + 1).norms[token_norm]);
        }
    }

    /// Waits for the statistics of the input and makes the rules by which the stage's sums become states.
    template <int stage>
    __device__ void make_rules(const Exchange<stage>& exchange, int layer, int parity) {
        constexpr int inputs = Exchange<stage>::inputs;
        const NormConstants& norm =
            (stage == head_stage ? w_.shared.head_norm : view(layer).norms[stage % 4]).constants;
        const int mine = min(lane_, inputs - 1);
        const WideScale scale = wide(norm.factor[mine]);
        std::uint64_t sum = 0, second = 0;
        wait_cycles(a_.plan.cycles_to_sums);
        exchange.read_sums(sum, second);
        const WideScale inverse =
            inverse_rms(norm.epsilon, wide(norm.second_epsilon), sum, second, w_.shared.tables.inverse_roots);
        fetch_next_view<stage>(layer);
        synchronize<peaks_barrier, multiplying_threads + 32>();
        const WideScale factor = multiply(scale, wide_scale(w_.shared.peaks[parity][mine]));
        const StateRule rule = state_rule(multiply(factor, inverse));
        if (lane_ < inputs) w_.shared.rules[lane_] = rule;
        if (lane_ < 3) w_.shared.peaks[parity ^ 1][lane_] = 0;  // of the stage before; nobody reads them any more
        __syncwarp();
        arrive<rules_barrier, 32 * serving_warps>();
    }

    const DecodeWorker& w_;
    const DecodeArguments& a_;
    int at_, server_, lane_;
    int first_[stage_count], rows_[stage_count];  ///< of the block
    std::int32_t x_ = 0;                          ///< residual of the lane's row of the output and down stages
    Element element_;
    std::int32_t *state_ = nullptr, h_ = 0, bound_ = 0;  ///< of the mixer's row
};

}  // namespace tephra::cuda
