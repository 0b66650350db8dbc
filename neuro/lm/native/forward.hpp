#pragma once
// One pass of a batch of tokens through the model by a team of threads: the native engine's inner part.
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "neuro/lm/deployment.hpp"
#include "neuro/lm/engine.hpp"
#include "neuro/lm/native/buffer.hpp"
#include "neuro/lm/neuron_math.hpp"
#include "neuro/team.hpp"

namespace tephra {

/// Tokens that pass together: one of each stream (decode), or consecutive ones of a single stream (prefill).
struct Batch {
    std::span<const std::int32_t> ids;
    int first_stream = 0;
    bool one_stream = false;         ///< all of first_stream, in order; else token t is of stream first_stream + t
    std::size_t first_logits = 0;    ///< tokens before it need no logits
    std::span<std::int32_t> logits;  ///< [ids.size() - first_logits x V]; empty: none wanted
    [[nodiscard]] int stream(std::size_t token) const {
        return one_stream ? first_stream : first_stream + static_cast<int>(token);
    }
};

/// Every vector is cut into one range of channels a worker. A worker computes the rows of its range of a projection and
/// the neuron models of the same channels, so only norms and activations cross between workers:
///     statistics | quantize | product, neuron model, statistics | quantize | product ...     (|: all wait for all)
/// A batch too small to share is the caller's alone.
class Forward {
public:
    /// max_tokens: the longest batch.
    Forward(std::shared_ptr<const Deployment> model, Team& team, std::size_t max_tokens);

    /// states: recurrent states, [streams][L x d]. tap may be empty.
    void run(const Batch& batch, std::span<AlignedBuffer<std::int32_t>> states, const Tap& tap);

private:
    /// What one worker contributes to, and keeps of, the vector in flight.
    struct alignas(64) Worker {
        std::vector<NormRecord> records;                          ///< [tokens] of its range of channels
        std::array<std::vector<std::int32_t>, 3> part_sums;       ///< [tokens] of its range of activations
        std::array<std::vector<std::int32_t>, 3> sums;            ///< [tokens] of whole activation vectors
        std::vector<NormScales> scales;                           ///< [tokens]
        std::array<AlignedBuffer<std::int32_t>, 3> accumulators;  ///< [tokens x chunk]
    };
    /// Activations of up to three vectors, [tokens x padded].
    struct ActivationBuffers {
        std::array<AlignedBuffer<std::int8_t>, 3> q;
        std::size_t stride = 0;
    };
    /// Values that only a tap sees, [tokens x width of the name].
    struct Shown {
        AlignedBuffer<std::int32_t> f, i, g, h, z, line;
    };
    struct Pass;

    std::shared_ptr<const Deployment> model_;
    Team& team_;
    std::size_t max_tokens_, width_, wide_, vocabulary_;
    AlignedBuffer<std::int32_t> x_, t_, y_;  ///< [tokens x d], [tokens x d], [tokens x f]
    ActivationBuffers narrow_, broad_;       ///< of d channels and of f channels
    std::vector<Worker> workers_;
    Shown shown_;
};

}  // namespace tephra
