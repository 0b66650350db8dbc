#pragma once
// Runs one stream through the persistent kernel: its plan, its memory, and how far its exchange has come.
#include <optional>

#include "backends/cuda/decode/decode.hpp"
#include "backends/cuda/model.hpp"

namespace tephra::cuda {

class DecodeRunner {
public:
    static constexpr int most_steps = 256;  ///< of a launch, so that none runs for long

    DecodeRunner(const DeviceModel& model, const ModelConfig& config) : model_(model), config_(config) {}

    /// Makes ready; where the model does not fit the kernel, ready() stays false. Errors: device memory.
    Result<void> prepare(const DeviceInfo& device);
    [[nodiscard]] bool ready() const { return plan_.has_value(); }
    [[nodiscard]] std::size_t bytes() const;

    /// Enqueues a token of the stream whose state is h; its logits come to logits() where they are wanted.
    Result<void> decode(std::int32_t id, std::int32_t* h, bool wanted, CUstream_st* stream);
    /// Enqueues `steps` <= most_steps greedy choices, which come to chosen().
    Result<void> generate(std::int32_t first, std::int32_t* h, int steps, CUstream_st* stream);

    [[nodiscard]] const std::int32_t* logits() const { return logits_.data(); }
    [[nodiscard]] const std::int32_t* chosen() const { return chosen_.data(); }

private:
    Result<void> start(std::int32_t first, const DecodeArguments& arguments, CUstream_st* stream);
    [[nodiscard]] DecodeArguments arguments(std::int32_t* h, int steps);

    const DeviceModel& model_;
    const ModelConfig& config_;
    std::optional<DecodePlan> plan_;
    Buffer<std::uint8_t> memory_;  ///< of the exchanges
    Buffer<std::int32_t> logits_, first_, chosen_;
    Exchanges exchanges_{};
    std::uint32_t version_ = 0, head_version_ = 0;  ///< layers and tokens that went through the exchange
};

}  // namespace tephra::cuda
