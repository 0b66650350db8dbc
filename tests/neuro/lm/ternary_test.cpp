#include "neuro/lm/ternary.hpp"

#include "tests/catch.hpp"

using namespace tephra;

TEST_CASE("a range of rows is a matrix of the same weights") {
    constexpr int rows = 7, cols = 300;
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(rows * ternary_row_bytes(cols)));
    TernaryMatrix matrix{rows, cols, codes, 0.5};
    for (int r = 0; r < rows; ++r) {
        std::vector<std::int8_t> row(cols);
        for (int c = 0; c < cols; ++c) row[static_cast<std::size_t>(c)] = static_cast<std::int8_t>((3 * r + c) % 3 - 1);
        const auto bytes = static_cast<std::size_t>(ternary_row_bytes(cols));
        pack_ternary_row(row, std::span(codes).subspan(static_cast<std::size_t>(r) * bytes, bytes));
    }
    const TernaryMatrix part = matrix.row_range(2, 5);
    CHECK(part.rows == 3);
    CHECK(part.cols == cols);
    CHECK(part.scale == 0.5);
    CHECK(part.codes.size() == static_cast<std::size_t>(3 * ternary_row_bytes(cols)));
    int wrong = 0;
    for (int r = 0; r < 3; ++r)
        for (int c = 0; c < cols; ++c) wrong += part.weight(r, c) != matrix.weight(r + 2, c);
    CHECK(wrong == 0);
    CHECK(matrix.row_range(4, 4).codes.empty());
    CHECK(matrix.row_range(0, rows).codes.data() == codes.data());
}
