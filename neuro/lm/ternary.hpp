#pragma once
// Packed ternary matrices: two bits a weight, in the layout that the kernels read without shifts.
#include <cstdint>
#include <span>
#include <vector>

namespace tephra {

/// Columns of one 64-byte chunk of a packed row.
inline constexpr int ternary_chunk_columns = 256;
inline constexpr int ternary_chunk_bytes = 64;

/// Bytes of one packed row: columns are padded with zero weights to a multiple of 256.
constexpr std::int64_t ternary_row_bytes(int cols) {
    return std::int64_t{(cols + ternary_chunk_columns - 1) / ternary_chunk_columns} * ternary_chunk_bytes;
}

/// A view of a packed ternary matrix W in {-1, 0, +1}^(rows x cols), row-major.
/// Byte b of chunk c of a row holds, in bits 2p and 2p + 1, the code w + 1 of column 256 c + 64 p + b (p = 0 .. 3):
/// masking one bit plane of 64 bytes leaves the codes of 64 consecutive columns, scaled by 4^p.
struct TernaryMatrix {
    int rows = 0;
    int cols = 0;
    std::span<const std::uint8_t> codes;  ///< rows x ternary_row_bytes(cols) bytes, 64-byte aligned
    double scale = 0;                     ///< m: the real weight is m x w

    [[nodiscard]] std::span<const std::uint8_t> row(int r) const {
        const auto stride = static_cast<std::size_t>(ternary_row_bytes(cols));
        return codes.subspan(static_cast<std::size_t>(r) * stride, stride);
    }
    /// Rows [begin, end) as a matrix, 0 <= begin <= end <= rows.
    [[nodiscard]] TernaryMatrix row_range(int begin, int end) const {
        const auto stride = static_cast<std::size_t>(ternary_row_bytes(cols));
        const auto first = static_cast<std::size_t>(begin), count = static_cast<std::size_t>(end - begin);
        return {end - begin, cols, codes.subspan(first * stride, count * stride), scale};
    }
    /// Weight of row r, column c: -1, 0 or 1.
    [[nodiscard]] int weight(int r, int c) const {
        const int byte = c / ternary_chunk_columns * ternary_chunk_bytes + c % ternary_chunk_bytes;
        const int plane = c % ternary_chunk_columns / ternary_chunk_bytes;
        return static_cast<int>(row(r)[static_cast<std::size_t>(byte)] >> (2 * plane) & 3) - 1;
    }
};

/// Packs one row of weights in {-1, 0, 1} into `out`, ternary_row_bytes(weights.size()) bytes.
void pack_ternary_row(std::span<const std::int8_t> weights, std::span<std::uint8_t> out);

/// Unpacks one row into `out`, cols values in {-1, 0, 1}.
void unpack_ternary_row(std::span<const std::uint8_t> row, std::span<std::int8_t> out);

}  // namespace tephra
