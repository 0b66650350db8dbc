#pragma once
// What kernels see of a model and of the working memory: plain pointers to device memory and sizes.
#include <cstddef>
#include <cstdint>

#include "core/fixed.hpp"
#include "neuro/lm/float_type.hpp"

struct CUstream_st;

namespace tephra::cuda {

using Stream = CUstream_st*;

/// The scalars of NormParameters (neuro/lm/quantized_model.hpp).
struct NormConstants {
    std::uint64_t epsilon;
    Scale second_epsilon;
    Scale factor[3];
};

/// NormParameters on the device; gain vectors are padded with zeros to a multiple of 256.
struct NormView {
    int size;
    int outputs;
    const std::int16_t* rms_gain;
    const std::int16_t* gain[3];
    NormConstants constants;
};

/// Fraction bits, as in BlockFormats.
struct RecurrenceFormats {
    int f, i, g, h, t;
};

/// The packed weights of one stage (backends/cuda/layout.hpp).
struct StageView {
    const std::uint8_t* tiles;
    int matrices;
    int rows;
    int chunks;  ///< 256-column chunks of a tile row
    int padded_packs;
};

/// Tile rows of a stage taken in pairs give the 16 rows of a fragment. With three matrices (f, i, g) a pair is two
/// packs of one matrix; with two (gate) it is both halves of one pack, so that one
/// thread gets z1 and z2 of a channel.
constexpr int tile_row_of(const StageView& weights, int index, int matrix) {
    return weights.matrices == 3 ? 3 * index + matrix : index;
}

/// Tile rows of one matrix as a product sees it, and how many of them there are.
constexpr int tile_rows_seen(const StageView& weights) {
    return weights.matrices == 3 ? weights.padded_packs : weights.matrices * weights.padded_packs;
}

enum NormNumber : int { token_norm, output_norm, channel_norm, down_norm };

struct BlockView {
    StageView mixer;  ///< f, i, g
    StageView output, gate, down;
    NormView norms[4];                    ///< by NormNumber: in the order of the stages they feed
    const std::int32_t* one_minus_lower;  ///< [round_up(d, 8)]
    RecurrenceFormats recurrence;
    int z_bits, y_bits;
    int attended_shift, residual_shift;  ///< of x before each residual sum
};

struct EmbeddingView {
    FloatType type;
    const std::uint8_t* data;  ///< [rows x cols], as stored
    int rows, cols;
    int fraction_bits;
};

/// Quantized activations of a batch of tokens and how to read the accumulators they lead to.
struct ActivationView {
    std::int8_t* q;             ///< [outputs][bytes], by activation_offset
    std::size_t output_stride;  ///< bytes of one output
    std::int32_t* sums;         ///< [outputs][tokens] sum of the activations: the packed codes are w + 1
    Scale* dequantize;          ///< [outputs][tokens]
    int tokens;                 ///< padded number of tokens (padded_tokens)
};

}  // namespace tephra::cuda
