// The fast engine: checks its arguments, cuts work into batches and hands them to Forward.
#include <algorithm>

#include "neuro/lm/engine.hpp"
#include "neuro/lm/native/forward.hpp"

namespace tephra {
namespace {

/// Most tokens of a prefill that pass together: enough to hide the weights' way from memory behind their use.
constexpr std::size_t prefill_tokens = 192;

class NativeEngine final : public Engine {
public:
    NativeEngine(std::shared_ptr<const Deployment> model, const EngineOptions& options)
        : model_(std::move(model)),
          team_(options.threads),
          forward_(model_, team_, std::max(prefill_tokens, static_cast<std::size_t>(options.streams))) {
        for (int stream = 0; stream < options.streams; ++stream) states_.emplace_back(state_size());
    }

    [[nodiscard]] std::string name() const override { return "native"; }
    [[nodiscard]] int streams() const override { return static_cast<int>(states_.size()); }

    Result<void> decode(std::span<const std::int32_t> ids, std::span<std::int32_t> logits) override {
        if (auto ok = check_decode(config(), streams(), ids, logits.size()); !ok) return ok;
        if (!ids.empty()) forward_.run({ids, 0, false, 0, logits}, states_, tap_);
        return {};
    }

    Result<void> prefill(int stream, std::span<const std::int32_t> ids, Logits which,
                         std::span<std::int32_t> logits) override {
        if (auto ok = check_prefill(config(), streams(), stream, ids, which, logits.size()); !ok) return ok;
        const bool all = which == Logits::all;
        const std::size_t passes = (ids.size() + prefill_tokens - 1) / prefill_tokens;
        // Of nearly equal length: a short one would use the weights less.
        for (std::size_t pass = 0; pass < passes; ++pass) {
            const std::size_t begin = ids.size() * pass / passes, end = ids.size() * (pass + 1) / passes;
            Batch batch{ids.subspan(begin, end - begin), stream, true, 0, {}};
            const bool at_end = pass + 1 == passes;
            if (!logits.empty() && all) {
                batch.logits = logits.subspan(begin * vocabulary(), batch.ids.size() * vocabulary());
            } else if (!logits.empty() && at_end) {
                batch.first_logits = batch.ids.size() - 1;
                batch.logits = logits;
            }
            forward_.run(batch, states_, tap_);
        }
        return {};
    }

    Result<void> read_state(int stream, std::span<std::int32_t> h) const override {
        if (auto ok = check_state(config(), streams(), stream, h.size()); !ok) return ok;
        const std::span<const std::int32_t> state = states_[static_cast<std::size_t>(stream)].span();
        std::copy(state.begin(), state.end(), h.begin());
        return {};
    }

    Result<void> write_state(int stream, std::span<const std::int32_t> h) override {
        if (auto ok = check_new_state(config(), streams(), stream, h); !ok) return ok;
        std::copy(h.begin(), h.end(), states_[static_cast<std::size_t>(stream)].span().begin());
        return {};
    }

    void set_tap(Tap tap) override { tap_ = std::move(tap); }

private:
    [[nodiscard]] const ModelConfig& config() const { return model_->graph.config; }
    [[nodiscard]] std::size_t state_size() const {
        return model_->graph.blocks.size() * static_cast<std::size_t>(model_->graph.config.hidden_size);
    }
    [[nodiscard]] std::size_t vocabulary() const { return static_cast<std::size_t>(model_->graph.config.vocab_size); }

    std::shared_ptr<const Deployment> model_;
    Team team_;
    Forward forward_;
    std::vector<AlignedBuffer<std::int32_t>> states_;  ///< [streams][L x d]
    Tap tap_;
};

}  // namespace

Result<std::unique_ptr<Engine>> make_native_engine(std::shared_ptr<const Deployment> model,
                                                   const EngineOptions& options) {
    if (auto good = check_options(options); !good) return tl::unexpected(good.error());
    return with_threads(
        [&]() -> Result<std::unique_ptr<Engine>> { return std::make_unique<NativeEngine>(std::move(model), options); });
}

}  // namespace tephra
