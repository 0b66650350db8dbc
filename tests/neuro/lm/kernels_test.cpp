#include "neuro/lm/kernels.hpp"

#include "core/philox.hpp"
#include "tests/neuro/on_every_target.hpp"

using namespace tephra;
using test::on_every_target;

namespace {

constexpr std::int32_t poison = 0x5A5A5A5A;

/// A packed matrix that owns its aligned codes.
struct OwnedMatrix {
    std::vector<std::uint8_t> storage;
    TernaryMatrix view;

    template <typename Weight>
    OwnedMatrix(int rows, int cols, Weight weight) {
        const auto stride = static_cast<std::size_t>(ternary_row_bytes(cols));
        storage.resize(static_cast<std::size_t>(rows) * stride + 64);
        const std::size_t offset = (64 - reinterpret_cast<std::uintptr_t>(storage.data()) % 64) % 64;
        const std::span<std::uint8_t> codes(storage.data() + offset, static_cast<std::size_t>(rows) * stride);
        std::vector<std::int8_t> row(static_cast<std::size_t>(cols));
        for (int r = 0; r < rows; ++r) {
            for (int c = 0; c < cols; ++c) row[static_cast<std::size_t>(c)] = weight(r, c);
            pack_ternary_row(row, codes.subspan(static_cast<std::size_t>(r) * stride, stride));
        }
        view = {rows, cols, codes, 1.0};
    }
    OwnedMatrix(const OwnedMatrix&) = delete;
    OwnedMatrix& operator=(const OwnedMatrix&) = delete;
};

std::uint32_t word(std::uint32_t stream, std::uint64_t id) {
    return random_words(11, stream, id, 0)[0];
}

OwnedMatrix random_matrix(int rows, int cols) {
    return OwnedMatrix(rows, cols, [&](int r, int c) {
        return static_cast<std::int8_t>(
            static_cast<int>(word(1, static_cast<std::uint64_t>(r) * 65536 + static_cast<std::uint64_t>(c)) % 3) - 1);
    });
}

std::vector<std::int8_t> random_activations(int tokens, int cols) {
    const std::size_t stride = padded_activations(cols);
    std::vector<std::int8_t> q(static_cast<std::size_t>(tokens) * stride, 0);
    for (std::size_t t = 0; t < static_cast<std::size_t>(tokens); ++t)
        for (std::size_t c = 0; c < static_cast<std::size_t>(cols); ++c)
            q[t * stride + c] = static_cast<std::int8_t>(static_cast<int>(word(2, t * 65536 + c) % 255) - 127);
    return q;
}

std::vector<std::int32_t> sums_of(std::span<const std::int8_t> q, std::size_t stride) {
    std::vector<std::int32_t> sums;
    for (std::size_t at = 0; at < q.size(); at += stride) sums.push_back(activation_sum(q.subspan(at, stride)));
    return sums;
}

std::int32_t plain_dot(const TernaryMatrix& w, int row, const std::int8_t* q) {
    std::int32_t sum = 0;
    for (int c = 0; c < w.cols; ++c) sum += w.weight(row, c) * q[c];
    return sum;
}

}  // namespace

TEST_CASE("ternary products equal a plain loop on every target") {
    struct Shape {
        int rows, cols, row_begin, row_end, tokens;
    };
    const Shape shapes[] = {
        {1, 1, 0, 1, 1},          {5, 96, 1, 5, 3},        {70, 300, 3, 70, 4},      {129, 256, 0, 129, 5},
        {96, 257, 0, 96, 13},     {200, 1024, 64, 200, 6}, {67, 2560, 0, 67, 7},     {66, 6912, 1, 66, 17},
        {128, 1025, 0, 128, 129}, {64, 96, 10, 10, 2},     {131, 1500, 60, 131, 32}, {79, 513, 0, 79, 11},
    };
    for (const Shape& shape : shapes) {
        INFO(shape.rows << " x " << shape.cols << ", rows " << shape.row_begin << " to " << shape.row_end << ", "
                        << shape.tokens << " tokens");
        const OwnedMatrix matrix = random_matrix(shape.rows, shape.cols);
        const std::vector<std::int8_t> q = random_activations(shape.tokens, shape.cols);
        const std::size_t q_stride = padded_activations(shape.cols);
        const std::vector<std::int32_t> q_sums = sums_of(q, q_stride);
        const auto rows = static_cast<std::size_t>(shape.row_end - shape.row_begin);
        const auto tokens = static_cast<std::size_t>(shape.tokens);
        const std::size_t stride = rows + 3;
        std::vector<std::int32_t> expected(tokens * stride, poison);
        for (std::size_t t = 0; t < tokens; ++t)
            for (std::size_t r = 0; r < rows; ++r)
                expected[t * stride + r] =
                    plain_dot(matrix.view, shape.row_begin + static_cast<int>(r), q.data() + t * q_stride);
        on_every_target([&] {
            std::vector<std::int32_t> one(rows + 2, poison);
            ternary_matvec(matrix.view, shape.row_begin, shape.row_end, std::span(q).first(q_stride), q_sums[0],
                           std::span(one).subspan(1, rows));
            CHECK(one.front() == poison);
            CHECK(one.back() == poison);
            CHECK(std::equal(one.begin() + 1, one.end() - 1, expected.begin()));
            std::vector<std::int32_t> all(tokens * stride, poison);
            ternary_matmul(matrix.view, shape.row_begin, shape.row_end, q, q_sums, all, stride);
            CHECK(all == expected);  // the gaps between the rows of two tokens keep their poison
        });
    }
}

TEST_CASE("products of every number of tokens equal those of each token alone") {
    const int rows = GENERATE(83, 255, 256, 263, 1801), cols = 300, most = 40;
    const auto height = static_cast<std::size_t>(rows);
    const OwnedMatrix matrix = random_matrix(rows, cols);
    const std::vector<std::int8_t> q = random_activations(most, cols);
    const std::size_t stride = padded_activations(cols);
    const std::vector<std::int32_t> q_sums = sums_of(q, stride);
    on_every_target([&] {
        std::vector<std::int32_t> one_by_one(std::size_t{most} * height);
        for (std::size_t t = 0; t < most; ++t)
            ternary_matvec(matrix.view, 0, rows, std::span(q).subspan(t * stride, stride), q_sums[t],
                           std::span(one_by_one).subspan(t * height, height));
        for (std::size_t tokens = 0; tokens <= most; ++tokens) {
            INFO(tokens << " tokens");
            std::vector<std::int32_t> out(one_by_one.size(), poison), expected = one_by_one;
            std::fill(expected.begin() + static_cast<std::ptrdiff_t>(tokens * height), expected.end(), poison);
            ternary_matmul(matrix.view, 0, rows, std::span(q).first(tokens * stride), std::span(q_sums).first(tokens),
                           out, height);
            CHECK(out == expected);
        }
    });
}

TEST_CASE("the widest rows do not overflow") {
    const int cols = GENERATE(255, 256, 6912, 16384);
    const int sign = GENERATE(-1, 1);
    const int value = GENERATE(-127, 127);
    const int tokens = GENERATE(8, 43);
    const std::size_t rows = 275;
    const OwnedMatrix matrix(static_cast<int>(rows), cols, [&](int, int) { return static_cast<std::int8_t>(sign); });
    const std::size_t stride = padded_activations(cols);
    std::vector<std::int8_t> q(static_cast<std::size_t>(tokens) * stride, 0);
    for (std::size_t at = 0; at < q.size(); at += stride)
        std::fill_n(q.begin() + static_cast<std::ptrdiff_t>(at), cols, static_cast<std::int8_t>(value));
    const std::vector<std::int32_t> q_sums = sums_of(q, stride);
    REQUIRE(q_sums[0] == cols * value);
    on_every_target([&] {
        std::vector<std::int32_t> out(static_cast<std::size_t>(tokens) * rows, poison);
        ternary_matmul(matrix.view, 0, static_cast<int>(rows), q, q_sums, out, rows);
        CHECK(out == std::vector<std::int32_t>(out.size(), sign * value * cols));
        std::vector<std::int32_t> one(rows, poison);
        ternary_matvec(matrix.view, 0, static_cast<int>(rows), std::span(q).first(stride), q_sums[0], one);
        CHECK(one == std::vector<std::int32_t>(rows, sign * value * cols));
    });
}

TEST_CASE("a vector of the least activation does not overflow") {
    const int cols = GENERATE(256, 1000, 16384);
    const OwnedMatrix matrix(5, cols, [&](int, int) { return static_cast<std::int8_t>(1); });
    std::vector<std::int8_t> q(padded_activations(cols), 0);
    std::fill_n(q.begin(), cols, std::int8_t{-128});
    on_every_target([&] {
        std::vector<std::int32_t> out(5, poison);
        ternary_matvec(matrix.view, 0, 5, q, activation_sum(q), out);
        CHECK(out == std::vector<std::int32_t>(5, -128 * cols));
    });
}

TEST_CASE("every supported target has a name and the portable one is always there") {
    const std::vector<SimdTarget> targets = supported_simd_targets();
    REQUIRE(targets.front() == SimdTarget::portable);
    for (const SimdTarget target : targets) CHECK_FALSE(to_string(target).empty());
}
