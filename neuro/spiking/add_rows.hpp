#pragma once
// The inner loop of dense and convolutional synapses: rows of weights, each times a payload, added to sums.
// Exact int32 results (modulo 2^32), the same on every instruction set (neuro/simd.hpp chooses it).
#include <cstddef>
#include <cstdint>
#include <span>

namespace tephra::spiking {

/// `length` weights that stand together, and the sums that they are added to.
struct WeightRow {
    std::uint32_t weight = 0;  ///< index of the first weight
    std::uint32_t sum = 0;     ///< index of the first sum
    std::uint32_t length = 0;
    std::int32_t payload = 0;
};

/// sums[row.sum + i] += weights[row.weight + i] row.payload for i < row.length, for every row.
void add_rows(std::span<const std::int16_t> weights, std::span<const WeightRow> rows, std::span<std::int32_t> sums);

/// Largest magnitude of narrow weights, and how many of them certainly add up within 16 bits.
inline constexpr std::int32_t largest_narrow_weight = 256;
inline constexpr std::size_t rows_in_16_bits = 127;

/// sums[i] += weights[row + i] for every i, for the first weight `row` of every row. No weight is larger in magnitude
/// than largest_narrow_weight.
void add_narrow_rows(std::span<const std::int16_t> weights, std::span<const std::uint32_t> rows,
                     std::span<std::int32_t> sums);

}  // namespace tephra::spiking
