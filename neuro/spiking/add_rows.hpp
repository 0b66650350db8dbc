#pragma once
// The inner loop of dense and convolutional synapses: rows of weights, each times a payload, added to sums.
// Exact int32 results (modulo 2^32), the same on every instruction set (neuro/simd.hpp chooses it).
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

}  // namespace tephra::spiking
