#pragma once
// The neuron models of the language model as functions on slices of a population: what every engine and every simulated
// neurocore computes between the ternary products. Formulas, widths and rounding: docs/numerics.md.
#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "neuro/lm/quantized_model.hpp"

namespace tephra {

/// Partial statistics of a normalised vector. Merging is exact, so the result does not depend on the partition.
struct NormRecord {
    std::uint64_t sum = 0;     ///< sum of a_j^2
    std::uint64_t second = 0;  ///< sum of g_j^2 (output norm only)
    std::array<std::uint32_t, 3> peak{};
    void merge(const NormRecord& other) {
        sum += other.sum;
        second += other.second;
        for (std::size_t k = 0; k < peak.size(); ++k) peak[k] = std::max(peak[k], other.peak[k]);
    }
    friend bool operator==(const NormRecord&, const NormRecord&) = default;
};

/// What a reduce core answers: how to quantize the vector, and how to read the accumulators it leads to.
struct NormScales {
    std::array<Scale, 3> quantize;
    std::array<Scale, 3> dequantize;
    friend bool operator==(const NormScales&, const NormScales&) = default;
};

/// Statistics of x[0 .. size) = states `begin` .. `begin + size` of the vector.
NormRecord norm_statistics(const NormParameters& norm, std::span<const std::int32_t> x, int begin);

/// Scales of a complete record.
NormScales norm_scales(const NormParameters& norm, const NormRecord& record);

/// q_j = clamp(round(round_shift(x_j gain_j, 8) x scale)); all spans have one length. Returns the sum of the q_j, for
/// kernels.hpp.
std::int32_t quantize_states(std::span<const std::int32_t> x, std::span<const std::int16_t> gain, Scale scale,
                             std::span<std::int8_t> q);

/// Inputs and outputs of the token mixer for one token; all spans have one length.
struct RecurrenceSlice {
    std::span<const std::int32_t> f_acc, i_acc, g_acc;  ///< ternary accumulators
    std::span<const std::int32_t> one_minus_lower;      ///< fraction of 2^23
    std::span<std::int32_t> h;                          ///< recurrent state, updated
    std::span<std::int32_t> t;                          ///< result: g silu(h)
};

/// Gated linear recurrence: h += (1 - f)(silu(i) - h), t = g silu(h). Returns sum of g^2.
std::uint64_t gated_recurrence(const BlockFormats& formats, const std::array<Scale, 3>& dequantize,
                               const RecurrenceSlice& slice);

/// y = silu(z1) z2 from the accumulators of the two halves.
void gated_unit(const BlockFormats& formats, Scale dequantize, std::span<const std::int32_t> z1_acc,
                std::span<const std::int32_t> z2_acc, std::span<std::int32_t> y);

/// out = saturate(shift_state(x, shift) + accumulator x scale).
void add_residual(std::span<const std::int32_t> x, int shift, std::span<const std::int32_t> acc, Scale dequantize,
                  std::span<std::int32_t> out);

/// logits = accumulator x scale.
void read_out(std::span<const std::int32_t> acc, Scale dequantize, std::span<std::int32_t> logits);

}  // namespace tephra
