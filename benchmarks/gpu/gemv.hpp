#pragma once
// The persistent kernel's product alone, many matrices in one launch.
#include "backends/cuda/decode/decode.hpp"

namespace tephra::cuda {

/// Matrices of one shape that follow each other in memory, four to a layer as the stages of a block do.
struct StreamedProducts {
    DecodeArguments decode;  ///< plan, tiles, block_bytes, layers and steps; nothing else is read
    StageShape shape;        ///< of each matrix; matrices = 1
    const std::int8_t* q;    ///< [cols], the activations of every product
    Scale scale;
    int batch_bytes;    ///< of weights that are requested at once: WeightStream
    std::int32_t* out;  ///< [4 layers][rows]
};

/// Fills the plan, the tiles and the sizes for `matrices` (a multiple of 4) matrices at `tiles`.
StreamedProducts stream_products(const StageShape& shape, const std::uint8_t* tiles, int matrices, int multiprocessors);

/// Multiplies all matrices decode.steps times; returns the CUDA error of the launch.
int launch_streamed_products(const StreamedProducts& products, CUstream_st* stream);

}  // namespace tephra::cuda
