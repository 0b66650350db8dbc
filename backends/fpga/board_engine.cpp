#include "backends/fpga/board_engine.hpp"

#include <string>
#include <utility>

#include "backends/fpga/image.hpp"

namespace tephra {
namespace {

using namespace fpga;

class BoardEngine final : public Engine {
public:
    BoardEngine(std::shared_ptr<const Deployment> model, int streams, const CoreShape& shape, BoardLink link)
        : model_(std::move(model)), streams_(streams), shape_(shape), link_(std::move(link)) {}

    [[nodiscard]] std::string name() const override { return "fpga"; }
    [[nodiscard]] int streams() const override { return streams_; }

    Result<void> decode(std::span<const std::int32_t> ids, std::span<std::int32_t> logits) override {
        if (auto ok = check_decode(config(), streams(), ids, logits.size()); !ok) return ok;
        if (ids.empty()) return {};
        std::vector<std::int32_t> all(ids.begin(), ids.end());
        all.resize(static_cast<std::size_t>(shape_.streams));
        const auto active = static_cast<std::uint8_t>((1U << ids.size()) - 1);
        const auto token = step(all, active, !logits.empty());
        if (!token) return tl::unexpected(token.error());
        for (std::size_t s = 0; s < ids.size() && !logits.empty(); ++s)
            copy_logits(*token, s, logits.subspan(s * vocabulary(), vocabulary()));
        return {};
    }

    Result<void> prefill(int stream, std::span<const std::int32_t> ids, Logits which,
                         std::span<std::int32_t> logits) override {
        if (auto ok = check_prefill(config(), streams(), stream, ids, which, logits.size()); !ok) return ok;
        const auto slot = static_cast<std::size_t>(stream);
        std::vector<std::int32_t> all(static_cast<std::size_t>(shape_.streams));
        for (std::size_t t = 0; t < ids.size(); ++t) {
            const bool wanted =
                !logits.empty() && (which == Logits::all || (which == Logits::last && t + 1 == ids.size()));
            all[slot] = ids[t];
            const auto token = step(all, static_cast<std::uint8_t>(1U << slot), wanted);
            if (!token) return tl::unexpected(token.error());
            if (wanted)
                copy_logits(*token, slot, logits.subspan(which == Logits::all ? t * vocabulary() : 0, vocabulary()));
        }
        return {};
    }

    Result<void> read_state(int stream, std::span<std::int32_t> h) const override {
        if (auto ok = check_state(config(), streams(), stream, h.size()); !ok) return ok;
        return link_.read_h(stream, 0, h);
    }

    Result<void> write_state(int stream, std::span<const std::int32_t> h) override {
        if (auto ok = check_new_state(config(), streams(), stream, h); !ok) return ok;
        return link_.write_h(stream, 0, h);
    }

    void set_tap(Tap /*tap*/) override {}

private:
    [[nodiscard]] const ModelConfig& config() const { return model_->graph.config; }
    [[nodiscard]] std::size_t vocabulary() const { return static_cast<std::size_t>(config().vocab_size); }

    Result<BoardToken> step(std::span<const std::int32_t> ids, std::uint8_t active, bool logits) {
        return link_.token(ids, active, logits, logits ? vocabulary() : 0);
    }

    void copy_logits(const BoardToken& token, std::size_t slot, std::span<std::int32_t> out) const {
        const auto width = static_cast<std::size_t>(shape_.streams);
        for (std::size_t v = 0; v < out.size(); ++v) out[v] = token.logits[v * width + slot];
    }

    std::shared_ptr<const Deployment> model_;
    int streams_;
    CoreShape shape_;
    mutable BoardLink link_;  ///< reading a state asks the board
};

}  // namespace

Result<std::unique_ptr<Engine>> make_board_engine(std::shared_ptr<const Deployment> model, const EngineOptions& options,
                                                  std::unique_ptr<Transport> transport) {
    if (auto good = check_options(options); !good) return tl::unexpected(good.error());
    BoardLink link(std::move(transport));
    const auto shape = link.hello();
    if (!shape) return tl::unexpected(shape.error());
    if (options.streams > shape->streams)
        return fail(
            ErrorCode::does_not_fit,
            std::to_string(options.streams) + " streams, the board's core has " + std::to_string(shape->streams),
            "fpga", "give fewer prompts, or build a core of more streams");
    const auto image = pack_image(*model, *shape);
    if (!image) return tl::unexpected(image.error());
    if (auto ok = link.write_memory(0, image->data); !ok) return tl::unexpected(ok.error());
    const ModelConfig& config = model->graph.config;
    const std::vector<std::int32_t> zero(static_cast<std::size_t>(config.num_layers) *
                                         static_cast<std::size_t>(config.hidden_size));
    for (int s = 0; s < options.streams; ++s)
        if (auto ok = link.write_h(s, 0, zero); !ok) return tl::unexpected(ok.error());
    return std::make_unique<BoardEngine>(std::move(model), options.streams, *shape, std::move(link));
}

}  // namespace tephra
