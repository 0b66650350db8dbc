#include "backends/cuda/layout.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace tephra::cuda {
namespace {

/// Code of column c in a packed row of neuro/lm/ternary.hpp.
unsigned code_at(std::span<const std::uint8_t> row, int c) {
    const int byte = c / ternary_chunk_columns * ternary_chunk_bytes + c % ternary_chunk_bytes;
    const int plane = c % ternary_chunk_columns / ternary_chunk_bytes;
    return static_cast<unsigned>(row[static_cast<std::size_t>(byte)]) >> (2 * plane) & 3U;
}

/// For every byte of a lane quad's 64 bytes of one row and chunk: the four columns whose codes it holds.
constexpr auto make_columns() {
    std::array<std::array<std::uint8_t, 4>, 64> columns{};
    for (int t = 0; t < 4; ++t)
        for (int w = 0; w < 4; ++w)
            for (int b = 0; b < 4; ++b)
                for (int p = 0; p < 4; ++p)
                    columns[static_cast<std::size_t>(16 * t + 4 * w + b)][static_cast<std::size_t>(p)] =
                        static_cast<std::uint8_t>(tile_column(t, w, p, b));
    return columns;
}
constexpr auto byte_columns = make_columns();

/// Both layouts put 256 columns of a row in 64 bytes, so one chunk of a row becomes one lane quad's 64 bytes.
void pack_chunk(std::span<const std::uint8_t> row, int chunk, std::uint8_t* out) {
    for (std::size_t byte = 0; byte < 64; ++byte) {
        unsigned value = 0;
        for (std::size_t p = 0; p < 4; ++p)
            value |= code_at(row, tile_columns * chunk + byte_columns[byte][p]) << (2 * p);
        out[byte] = static_cast<std::uint8_t>(value);
    }
}

}  // namespace

void pack_stage(const StageShape& shape, std::span<const TernaryMatrix> matrices, std::span<std::uint8_t> out) {
    assert(static_cast<int>(matrices.size()) == shape.matrices && out.size() == shape.bytes());
    constexpr std::uint8_t zero_weights = 0b01010101;
    std::fill(out.begin(), out.end(), zero_weights);
    for (int m = 0; m < shape.matrices; ++m) {
        const TernaryMatrix& matrix = matrices[static_cast<std::size_t>(m)];
        assert(matrix.rows == shape.rows && matrix.cols == shape.cols);
        for (int r = 0; r < shape.rows; ++r) {
            const int tile_row = r / tile_rows * shape.matrices + m;
            std::uint8_t* const lane_quad =
                out.data() +
                static_cast<std::size_t>(tile_row) * static_cast<std::size_t>(shape.chunks()) * tile_bytes +
                static_cast<std::size_t>(r % tile_rows) * 64;
            for (int chunk = 0; chunk < shape.chunks(); ++chunk)
                pack_chunk(matrix.row(r), chunk, lane_quad + static_cast<std::size_t>(chunk) * tile_bytes);
        }
    }
}

}  // namespace tephra::cuda
