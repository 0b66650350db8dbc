#pragma once
// CudaEngineImpl: what the CUDA engine holds on the host and on the device, and the parts of its calls.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "backends/cuda/batch/runner.hpp"
#include "backends/cuda/decode/runner.hpp"
#include "backends/cuda/device.hpp"
#include "backends/cuda/engine.hpp"
#include "backends/cuda/graphs.hpp"
#include "backends/cuda/limits.hpp"
#include "backends/cuda/model.hpp"
#include "backends/cuda/stream_owner.hpp"

namespace tephra::cuda {

class CudaEngineImpl final : public CudaEngine {
public:
    CudaEngineImpl(std::shared_ptr<const Deployment> model, const CudaEngineOptions& options, DeviceInfo info)
        : deployment_(std::move(model)),
          options_(options),
          info_(std::move(info)),
          runner_(model_, deployment_->graph.config, options.hopper && runs_hopper_kernels(info_.capability),
                  info_.multiprocessors),
          decoder_(model_, deployment_->graph.config) {}

    /// Second part of construction, which can fail.
    Result<void> initialise();

    [[nodiscard]] std::string name() const override { return "cuda"; }
    [[nodiscard]] int streams() const override { return options_.streams; }
    Result<void> decode(std::span<const std::int32_t> ids, std::span<std::int32_t> logits) override;
    Result<void> prefill(int stream, std::span<const std::int32_t> ids, Logits which,
                         std::span<std::int32_t> logits) override;
    Result<void> read_state(int stream, std::span<std::int32_t> h) const override;
    Result<void> write_state(int stream, std::span<const std::int32_t> h) override;
    void set_tap(Tap tap) override { tap_ = std::move(tap); }
    Result<std::vector<std::int32_t>> generate(std::span<const std::int32_t> first, int steps) override;
    [[nodiscard]] CudaDevice device() const override {
        return {info_.name, info_.capability, info_.driver, info_.runtime};
    }
    [[nodiscard]] CudaMemory memory() const override;
    [[nodiscard]] bool persistent() const override { return decoder_.ready(); }

private:
    [[nodiscard]] const ModelConfig& config() const { return deployment_->graph.config; }
    [[nodiscard]] std::size_t vocabulary() const {
        return static_cast<std::size_t>(deployment_->graph.config.vocab_size);
    }
    [[nodiscard]] std::size_t state_size() const {
        return static_cast<std::size_t>(deployment_->graph.config.num_layers) *
               static_cast<std::size_t>(deployment_->graph.config.hidden_size);
    }
    [[nodiscard]] std::int32_t* state_of(int stream) const {
        return h_.data() + static_cast<std::size_t>(stream) * state_size();
    }
    [[nodiscard]] Sequence batch() const { return {false, h_.data(), state_size()}; }

    Result<void> reserve(int tokens, int logit_rows);
    Result<void> send_ids(std::span<const std::int32_t> ids, std::int32_t* to);
    Result<void> fetch(std::span<std::int32_t> logits, const std::int32_t* from);
    Result<void> finish(const char* what);
    Result<void> decode_persistent(std::int32_t id, std::span<std::int32_t> logits);
    Result<void> decode_batch(std::span<const std::int32_t> ids, std::span<std::int32_t> logits);
    Result<void> decode_tapped(int stream, std::span<const std::int32_t> ids, std::span<std::int32_t> logits);
    Result<void> run_prompt(int stream, int tokens);
    Result<void> prefill_chunked(int stream, std::span<const std::int32_t> ids, Logits which,
                                 std::span<std::int32_t> logits);
    Result<std::vector<std::int32_t>> generate_persistent(std::int32_t first, int steps);
    Result<std::vector<std::int32_t>> generate_batch(std::span<const std::int32_t> first, int steps);

    std::shared_ptr<const Deployment> deployment_;
    CudaEngineOptions options_;
    DeviceInfo info_;
    DeviceModel model_;
    StreamOwner stream_;
    Buffer<std::int32_t> h_;
    BatchRunner runner_;
    DecodeRunner decoder_;
    GraphCache graphs_;
    Buffer<std::int32_t> history_;       ///< choices of a generated batch
    Buffer<std::int32_t> prompt_state_;  ///< the state that the graph of a prompt works on
    Tap tap_;
};

}  // namespace tephra::cuda
