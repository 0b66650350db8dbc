#include "neuro/lm/ternary.hpp"

#include <algorithm>
#include <array>

namespace tephra {

namespace {

/// One chunk: 256 weights to 64 bytes.
void pack_chunk(const std::int8_t* weights, std::uint8_t* out) {
    for (int b = 0; b < ternary_chunk_bytes; ++b) {
        unsigned codes = 0;
        for (int plane = 0; plane < 4; ++plane)
            codes |= static_cast<unsigned>(weights[ternary_chunk_bytes * plane + b] + 1) << (2 * plane);
        out[b] = static_cast<std::uint8_t>(codes);
    }
}

}  // namespace

void pack_ternary_row(std::span<const std::int8_t> weights, std::span<std::uint8_t> out) {
    constexpr std::size_t columns = ternary_chunk_columns, bytes = ternary_chunk_bytes;
    for (; weights.size() >= columns; weights = weights.subspan(columns), out = out.subspan(bytes))
        pack_chunk(weights.data(), out.data());
    if (weights.empty()) return;
    std::array<std::int8_t, columns> rest{};
    std::copy(weights.begin(), weights.end(), rest.begin());
    pack_chunk(rest.data(), out.data());
}

void unpack_ternary_row(std::span<const std::uint8_t> row, std::span<std::int8_t> out) {
    for (std::size_t c = 0; c < out.size(); ++c) {
        const std::size_t byte = c / ternary_chunk_columns * ternary_chunk_bytes + c % ternary_chunk_bytes;
        const std::size_t shift = c % ternary_chunk_columns / ternary_chunk_bytes * 2;
        out[c] = static_cast<std::int8_t>((row[byte] >> shift & 3) - 1);
    }
}

}  // namespace tephra
