// Layouts of the CUDA engine; no GPU needed.
#include "backends/cuda/layout.hpp"

#include <set>

#include "core/philox.hpp"
#include "tests/catch.hpp"

using namespace tephra;
using namespace tephra::cuda;

namespace {

/// A matrix with random weights that owns its codes.
struct Owned {
    std::vector<std::uint8_t> codes;
    TernaryMatrix matrix;
};

Owned random_matrix(int rows, int cols, std::uint64_t seed) {
    Owned owned;
    const auto stride = static_cast<std::size_t>(ternary_row_bytes(cols));
    owned.codes.resize(stride * static_cast<std::size_t>(rows));
    std::vector<std::int8_t> row(static_cast<std::size_t>(cols));
    std::uint64_t next = 0;
    for (std::size_t r = 0; r < static_cast<std::size_t>(rows); ++r) {
        for (std::int8_t& w : row)
            w = static_cast<std::int8_t>(static_cast<int>(random_words(seed, 0, next++, 0)[0] % 3) - 1);
        pack_ternary_row(row, std::span(owned.codes).subspan(r * stride, stride));
    }
    owned.matrix.rows = rows;
    owned.matrix.cols = cols;
    owned.matrix.codes = owned.codes;
    return owned;
}

/// Code of (matrix m, row r, column c) read as a kernel does: tile, lane, word, plane, byte.
int packed_weight(const StageShape& shape, std::span<const std::uint8_t> tiles, int m, int r, int c) {
    const int tile_row = r / tile_rows * shape.matrices + m;
    const int k = c % tile_columns;
    const int word = k / 64, plane = k / 4 % 4, t = k / 16 % 4, byte = k % 4;
    REQUIRE(tile_column(t, word, plane, byte) == k);
    REQUIRE(tile_position(k) == word / 2 * 128 + plane * 32 + word % 2 * 16 + 4 * t + byte);
    const int lane = r % tile_rows * 4 + t;
    const std::size_t at = (static_cast<std::size_t>(tile_row) * static_cast<std::size_t>(shape.chunks()) +
                            static_cast<std::size_t>(c / tile_columns)) *
                               tile_bytes +
                           static_cast<std::size_t>(lane * 16 + word * 4 + byte);
    return (tiles[at] >> (2 * plane) & 3) - 1;
}

}  // namespace

TEST_CASE("packed tiles hold every weight, and padding has weight zero") {
    const auto [matrices, rows, cols] =
        GENERATE(table<int, int, int>({{1, 8, 256}, {3, 20, 300}, {2, 65, 97}, {1, 130, 513}}));
    const StageShape shape{matrices, rows, cols};
    std::vector<Owned> owned;
    std::vector<TernaryMatrix> views;
    for (int m = 0; m < matrices; ++m) owned.push_back(random_matrix(rows, cols, static_cast<std::uint64_t>(m)));
    for (const Owned& o : owned) views.push_back(o.matrix);
    std::vector<std::uint8_t> tiles(shape.bytes());
    pack_stage(shape, views, tiles);
    bool equal = true;
    for (int m = 0; m < matrices; ++m)
        for (int r = 0; r < 8 * shape.padded_packs(); ++r)
            for (int c = 0; c < shape.chunks() * tile_columns; ++c) {
                const bool inside = r < rows && c < cols;
                const int want = inside ? views[static_cast<std::size_t>(m)].weight(r, c) : 0;
                equal = equal && packed_weight(shape, tiles, m, r, c) == want;
            }
    CHECK(equal);
}

TEST_CASE("every column of a tile has one place") {
    std::set<int> columns;
    for (int t = 0; t < 4; ++t)
        for (int w = 0; w < 4; ++w)
            for (int p = 0; p < 4; ++p)
                for (int b = 0; b < 4; ++b) columns.insert(tile_column(t, w, p, b));
    CHECK(columns.size() == tile_columns);
}

TEST_CASE("every activation of a batch has one place") {
    const int tokens = GENERATE(16, 64, 128);
    std::set<std::size_t> places;
    for (int n = 0; n < tokens; ++n)
        for (int k = 0; k < 512; ++k) places.insert(activation_offset(tokens, n, k));
    CHECK(places.size() == static_cast<std::size_t>(tokens) * 512);
    CHECK(*places.rbegin() == static_cast<std::size_t>(tokens) * 512 - 1);
}

TEST_CASE("batches are padded to what the token tiles divide") {
    CHECK(padded_tokens(1) == 16);
    CHECK(padded_tokens(17) == 64);
    CHECK(padded_tokens(65) == 128);
    CHECK(padded_tokens(2047) == 2048);
}
