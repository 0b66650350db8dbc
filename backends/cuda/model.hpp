#pragma once
// A deployment in device memory.
#include <array>
#include <memory>
#include <vector>

#include "backends/cuda/device.hpp"
#include "backends/cuda/layout.hpp"
#include "backends/cuda/views.hpp"
#include "neuro/lm/deployment.hpp"

namespace tephra::cuda {

/// The stages of a block in the order they run.
struct BlockShapes {
    StageShape mixer, output, gate, down;
};
BlockShapes block_shapes(const ModelConfig& config);
StageShape head_shape(const ModelConfig& config);

/// Bytes of packed weights of one block: its four stages follow each other without gaps.
std::size_t block_bytes(const BlockShapes& shapes);

/// Owns the device copy of a model; the views stay valid as long as it lives and may be moved with it.
struct DeviceModel {
    Buffer<std::uint8_t> weights;     ///< blocks one after the other, then the head
    Buffer<std::uint8_t> embeddings;  ///< as stored
    Buffer<std::int16_t> gains;
    Buffer<std::int32_t> lower;
    std::vector<BlockView> blocks;
    Buffer<BlockView> device_blocks;  ///< the same, for kernels that go through all of them
    StageView head{};
    NormView head_norm{};
    EmbeddingView embedding{};
};

/// Packs with `threads` threads and copies to the device. Errors: device (memory, copy).
Result<DeviceModel> upload_model(const Deployment& model, int threads);

}  // namespace tephra::cuda
