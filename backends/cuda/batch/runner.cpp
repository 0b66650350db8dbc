#include "backends/cuda/batch/runner.hpp"

#include <algorithm>

#include "backends/cuda/timings.hpp"

namespace tephra::cuda {
namespace {

int state_stride(int columns) {
    return round_up(columns, tile_rows);
}

}  // namespace

Result<void> BatchRunner::reserve(int tokens, int logit_rows) {
    const auto n = static_cast<std::size_t>(padded_tokens(std::max(tokens, capacity_)));
    const auto rows = static_cast<std::size_t>(std::max(logit_rows, logit_rows_));
    const auto d = static_cast<std::size_t>(state_stride(config_.hidden_size));
    const auto f = static_cast<std::size_t>(state_stride(config_.intermediate_size));
    const auto hidden = static_cast<std::size_t>(round_up(config_.hidden_size, tile_columns));
    const auto wide = static_cast<std::size_t>(round_up(config_.intermediate_size, tile_columns));
    const auto all = [&](auto... allocations) {
        Result<void> ok;
        static_cast<void>(((ok = allocations(), ok.has_value()) && ...));
        return ok;
    };
    Result<void> ok = prepare_step();
    if (!ok) return ok;
    if (tokens > capacity_) {
        capacity_ = 0;
        ok = all([&] { return ids_.allocate(n); }, [&] { return best_.allocate(n); },
                 [&] { return rules_.allocate(3 * n); }, [&] { return x_.allocate(n * d); },
                 [&] { return attended_.allocate(n * d); }, [&] { return mixer_.allocate(3 * n * d); },
                 [&] { return mixed_.allocate(n * d); }, [&] { return unit_.allocate(n * f); },
                 [&] { return sums_.allocate(3 * n); }, [&] { return dequantize_.allocate(3 * n); },
                 [&] { return q_.allocate(n * std::max(3 * hidden, wide)); });
        if (!ok) return ok;
        capacity_ = static_cast<int>(n);
    }
    if (logit_rows > logit_rows_) {
        logit_rows_ = 0;
        ok = logits_.allocate(rows * static_cast<std::size_t>(config_.vocab_size));
        if (ok) logit_rows_ = static_cast<int>(rows);
    }
    return ok;
}

std::size_t BatchRunner::bytes() const {
    return ids_.bytes() + x_.bytes() + attended_.bytes() + mixer_.bytes() + mixed_.bytes() + unit_.bytes() +
           sums_.bytes() + logits_.bytes() + q_.bytes() + dequantize_.bytes() + grid_barrier_.bytes() + best_.bytes() +
           rules_.bytes();
}

Result<void> BatchRunner::prepare_step() {
    if (!hopper_ || grid_barrier_.size() != 0 || model_.blocks.empty()) return {};
    const auto fits = [&](const BlockView& block) { return step_fits(block, model_.head); };
    if (!std::ranges::all_of(model_.blocks, fits)) return {};
    return grid_barrier_.allocate(2);
}

bool BatchRunner::in_one_kernel(int tokens, const Sequence& sequence, const BatchTap& tap) const {
    return grid_barrier_.size() != 0 && !sequence.along && !tap &&
           tokens <= std::min(H100Timings::most_streams_of_a_step, 2 * multiprocessors_);
}

void BatchRunner::run_step(int tokens, const Sequence& sequence, bool choose, Stream stream) const {
    StepArguments a{};
    a.blocks = model_.device_blocks.data();
    a.layers = config_.num_layers;
    a.embedding = model_.embedding;
    a.ids = ids_.data();
    a.tokens = tokens;
    a.hidden = config_.hidden_size;
    a.stride = state_stride(config_.hidden_size);
    a.wide = state_stride(config_.intermediate_size);
    a.x = x_.data();
    a.attended = attended_.data();
    a.unit = unit_.data();
    a.mixer = mixer_.data();
    a.hidden_q = activations(tokens, config_.hidden_size);
    a.wide_q = activations(tokens, config_.intermediate_size);
    a.rules = rules_.data();
    a.h = sequence.h;
    a.stream_stride = sequence.stream_stride;
    a.plan = plan_step(model_.blocks[0], model_.head, tokens, multiprocessors_);
    a.head = model_.head;
    a.head_norm = model_.head_norm;
    a.best = best_.data();
    a.chosen = choose ? ids_.data() : nullptr;
    a.barrier_words = grid_barrier_.data();
    launch_step(a, multiprocessors_, stream);
}

ActivationView BatchRunner::activations(int tokens, int columns) const {
    const int padded = padded_tokens(tokens);
    return {q_.data(), static_cast<std::size_t>(padded) * static_cast<std::size_t>(round_up(columns, tile_columns)),
            sums_.data(), dequantize_.data(), padded};
}

void BatchRunner::product(Finish finish, const ProductArguments& arguments, Stream stream) const {
    if (hopper_)
        launch_product_wgmma(finish, arguments, stream);
    else
        launch_product_mma(finish, arguments, stream);
}

void BatchRunner::token_mixer(int number, int tokens, const Sequence& sequence, const BatchTap& tap,
                              Stream stream) const {
    const BlockView& block = model_.blocks[static_cast<std::size_t>(number)];
    const int d = config_.hidden_size, stride = state_stride(d);
    const std::size_t plane = static_cast<std::size_t>(tokens) * static_cast<std::size_t>(stride);
    const ActivationView q = activations(tokens, d);
    launch_normalize(block.norms[token_norm], {x_.data(), stride, nullptr, tokens, q}, stream);
    if (tap) {
        tap.activations(number, "q_f", q.q, d);
        tap.activations(number, "q_i", q.q + q.output_stride, d);
        tap.activations(number, "q_g", q.q + 2 * q.output_stride, d);
    }
    ProductArguments mixer{};
    mixer.weights = block.mixer;
    mixer.activations = q;
    mixer.tokens = tokens;
    mixer.out = mixer_.data();
    mixer.stride = stride;
    mixer.matrix_stride = plane;
    product(Finish::states, mixer, stream);
    if (tap) {
        tap.states(number, "f", mixer_.data(), d, stride);
        tap.states(number, "i", mixer_.data() + plane, d, stride);
        tap.states(number, "g", mixer_.data() + 2 * plane, d, stride);
    }
    std::int32_t* const h = sequence.h + static_cast<std::size_t>(number) * static_cast<std::size_t>(d);
    const RecurrenceArguments recurrence{{mixer_.data(), plane, stride},
                                         h,
                                         sequence.stream_stride,
                                         tokens,
                                         sequence.along || tap ? mixed_.data() : nullptr};
    if (sequence.along) {
        launch_recur_along(block, recurrence, stream);
        launch_normalize(block.norms[output_norm], {mixed_.data(), stride, mixer_.data() + 2 * plane, tokens, q},
                         stream);
    } else {
        launch_recur_and_normalize(block, recurrence, q, stream);
    }
    if (tap) {
        tap.states(number, "h", h, d, static_cast<int>(sequence.stream_stride));
        tap.states(number, "t", mixed_.data(), d, stride);
        tap.activations(number, "q_o", q.q, d);
    }
    ProductArguments output = mixer;
    output.weights = block.output;
    output.out = attended_.data();
    output.matrix_stride = 0;
    output.x = x_.data();
    output.shift = block.attended_shift;
    product(Finish::residual, output, stream);
    if (tap) tap.states(number, "x_mid", attended_.data(), d, stride);
}

void BatchRunner::channel_mixer(int number, int tokens, const BatchTap& tap, Stream stream) const {
    const BlockView& block = model_.blocks[static_cast<std::size_t>(number)];
    const int d = config_.hidden_size, stride = state_stride(d);
    const int f = config_.intermediate_size, wide = state_stride(f);
    const ActivationView q = activations(tokens, d);
    launch_normalize(block.norms[channel_norm], {attended_.data(), stride, nullptr, tokens, q}, stream);
    ProductArguments gate{};
    gate.weights = block.gate;
    gate.activations = q;
    gate.tokens = tokens;
    gate.out = unit_.data();
    gate.stride = wide;
    gate.z_bits = block.z_bits;
    gate.y_bits = block.y_bits;
    if (tap) {  // the fused product below does not leave z behind
        tap.activations(number, "q_gate", q.q, d);
        Buffer<std::int32_t> z;
        if (z.allocate(static_cast<std::size_t>(tokens) * static_cast<std::size_t>(2 * f))) {
            ProductArguments states = gate;
            states.out = z.data();
            states.stride = 2 * f;
            product(Finish::states, states, stream);
            tap.states(number, "z", z.data(), 2 * f, 2 * f);
        }
    }
    product(Finish::unit, gate, stream);
    const ActivationView q_down = activations(tokens, f);
    launch_normalize(block.norms[down_norm], {unit_.data(), wide, nullptr, tokens, q_down}, stream);
    if (tap) {
        tap.states(number, "y", unit_.data(), f, wide);
        tap.activations(number, "q_down", q_down.q, f);
    }
    ProductArguments down{};
    down.weights = block.down;
    down.activations = q_down;
    down.tokens = tokens;
    down.out = x_.data();
    down.stride = stride;
    down.x = attended_.data();
    down.shift = block.residual_shift;
    product(Finish::residual, down, stream);
    if (tap) tap.states(number, "x", x_.data(), d, stride);
}

void BatchRunner::run_blocks(int tokens, const Sequence& sequence, const BatchTap& tap, Stream stream) const {
    if (in_one_kernel(tokens, sequence, tap)) return run_step(tokens, sequence, false, stream);
    const int d = config_.hidden_size, stride = state_stride(d);
    launch_embed(model_.embedding, ids_.data(), tokens, x_.data(), stride, stream);
    if (tap) tap.states(-1, "x", x_.data(), d, stride);
    for (int block = 0; block < config_.num_layers; ++block) {
        token_mixer(block, tokens, sequence, tap, stream);
        channel_mixer(block, tokens, tap, stream);
    }
}

void BatchRunner::head(int first, int count, Finish finish, const BatchTap& tap, Stream stream) const {
    const int d = config_.hidden_size, stride = state_stride(d);
    const ActivationView q = activations(count, d);
    const std::int32_t* const x = x_.data() + static_cast<std::size_t>(first) * static_cast<std::size_t>(stride);
    launch_normalize(model_.head_norm, {x, stride, nullptr, count, q}, stream);
    ProductArguments head{};
    head.weights = model_.head;
    head.activations = q;
    head.tokens = count;
    head.out = logits_.data();
    head.stride = config_.vocab_size;
    head.best = best_.data();
    product(finish, head, stream);
    if (tap) {
        tap.activations(-1, "q_head", q.q, d);
        tap.states(-1, "logits", logits_.data(), config_.vocab_size, config_.vocab_size);
    }
}

void BatchRunner::run_head(int first, int count, const BatchTap& tap, Stream stream) const {
    head(first, count, Finish::states, tap, stream);
}

void BatchRunner::run_generation(int tokens, const Sequence& sequence, Stream stream) const {
    if (in_one_kernel(tokens, sequence, {})) return run_step(tokens, sequence, true, stream);
    run_blocks(tokens, sequence, {}, stream);
    if (hopper_ && has_many_tokens(tokens) && config_.vocab_size % 4 == 0) {  // no logits are written
        head(0, tokens, Finish::choose, {}, stream);
        launch_take(best_.data(), tokens, ids(), stream);
    } else {
        head(0, tokens, Finish::states, {}, stream);
        launch_pick(logits(), config_.vocab_size, tokens, ids(), stream);
    }
}

}  // namespace tephra::cuda
