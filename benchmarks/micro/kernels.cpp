// Ternary products on each instruction set: matrix x vector in GB/s of packed weights and GMAC/s, matrix x 192 tokens
// in GMAC/s, one thread. The answers of all targets are compared.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "core/hash.hpp"
#include "core/philox.hpp"
#include "neuro/lm/kernels.hpp"
#include "neuro/simd.hpp"

using namespace tephra;

namespace {

struct Spread {
    double best = 0, median = 0;
};

template <typename Work>
Spread seconds_of(int repeats, Work work) {
    std::vector<double> times;
    for (int i = 0; i < repeats; ++i) {
        const auto start = std::chrono::steady_clock::now();
        work();
        times.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    std::sort(times.begin(), times.end());
    return {times.front(), times[times.size() / 2]};
}

struct Shape {
    int rows, cols;
};

/// Measures one shape on every target; false when two targets differ.
bool measure(Shape shape) {
    constexpr std::size_t tokens = 192;
    const auto bytes = static_cast<std::size_t>(ternary_row_bytes(shape.cols)) * static_cast<std::size_t>(shape.rows);
    std::vector<std::uint8_t> storage(bytes + 64);
    const std::size_t offset = (64 - reinterpret_cast<std::uintptr_t>(storage.data()) % 64) % 64;
    for (std::size_t i = 0; i < bytes; ++i) {
        const std::uint32_t random = random_words(1, 0, i, 0)[0];
        for (unsigned plane = 0; plane < 4; ++plane)
            storage[offset + i] |= static_cast<std::uint8_t>((random >> (8 * plane)) % 3 << (2 * plane));
    }
    const TernaryMatrix matrix{shape.rows, shape.cols, std::span(storage).subspan(offset, bytes), 1.0};
    const std::size_t stride = padded_activations(shape.cols);
    std::vector<std::int8_t> q(tokens * stride);
    for (std::size_t i = 0; i < q.size(); ++i)
        q[i] = static_cast<std::int8_t>(static_cast<int>(random_words(2, 0, i, 0)[0] % 255) - 127);
    std::vector<std::int32_t> q_sums(tokens);
    for (std::size_t t = 0; t < tokens; ++t) q_sums[t] = activation_sum(std::span(q).subspan(t * stride, stride));

    const auto rows = static_cast<std::size_t>(shape.rows);
    const double macs = static_cast<double>(shape.rows) * shape.cols;
    std::vector<std::int32_t> out(tokens * rows);
    Hash128 expected;
    bool equal = true;
    for (const SimdTarget target : supported_simd_targets()) {
        force_simd_target(target);
        const Spread vector = seconds_of(31, [&] {
            ternary_matvec(matrix, 0, shape.rows, std::span(q).first(stride), q_sums[0], std::span(out).first(rows));
        });
        const Spread matmul = seconds_of(target == SimdTarget::portable ? 1 : 7,
                                         [&] { ternary_matmul(matrix, 0, shape.rows, q, q_sums, out, rows); });
        std::printf(
            "%5d x %-5d %-12s vector %6.1f GB/s %6.1f GMAC/s (best %6.1f)   192 tokens %6.1f GMAC/s (best %6.1f)\n",
            shape.rows, shape.cols, std::string(to_string(target)).c_str(),
            static_cast<double>(bytes) / vector.median * 1e-9, macs / vector.median * 1e-9, macs / vector.best * 1e-9,
            tokens * macs / matmul.median * 1e-9, tokens * macs / matmul.best * 1e-9);
        const Hash128 hash = hash128(std::as_bytes(std::span(out)));
        if (target == SimdTarget::portable) expected = hash;
        equal = equal && hash == expected;
    }
    release_simd_target();
    return equal;
}

}  // namespace

int main() {
    for (const Shape shape : {Shape{1024, 1024}, Shape{1024, 2816}, Shape{2560, 2560}, Shape{2560, 6912}})
        if (!measure(shape)) {
            std::fprintf(stderr, "the targets give different results\n");
            return 1;
        }
    return 0;
}
