#include "backends/fpga/lockstep.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace tephra::fpga {
namespace {

/// One call of a tap.
struct Seen {
    int stream = 0;
    int block = 0;
    std::string name;
    std::vector<std::int32_t> values;
};

class LockstepEngine final : public Engine {
public:
    LockstepEngine(std::unique_ptr<Engine> device, std::unique_ptr<Engine> reference,
                   std::shared_ptr<const Deployment> model)
        : device_(std::move(device)),
          reference_(std::move(reference)),
          model_(std::move(model)),
          tokens_(static_cast<std::size_t>(device_->streams())) {
        reference_->set_tap([this](int stream, int block, std::string_view name, std::span<const std::int32_t> values) {
            wanted_.push_back({stream, block, std::string(name), {values.begin(), values.end()}});
        });
        device_->set_tap([this](int stream, int block, std::string_view name, std::span<const std::int32_t> values) {
            if (tap_) tap_(stream, block, name, values);
            compare({stream, block, std::string(name), {values.begin(), values.end()}});
        });
    }

    [[nodiscard]] std::string name() const override { return device_->name(); }
    [[nodiscard]] int streams() const override { return device_->streams(); }

    Result<void> decode(std::span<const std::int32_t> ids, std::span<std::int32_t> logits) override {
        std::vector<std::int32_t> wanted(logits.size());
        begin();
        if (auto ok = reference_->decode(ids, wanted); !ok) return ok;
        if (auto ok = device_->decode(ids, logits); !ok) return ok;
        for (std::size_t s = 0; s < ids.size() && fault_.empty(); ++s) compare_state(static_cast<int>(s));
        for (std::size_t s = 0; s < ids.size(); ++s) ++tokens_[s];
        return end(wanted, logits);
    }

    Result<void> prefill(int stream, std::span<const std::int32_t> ids, Logits which,
                         std::span<std::int32_t> logits) override {
        const auto vocabulary = static_cast<std::size_t>(model_->graph.config.vocab_size);
        if (auto ok = check_prefill(model_->graph.config, streams(), stream, ids, which, logits.size()); !ok) return ok;
        for (std::size_t t = 0; t < ids.size(); ++t) {
            const bool here =
                !logits.empty() && (which == Logits::all || (which == Logits::last && t + 1 == ids.size()));
            const auto out = here ? logits.subspan(which == Logits::all ? t * vocabulary : 0, vocabulary)
                                  : std::span<std::int32_t>();
            std::vector<std::int32_t> wanted(out.size());
            const auto id = ids.subspan(t, 1);
            const Logits one = here ? Logits::last : Logits::none;
            begin();
            if (auto ok = reference_->prefill(stream, id, one, wanted); !ok) return ok;
            if (auto ok = device_->prefill(stream, id, one, out); !ok) return ok;
            if (fault_.empty()) compare_state(stream);
            ++tokens_[static_cast<std::size_t>(stream)];
            if (auto ok = end(wanted, out); !ok) return ok;
        }
        return {};
    }

    Result<void> read_state(int stream, std::span<std::int32_t> h) const override {
        return device_->read_state(stream, h);
    }

    Result<void> write_state(int stream, std::span<const std::int32_t> h) override {
        if (auto ok = reference_->write_state(stream, h); !ok) return ok;
        return device_->write_state(stream, h);
    }

    void set_tap(Tap tap) override { tap_ = std::move(tap); }

private:
    void begin() {
        wanted_.clear();
        next_ = 0;
        fault_.clear();
    }

    [[nodiscard]] std::string place(const Seen& seen) const {
        return "token " + std::to_string(tokens_[static_cast<std::size_t>(seen.stream)]) + " of stream " +
               std::to_string(seen.stream) + (seen.block < 0 ? "" : ", block " + std::to_string(seen.block)) + ", " +
               seen.name;
    }

    void compare(const Seen& got) {
        if (!fault_.empty()) return;
        const Seen* want = next_ < wanted_.size() ? &wanted_[next_++] : nullptr;
        if (want == nullptr || want->stream != got.stream || want->block != got.block || want->name != got.name ||
            want->values.size() != got.values.size()) {
            fault_ = place(got) + ": the golden engine shows " +
                     (want == nullptr ? "nothing more"
                                      : place(*want) + " of " + std::to_string(want->values.size()) + " values");
            return;
        }
        for (std::size_t j = 0; j < got.values.size(); ++j)
            if (got.values[j] != want->values[j]) {
                fault_ = place(got) + ", element " + std::to_string(j) + ": " + std::to_string(got.values[j]) +
                         ", the golden engine has " + std::to_string(want->values[j]);
                return;
            }
    }

    void compare_state(int stream) {
        const auto size = static_cast<std::size_t>(model_->graph.config.num_layers) *
                          static_cast<std::size_t>(model_->graph.config.hidden_size);
        Seen got{stream, -1, "state after it", std::vector<std::int32_t>(size)}, want = got;
        if (!device_->read_state(stream, got.values) || !reference_->read_state(stream, want.values)) return;
        const auto differs = std::ranges::mismatch(got.values, want.values);
        if (differs.in1 == got.values.end()) return;
        fault_ = place(got) + ", element " + std::to_string(differs.in1 - got.values.begin()) + ": " +
                 std::to_string(*differs.in1) + ", the golden engine has " + std::to_string(*differs.in2);
    }

    /// What the token showed; `logits` as given back, which must be what the tap showed.
    Result<void> end(std::span<const std::int32_t> wanted, std::span<const std::int32_t> logits) {
        if (fault_.empty() && next_ != wanted_.size()) fault_ = place(wanted_[next_]) + ": the device does not show it";
        const auto differs = std::ranges::mismatch(logits, wanted);
        if (fault_.empty() && differs.in1 != logits.end())
            fault_ = "logit " + std::to_string(differs.in1 - logits.begin()) + ": " + std::to_string(*differs.in1) +
                     ", the golden engine has " + std::to_string(*differs.in2);
        if (fault_.empty()) return {};
        return fail(ErrorCode::comparison_failed, fault_, device_->name());
    }

    std::unique_ptr<Engine> device_, reference_;
    std::shared_ptr<const Deployment> model_;
    std::vector<std::uint64_t> tokens_;  ///< [streams] fed so far
    std::vector<Seen> wanted_;           ///< of this call, in order
    std::size_t next_ = 0;
    std::string fault_;
    Tap tap_;
};

}  // namespace

std::unique_ptr<Engine> make_lockstep_engine(std::unique_ptr<Engine> device, std::unique_ptr<Engine> reference,
                                             std::shared_ptr<const Deployment> model) {
    return std::make_unique<LockstepEngine>(std::move(device), std::move(reference), std::move(model));
}

}  // namespace tephra::fpga
