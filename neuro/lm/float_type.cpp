#include "neuro/lm/float_type.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace tephra {
namespace {

float widen_f16(std::uint32_t bits) {
    const FloatParts parts = float_parts(bits, 5, 10);
    const float magnitude = parts.finite ? std::ldexp(static_cast<float>(parts.magnitude), parts.exponent)
                                         : ((bits & 0x3ff) != 0 ? NAN : INFINITY);
    return parts.negative ? -magnitude : magnitude;
}

/// Index of the first word whose exponent bits are all set. Blocks without one are passed over at memory speed.
template <typename Word>
std::optional<std::size_t> first_with_exponent(std::span<const std::byte> data, Word mask) {
    constexpr std::size_t block = 1024;
    const std::size_t count = data.size() / sizeof(Word);
    std::array<Word, block> words;
    for (std::size_t first = 0; first < count; first += block) {
        const std::size_t size = std::min(block, count - first);
        std::memcpy(words.data(), data.data() + first * sizeof(Word), size * sizeof(Word));
        Word all_set = 0;
        for (std::size_t k = 0; k < size; ++k) all_set |= static_cast<Word>((words[k] & mask) == mask ? 1 : 0);
        if (all_set == 0) continue;
        for (std::size_t k = 0; k < size; ++k)
            if ((words[k] & mask) == mask) return first + k;
    }
    return std::nullopt;
}

}  // namespace

void widen(FloatType type, std::span<const std::byte> data, std::span<float> out) {
    if (type == FloatType::f32) {
        std::memcpy(out.data(), data.data(), out.size() * sizeof(float));
        return;
    }
    const auto bits = [from = data.data()](std::size_t k) {
        std::uint16_t word = 0;
        std::memcpy(&word, from + 2 * k, 2);
        return std::uint32_t{word};
    };
    if (type == FloatType::bf16)
        for (std::size_t k = 0; k < out.size(); ++k) out[k] = std::bit_cast<float>(bits(k) << 16);
    else
        for (std::size_t k = 0; k < out.size(); ++k) out[k] = widen_f16(bits(k));
}

std::optional<std::size_t> first_not_finite(FloatType type, std::span<const std::byte> data) {
    switch (type) {
        case FloatType::bf16:
            return first_with_exponent<std::uint16_t>(data, 0x7f80);
        case FloatType::f16:
            return first_with_exponent<std::uint16_t>(data, 0x7c00);
        case FloatType::f32:
            break;
    }
    return first_with_exponent<std::uint32_t>(data, 0x7f800000);
}

}  // namespace tephra
