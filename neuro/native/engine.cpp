// The fast engine: checks its arguments, cuts work into batches and hands them to Forward.
#include <algorithm>
#include <cassert>

#include "neuro/engine.hpp"
#include "neuro/native/forward.hpp"

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
        if (ids.size() > states_.size())
            return bad_input("more tokens than streams", "decode", "make the engine with more streams");
        if (auto ok = check(ids, logits.size(), ids.size()); !ok) return ok;
        if (!ids.empty()) forward_.run({ids, 0, false, 0, logits}, states_, tap_);
        return {};
    }

    Result<void> prefill(int stream, std::span<const std::int32_t> ids, Logits which,
                         std::span<std::int32_t> logits) override {
        if (stream < 0 || stream >= streams()) return bad_input("no stream " + std::to_string(stream), "prefill");
        const bool all = which == Logits::all;
        if (which == Logits::none) logits = {};
        if (auto ok = check(ids, logits.size(), all ? ids.size() : 1); !ok) return ok;
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
        if (auto ok = check_state(stream, h.size()); !ok) return ok;
        const std::span<const std::int32_t> state = states_[static_cast<std::size_t>(stream)].span();
        std::copy(state.begin(), state.end(), h.begin());
        return {};
    }

    Result<void> write_state(int stream, std::span<const std::int32_t> h) override {
        if (auto ok = check_state(stream, h.size()); !ok) return ok;
        for (const std::int32_t value : h)
            if (value != saturate24(value)) return bad_input("state does not fit 24 bits", "write_state");
        std::copy(h.begin(), h.end(), states_[static_cast<std::size_t>(stream)].span().begin());
        return {};
    }

    void set_tap(Tap tap) override { tap_ = std::move(tap); }

private:
    [[nodiscard]] std::size_t state_size() const {
        return model_->graph.blocks.size() * static_cast<std::size_t>(model_->graph.config.hidden_size);
    }
    [[nodiscard]] std::size_t vocabulary() const { return static_cast<std::size_t>(model_->graph.config.vocab_size); }

    [[nodiscard]] Result<void> check(std::span<const std::int32_t> ids, std::size_t logits, std::size_t rows) const {
        for (const std::int32_t id : ids)
            if (id < 0 || static_cast<std::size_t>(id) >= vocabulary())
                return bad_input("id " + std::to_string(id) + " is not in the vocabulary", "token");
        if (logits != 0 && logits != rows * vocabulary()) return bad_input("logits have another size", "logits");
        return {};
    }
    [[nodiscard]] Result<void> check_state(int stream, std::size_t size) const {
        if (stream < 0 || stream >= streams()) return bad_input("no stream " + std::to_string(stream), "state");
        if (size != state_size()) return bad_input("state has another size", "state");
        return {};
    }

    std::shared_ptr<const Deployment> model_;
    Team team_;
    Forward forward_;
    std::vector<AlignedBuffer<std::int32_t>> states_;  ///< [streams][L x d]
    Tap tap_;
};

}  // namespace

std::unique_ptr<Engine> make_native_engine(std::shared_ptr<const Deployment> model, const EngineOptions& options) {
    assert(options.streams >= 1 && options.threads >= 1);
    return std::make_unique<NativeEngine>(std::move(model), options);
}

}  // namespace tephra
