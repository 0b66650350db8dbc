#pragma once
// Runs the stages over many tokens: the working memory of a batch and the order of its kernels.
#include <functional>
#include <string_view>

#include "backends/cuda/batch/batch.hpp"
#include "backends/cuda/model.hpp"
#include "backends/cuda/step/step.hpp"

namespace tephra::cuda {

/// Sees a buffer when its stage is done: [outputs...] as Tap names them; block -1 for the model.
struct BatchTap {
    std::function<void(int block, std::string_view name, const std::int32_t* states, int columns, int stride)> states;
    std::function<void(int block, std::string_view name, const std::int8_t* q, int columns)> activations;
    explicit operator bool() const { return static_cast<bool>(states); }
};

/// Whose tokens a batch holds.
struct Sequence {
    bool along = false;  ///< true: consecutive tokens of one stream; false: one token of each of the first streams
    std::int32_t* h = nullptr;  ///< state of the stream, or of stream 0
    std::size_t stream_stride = 0;
};

class BatchRunner {
public:
    BatchRunner(const DeviceModel& model, const ModelConfig& config, bool hopper, int multiprocessors)
        : model_(model), config_(config), hopper_(hopper), multiprocessors_(multiprocessors) {}

    /// Makes room for batches of `tokens` and for the logits of `logit_rows` of them. Errors: device memory.
    Result<void> reserve(int tokens, int logit_rows);
    [[nodiscard]] int capacity() const { return capacity_; }
    [[nodiscard]] int logit_rows() const { return logit_rows_; }
    [[nodiscard]] std::size_t bytes() const;

    /// Enqueues all blocks for `tokens` tokens, whose ids are in ids(). Afterwards x holds the last residuals.
    void run_blocks(int tokens, const Sequence& sequence, const BatchTap& tap, Stream stream) const;
    /// Enqueues the head for tokens [first, first + count), count <= logit_rows(): logits() [count x V].
    void run_head(int first, int count, const BatchTap& tap, Stream stream) const;

    /// Enqueues a step of generation: each token of ids() gives way to the greedy choice after it.
    void run_generation(int tokens, const Sequence& sequence, Stream stream) const;

    [[nodiscard]] std::int32_t* ids() const { return ids_.data(); }
    [[nodiscard]] std::int32_t* logits() const { return logits_.data(); }

private:
    /// Whether one kernel takes a step of a batch through all blocks.
    [[nodiscard]] bool in_one_kernel(int tokens, const Sequence& sequence, const BatchTap& tap) const;
    void run_step(int tokens, const Sequence& sequence, bool choose, Stream stream) const;
    Result<void> prepare_step();
    void product(Finish finish, const ProductArguments& arguments, Stream stream) const;
    void token_mixer(int block, int tokens, const Sequence& sequence, const BatchTap& tap, Stream stream) const;
    void channel_mixer(int block, int tokens, const BatchTap& tap, Stream stream) const;
    void head(int first, int count, Finish finish, const BatchTap& tap, Stream stream) const;
    [[nodiscard]] ActivationView activations(int tokens, int columns) const;

    const DeviceModel& model_;
    const ModelConfig& config_;
    bool hopper_;
    int multiprocessors_;
    int capacity_ = 0, logit_rows_ = 0;
    Buffer<std::int32_t> ids_, x_, attended_, mixer_, mixed_, unit_, sums_, logits_;
    Buffer<std::int8_t> q_;
    Buffer<Scale> dequantize_;

    // The kernel of a whole step: on Hopper, where the model's formats fit it. Without it, there are no words for its
    // barrier.
    Buffer<std::uint32_t> grid_barrier_;
    Buffer<std::uint64_t> best_, rules_;
};

}  // namespace tephra::cuda
