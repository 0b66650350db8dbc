#include "backends/fpga/engine.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "backends/fpga/image.hpp"
#include "backends/fpga/tap_collector.hpp"

namespace tephra {
namespace {

using namespace fpga;

/// Streams go through the core in groups of as many as it has; the state of the group that ran last stands in the core.
class SimulatedEngine final : public RtlEngine {
public:
    SimulatedEngine(std::shared_ptr<const Deployment> model, const RtlEngineOptions& options,
                    std::unique_ptr<SimulatedCore> core, Image image)
        : model_(std::move(model)),
          options_(options),
          core_(std::move(core)),
          image_(std::move(image)),
          memory_(image_.data, image_.units, options.memory),
          taps_(model_->graph.config, core_->shape().streams),
          h_(static_cast<std::size_t>(options.streams), std::vector<std::int32_t>(state_size())),
          logits_(vocabulary() * width()),
          choices_(static_cast<std::size_t>(options.streams)) {
        for (std::size_t s = 0; s < width(); ++s) core_->write_h(static_cast<int>(s), h_[0]);
    }

    [[nodiscard]] std::string name() const override { return "rtl"; }
    [[nodiscard]] int streams() const override { return options_.streams; }
    [[nodiscard]] const CoreShape& shape() const override { return core_->shape(); }
    [[nodiscard]] TokenCycles cycles() const override { return cycles_; }
    [[nodiscard]] std::span<const std::int32_t> choices() const override { return choices_; }

    Result<void> decode(std::span<const std::int32_t> ids, std::span<std::int32_t> logits) override {
        if (auto ok = check_decode(config(), streams(), ids, logits.size()); !ok) return ok;
        for (std::size_t begin = 0; begin < ids.size(); begin += width()) {
            const auto group = ids.subspan(begin, std::min(width(), ids.size() - begin));
            std::uint64_t active = 0;
            for (std::size_t s = 0; s < group.size(); ++s) active |= std::uint64_t{1} << s;
            if (auto ok = step(begin / width(), active, group, !logits.empty()); !ok) return ok;
            for (std::size_t s = 0; s < group.size() && !logits.empty(); ++s)
                copy_logits(s, logits.subspan((begin + s) * vocabulary(), vocabulary()));
        }
        return {};
    }

    Result<void> prefill(int stream, std::span<const std::int32_t> ids, Logits which,
                         std::span<std::int32_t> logits) override {
        if (auto ok = check_prefill(config(), streams(), stream, ids, which, logits.size()); !ok) return ok;
        const auto number = static_cast<std::size_t>(stream);
        const std::size_t slot = number % width();
        std::vector<std::int32_t> group(width());
        for (std::size_t t = 0; t < ids.size(); ++t) {
            const bool wanted =
                !logits.empty() && (which == Logits::all || (which == Logits::last && t + 1 == ids.size()));
            group[slot] = ids[t];
            if (auto ok = step(number / width(), std::uint64_t{1} << slot, group, wanted); !ok) return ok;
            if (wanted) copy_logits(slot, logits.subspan(which == Logits::all ? t * vocabulary() : 0, vocabulary()));
        }
        return {};
    }

    Result<void> read_state(int stream, std::span<std::int32_t> h) const override {
        if (auto ok = check_state(config(), streams(), stream, h.size()); !ok) return ok;
        const auto number = static_cast<std::size_t>(stream);
        if (number / width() == resident_)
            core_->read_h(static_cast<int>(number % width()), h);
        else
            std::ranges::copy(h_[number], h.begin());
        return {};
    }

    Result<void> write_state(int stream, std::span<const std::int32_t> h) override {
        if (auto ok = check_new_state(config(), streams(), stream, h); !ok) return ok;
        const auto number = static_cast<std::size_t>(stream);
        if (number / width() == resident_)
            core_->write_h(static_cast<int>(number % width()), h);
        else
            h_[number].assign(h.begin(), h.end());
        return {};
    }

    void set_tap(Tap tap) override { tap_ = std::move(tap); }

private:
    [[nodiscard]] const ModelConfig& config() const { return model_->graph.config; }
    [[nodiscard]] std::size_t vocabulary() const { return static_cast<std::size_t>(config().vocab_size); }
    [[nodiscard]] std::size_t state_size() const {
        return static_cast<std::size_t>(config().num_layers) * static_cast<std::size_t>(config().hidden_size);
    }
    /// Streams of the core.
    [[nodiscard]] std::size_t width() const { return static_cast<std::size_t>(core_->shape().streams); }

    void make_resident(std::size_t group) {
        if (group == resident_) return;
        for (std::size_t s = 0; s < width(); ++s) {
            const std::size_t before = resident_ * width() + s, after = group * width() + s;
            if (before < h_.size()) core_->read_h(static_cast<int>(s), h_[before]);
            if (after < h_.size()) core_->write_h(static_cast<int>(s), h_[after]);
        }
        resident_ = group;
    }

    Result<void> step(std::size_t group, std::uint64_t active, std::span<const std::int32_t> ids, bool logits);

    void copy_logits(std::size_t slot, std::span<std::int32_t> out) const {
        for (std::size_t v = 0; v < out.size(); ++v) out[v] = logits_[v * width() + slot];
    }

    std::shared_ptr<const Deployment> model_;
    RtlEngineOptions options_;
    std::unique_ptr<SimulatedCore> core_;
    Image image_;
    MemoryModel memory_;
    TapCollector taps_;
    std::vector<std::vector<std::int32_t>> h_;  ///< [streams][L x d], stale for the resident group
    std::size_t resident_ = 0;
    std::vector<std::int32_t> logits_;  ///< [V x streams of the core]
    std::vector<std::int32_t> choices_;
    TokenCycles cycles_;
    Tap tap_;
};

Result<void> SimulatedEngine::step(std::size_t group, std::uint64_t active, std::span<const std::int32_t> ids,
                                   bool logits) {
    make_resident(group);
    std::vector<std::int32_t> all(ids.begin(), ids.end());
    all.resize(width());
    std::vector<std::int32_t> choice(width());
    if (tap_) taps_.clear();
    // Ten times what a memory of one word in ten cycles would need: past it the core is stuck.
    constexpr std::uint64_t slack = 100;
    const TokenRequest request{.ids = all,
                               .active = active,
                               .head = logits ? HeadMode::logits : HeadMode::none,
                               .cycle_limit = slack * (image_.words() + std::uint64_t{1'000'000}),
                               .host_pause = options_.host_pause,
                               .observer = tap_ ? &taps_ : nullptr};
    const auto cycles = core_->run(request, memory_, logits ? std::span(logits_) : std::span<std::int32_t>(), choice);
    if (!cycles) return tl::unexpected(cycles.error());
    cycles_ = *cycles;
    int embedded = 0;
    for (std::size_t s = 0; s < width(); ++s) {
        if ((active >> s & 1) == 0) continue;
        if (logits) choices_[group * width() + s] = choice[s];
        if (tap_) taps_.show(tap_, static_cast<int>(group * width() + s), static_cast<int>(s), embedded++);
    }
    return {};
}

/// The core for these options: the fewest streams that hold them all, else the most, of the lanes that are wanted.
Result<std::size_t> choose_core(const RtlEngineOptions& options) {
    const auto shapes = built_shapes();
    if (shapes.empty())
        return fail(ErrorCode::device, "this program was built without the RTL core", "rtl",
                    "engines here: native, golden; install verilator and build again for rtl");
    std::string lanes;
    const CoreShape* best = nullptr;
    const auto better = [&](const CoreShape& shape) {
        if (best == nullptr) return true;
        if (options.lanes == 0 && shape.lanes != best->lanes) return shape.lanes > best->lanes;
        const bool holds = shape.streams >= options.streams, held = best->streams >= options.streams;
        if (holds != held) return holds;
        return holds ? shape.streams < best->streams : shape.streams > best->streams;
    };
    for (const CoreShape& shape : shapes) {
        const std::string number = std::to_string(shape.lanes);
        if ((" " + lanes + ",").find(" " + number + ",") == std::string::npos)
            lanes += (lanes.empty() ? "" : ", ") + number;
        if ((options.lanes == 0 || shape.lanes == options.lanes) && better(shape)) best = &shape;
    }
    if (best == nullptr)
        return fail(ErrorCode::usage, "no core of " + std::to_string(options.lanes) + " lanes was built", "--rtl-lanes",
                    "lanes that were: " + lanes);
    return static_cast<std::size_t>(best - shapes.data());
}

}  // namespace

Result<std::unique_ptr<RtlEngine>> make_rtl_engine(std::shared_ptr<const Deployment> model,
                                                   const RtlEngineOptions& options) {
    if (auto good = check_options({options.streams, 1}); !good) return tl::unexpected(good.error());
    const auto choice = choose_core(options);
    if (!choice) return tl::unexpected(choice.error());
    auto image = pack_image(*model, built_shapes()[*choice]);
    if (!image) return tl::unexpected(image.error());
    return std::make_unique<SimulatedEngine>(std::move(model), options, make_core(*choice), std::move(*image));
}

}  // namespace tephra
