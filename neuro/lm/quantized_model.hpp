#pragma once
// QuantizedModel: everything integer that inference needs beside the ternary weights and the embedding table. Made once
// by quantize() from a LayerGraph and calibration text, stored in the deployment file; docs/numerics.md is the law.
#include <array>
#include <cstdint>
#include <vector>

#include "core/fixed.hpp"

namespace tephra {

/// One normalised vector x of n states that feeds `outputs` ternary projections k (docs/numerics.md, "norm").
///   a_j = round_shift(x_j rms_gain_j, 15)      sum = sum_j a_j^2      (24-bit a, 64-bit sum)
///   p_kj = round_shift(x_j gain_kj, 8)         peak_k = max_j |p_kj|
///   sum' = sum + epsilon + second_epsilon x second     (second: sum of g^2, used by the output norm alone)
///   quantize_k = 127 / peak_k                  q_kj = clamp(round(p_kj quantize_k), -127, 127)
///   dequantize_k = factor_k peak_k / sqrt(sum')         state = round(accumulator x dequantize_k)
struct NormParameters {
    int size = 0;                                   ///< n
    int outputs = 0;                                ///< 1 to 3
    std::vector<std::int16_t> rms_gain;             ///< [n]
    std::array<std::vector<std::int16_t>, 3> gain;  ///< [outputs][n]
    std::uint64_t epsilon = 0;
    Scale second_epsilon;
    std::array<Scale, 3> factor;  ///< [outputs]
};

/// Fraction bits of the states of one block.
struct BlockFormats {
    int x_in = 0;             ///< residual that enters the block
    int x_mid = 0;            ///< residual after the token mixer
    int x_out = 0;            ///< residual after the channel mixer: x_in of the next block
    int f = 0, i = 0, g = 0;  ///< pre-activations of the token mixer
    int h = 0;                ///< recurrent state
    int t = 0;                ///< g silu(h)
    int z = 0;                ///< pre-activations z1, z2 of the channel mixer
    int y = 0;                ///< silu(z1) z2
    friend bool operator==(const BlockFormats&, const BlockFormats&) = default;
};

struct QuantizedBlock {
    BlockFormats formats;
    NormParameters token_norm;                  ///< outputs in the order f, i, g
    NormParameters output_norm;                 ///< of t; one output
    NormParameters channel_norm;                ///< feeds gate_proj; one output
    NormParameters down_norm;                   ///< of y; one output
    std::vector<std::int32_t> one_minus_lower;  ///< [d] fraction of 2^23
};

struct QuantizedModel {
    int x_embedding = 0;  ///< fraction bits of the embedded token: x_in of block 0
    std::vector<QuantizedBlock> blocks;
    NormParameters head_norm;
    int logits = 0;  ///< fraction bits of the logits
};

}  // namespace tephra
