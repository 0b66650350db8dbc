#pragma once
// Products of packed ternary matrices with int8 activations: the inner loops of every engine and simulated neurocore.
// Exact int32 results, the same on every instruction set (neuro/simd.hpp chooses it).
#include <cstddef>
#include <cstdint>
#include <span>

#include "neuro/lm/ternary.hpp"

namespace tephra {

/// Length of an activation vector in memory: `cols` values and zeros up to a multiple of 256.
constexpr std::size_t padded_activations(int cols) {
    return static_cast<std::size_t>((cols + ternary_chunk_columns - 1) / ternary_chunk_columns) * ternary_chunk_columns;
}

/// Sum of the activations; the kernels need it because the packed codes are w + 1.
std::int32_t activation_sum(std::span<const std::int8_t> q);

/// out[r - row_begin] = sum_c w(r, c) q[c] for rows row_begin <= r < row_end.
/// q: padded_activations(w.cols) values, the padding zero; q_sum: their sum; out: row_end - row_begin.
/// next: the codes that the caller reads next, prefetched towards the end; no result depends on it. Null: unknown.
void ternary_matvec(const TernaryMatrix& w, int row_begin, int row_end, std::span<const std::int8_t> q,
                    std::int32_t q_sum, std::span<std::int32_t> out, const std::uint8_t* next = nullptr);

/// Several activation vectors (tokens) at once: out[t out_stride + r - row_begin] = sum_c w(r, c) q_t[c].
/// q: [tokens x padded_activations(w.cols)], in [-127, 127], the padding zero; q_sums: [tokens]; next: as above.
void ternary_matmul(const TernaryMatrix& w, int row_begin, int row_end, std::span<const std::int8_t> q,
                    std::span<const std::int32_t> q_sums, std::span<std::int32_t> out, std::size_t out_stride,
                    const std::uint8_t* next = nullptr);

}  // namespace tephra
