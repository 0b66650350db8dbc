#pragma once
// SimulatedCore on a class that Verilator made of tephra_core.sv: pins, clock, one token at a time.
#include <verilated.h>

#include <memory>
#include <type_traits>

#include "backends/fpga/simulated_core.hpp"

namespace tephra::fpga {

/// Pins of any width as units of 32 bits.
template <typename Pin>
void set_pin(Pin& pin, const std::uint32_t* units) {
    if constexpr (std::is_integral_v<Pin>) {
        pin = units[0];
        if constexpr (sizeof(Pin) > 4) pin |= static_cast<Pin>(units[1]) << 32;
    } else {
        for (std::size_t k = 0; k < sizeof(Pin) / 4; ++k) pin[k] = units[k];
    }
}

template <typename Pin>
std::uint32_t pin_bits(const Pin& pin, std::size_t position, std::size_t count) {
    std::uint64_t value = 0;
    if constexpr (std::is_integral_v<Pin>) {
        value = static_cast<std::uint64_t>(pin) >> position;
    } else {
        const std::size_t unit = position / 32, units = sizeof(Pin) / 4;
        value = std::uint64_t{pin[unit]} | (unit + 1 < units ? std::uint64_t{pin[unit + 1]} << 32 : 0);
        value >>= position % 32;
    }
    return static_cast<std::uint32_t>(value & ((std::uint64_t{1} << count) - 1));
}

inline std::int32_t signed_bits(std::uint32_t value, int bits) {
    const std::uint32_t sign = 1U << (bits - 1);
    return static_cast<std::int32_t>((value ^ sign) - sign);
}

template <typename Verilated>
class VerilatedCore final : public SimulatedCore {
public:
    explicit VerilatedCore(const CoreShape& shape) : shape_(shape), top_(std::make_unique<Verilated>(&context_)) {
        reset();
    }
    ~VerilatedCore() override {
        use_context();
        top_->final();
    }

    [[nodiscard]] const CoreShape& shape() const override { return shape_; }

    void reset() override {
        top_->rst_ni = 0;
        top_->token_valid_i = 0;
        top_->logit_ready_i = 0;
        top_->h_write_i = 0;
        top_->command_ready_i = 0;
        top_->data_valid_i = 0;
        for (int n = 0; n < 4; ++n) clock();
        top_->rst_ni = 1;
        clock();
    }

    Result<TokenCycles> run(const TokenRequest& request, MemoryModel& memory, std::span<std::int32_t> logits,
                            std::span<std::int32_t> choice) override;

    void read_h(int stream, std::span<std::int32_t> h) override {
        for (std::size_t j = 0; j < h.size() + 2; ++j) {
            address_h(stream, std::min(j, h.size() - 1));
            clock();
            if (j >= 1 && j - 1 < h.size()) h[j - 1] = signed_bits(static_cast<std::uint32_t>(top_->h_o), 24);
        }
    }

    void write_h(int stream, std::span<const std::int32_t> h) override {
        top_->h_write_i = 1;
        for (std::size_t j = 0; j < h.size(); ++j) {
            address_h(stream, j);
            top_->h_i = static_cast<std::uint32_t>(h[j]) & 0xFFFFFF;
            clock();
        }
        top_->h_write_i = 0;
    }

private:
    void clock() {
        use_context();
        top_->clk_i = 0;
        top_->eval();
        top_->clk_i = 1;
        top_->eval();
    }

    void address_h(int stream, std::size_t j) {
        top_->h_address_i = static_cast<std::uint32_t>(stream) << shape_.h_bits | static_cast<std::uint32_t>(j);
    }

    void observe(CoreObserver& observer) const {
        const auto state = [](std::uint32_t bits) { return signed_bits(bits, 24); };
        if (top_->tap_x_valid_o) observer.embedded(state(top_->tap_x_o));
        if (top_->tap_q_valid_o) observer.activation(signed_bits(top_->tap_q_o, 8));
        if (top_->tap_phase_o) observer.phase();
        if (top_->tap_scaled_valid_o)
            observer.scaled(top_->tap_scaled_kind_o >> 2, top_->tap_scaled_kind_o & 3, state(top_->tap_scaled_o));
        if (top_->tap_h_valid_o) observer.h(state(top_->tap_h_o));
        if (top_->tap_state_valid_o) observer.state(state(top_->tap_state_o));
    }

    /// Verilator asks each thread for a context, and takes the one made last, or one that is gone, where a core works
    /// or ends in another thread than it was made in.
    void use_context() { ::Verilated::threadContextp(&context_); }

    CoreShape shape_;
    VerilatedContext context_;
    std::unique_ptr<Verilated> top_;
};

template <typename Verilated>
Result<TokenCycles> VerilatedCore<Verilated>::run(const TokenRequest& request, MemoryModel& memory,
                                                  std::span<std::int32_t> logits, std::span<std::int32_t> choice) {
    const auto streams = static_cast<std::size_t>(shape_.streams);
    std::vector<std::uint32_t> ids((streams * 24 + 31) / 32 + 2);
    for (std::size_t s = 0; s < streams; ++s) {
        const std::uint64_t id = static_cast<std::uint32_t>(request.ids[s]) & 0xFFFFFF;
        const std::uint64_t shifted = id << (s * 24 % 32);
        ids[s * 24 / 32] |= static_cast<std::uint32_t>(shifted);
        ids[s * 24 / 32 + 1] |= static_cast<std::uint32_t>(shifted >> 32);
    }
    set_pin(top_->token_ids_i, ids.data());
    top_->token_active_i = static_cast<std::uint32_t>(request.active);
    top_->token_head_i = static_cast<std::uint8_t>(request.head);
    top_->token_valid_i = 1;
    TokenCycles cycles;
    std::size_t logit = 0;
    while (true) {
        top_->command_ready_i = memory.command_ready();
        top_->data_valid_i = memory.valid();
        if (memory.valid()) set_pin(top_->data_i, memory.word());
        const bool host =
            request.host_pause <= 0 || unit_interval(random_words(17, 10, cycles.total, 0)[0]) >= request.host_pause;
        top_->logit_ready_i = host;
        top_->clk_i = 0;
        top_->eval();
        // All outputs are settled: what happens at the edge to come.
        const bool taken = top_->data_ready_o && memory.valid();
        cycles.words += taken ? 1 : 0;
        cycles.starved += top_->data_ready_o && !memory.valid() ? 1 : 0;
        if (top_->logit_valid_o && host) {
            if (logit == logits.size())
                return fail(ErrorCode::device, "more logits than the vocabulary has", "simulated FPGA core");
            logits[logit++] = signed_bits(static_cast<std::uint32_t>(top_->logit_o), 24);
        }
        if (request.observer != nullptr) observe(*request.observer);
        const bool accepted = top_->token_valid_i && top_->token_ready_o;
        const bool done = top_->done_o;
        memory.step(top_->command_valid_o, top_->command_address_o, top_->command_count_o, taken);
        top_->clk_i = 1;
        top_->eval();
        ++cycles.total;
        if (accepted) top_->token_valid_i = 0;
        if (done) break;
        if (top_->error_o)
            return fail(ErrorCode::device, "the core refused the memory image", "simulated FPGA core",
                        "the image is not one, or was packed for a larger core");
        if (memory.overran())
            return fail(ErrorCode::device, "the core read beyond the memory image", "simulated FPGA core");
        if (cycles.total > request.cycle_limit)
            return fail(ErrorCode::device,
                        "the core did not end a token in " + std::to_string(cycles.total) + " cycles",
                        "simulated FPGA core");
    }
    if (logit != logits.size()) return fail(ErrorCode::device, "logits are missing", "simulated FPGA core");
    for (std::size_t s = 0; s < choice.size(); ++s)
        choice[s] = static_cast<std::int32_t>(pin_bits(top_->choice_o, s * 24, 24));
    return cycles;
}

}  // namespace tephra::fpga
