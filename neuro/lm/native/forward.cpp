#include "neuro/lm/native/forward.hpp"

#include <cassert>

#include "neuro/lm/kernels.hpp"
#include "neuro/lm/native/pass.hpp"

namespace tephra {
namespace {

/// With fewer multiplications between two barriers, one thread is faster than a team; about 10 us of one thread.
constexpr std::size_t min_shared_work = 1'000'000;

}  // namespace

Forward::Forward(std::shared_ptr<const Deployment> model, Team& team, std::size_t max_tokens)
    : model_(std::move(model)),
      team_(team),
      max_tokens_(max_tokens),
      width_(static_cast<std::size_t>(model_->graph.config.hidden_size)),
      wide_(static_cast<std::size_t>(model_->graph.config.intermediate_size)),
      vocabulary_(static_cast<std::size_t>(model_->graph.config.vocab_size)),
      x_(max_tokens * width_),
      t_(max_tokens * width_),
      y_(max_tokens * wide_),
      workers_(static_cast<std::size_t>(team.size())) {
    narrow_.stride = padded_activations(model_->graph.config.hidden_size);
    for (auto& q : narrow_.q) q = AlignedBuffer<std::int8_t>(max_tokens * narrow_.stride);
    broad_.stride = padded_activations(model_->graph.config.intermediate_size);
    broad_.q[0] = AlignedBuffer<std::int8_t>(max_tokens * broad_.stride);
    const std::size_t accumulators = max_tokens * chunk_rows(max_tokens);
    for (Worker& worker : workers_) {
        worker.records.resize(max_tokens);
        worker.scales.resize(max_tokens);
        for (std::size_t k = 0; k < 3; ++k) {
            worker.part_sums[k].resize(max_tokens);
            worker.sums[k].resize(max_tokens);
            worker.accumulators[k] = AlignedBuffer<std::int32_t>(std::max(accumulators, std::size_t{1} << 15));
        }
    }
}

void Forward::run(const Batch& batch, std::span<AlignedBuffer<std::int32_t>> states, const Tap& tap) {
    assert(!batch.ids.empty() && batch.ids.size() <= max_tokens_);
    if (tap && shown_.line.span().empty()) {
        for (auto* narrow : {&shown_.f, &shown_.i, &shown_.g, &shown_.h})
            *narrow = AlignedBuffer<std::int32_t>(max_tokens_ * width_);
        shown_.z = AlignedBuffer<std::int32_t>(max_tokens_ * 2 * wide_);
        shown_.line = AlignedBuffer<std::int32_t>(std::max({width_, 2 * wide_, vocabulary_}));
    }
    const std::size_t work = batch.ids.size() * width_ * (4 * width_ + 3 * wide_) / 4;
    if (work < min_shared_work)
        Pass{*this, batch, states, tap, 0, 1}.run();
    else
        team_.run([&](int index) { Pass{*this, batch, states, tap, index, team_.size()}.run(); });
}

}  // namespace tephra
