#pragma once
// Storage types of real-valued tensors, as checkpoints and deployment files hold them (little-endian).
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace tephra {

/// Storage type of a tensor's elements.
enum class FloatType : std::uint8_t { bf16 = 0, f16 = 1, f32 = 2 };

static_assert(std::endian::native == std::endian::little, "files are mapped and read in place");

/// Bytes of one element.
constexpr std::size_t element_bytes(FloatType type) {
    return type == FloatType::f32 ? 4 : 2;
}

/// A stored real number taken apart: (-1)^negative x magnitude x 2^exponent; infinity and NaN are not finite.
struct FloatParts {
    std::uint32_t magnitude = 0;
    int exponent = 0;
    bool negative = false;
    bool finite = true;
};

/// Parts of an IEEE-like number with `exponent_bits` and `fraction_bits`, subnormals included.
constexpr FloatParts float_parts(std::uint32_t bits, int exponent_bits, int fraction_bits) {
    const std::uint32_t exponent_mask = (1U << exponent_bits) - 1;
    const std::uint32_t fraction = bits & ((1U << fraction_bits) - 1);
    const std::uint32_t exponent = (bits >> fraction_bits) & exponent_mask;
    const int bias = (1 << (exponent_bits - 1)) - 1;
    FloatParts parts;
    parts.negative = (bits >> (fraction_bits + exponent_bits) & 1) != 0;
    parts.finite = exponent != exponent_mask;
    parts.magnitude = exponent == 0 ? fraction : fraction | (1U << fraction_bits);
    parts.exponent = (exponent == 0 ? 1 : static_cast<int>(exponent)) - bias - fraction_bits;
    return parts;
}

/// Stored bits of element `index`.
inline std::uint32_t element_bits(FloatType type, std::span<const std::byte> data, std::size_t index) {
    const std::size_t width = element_bytes(type);
    std::uint32_t bits = 0;
    std::memcpy(&bits, data.data() + index * width, width);
    return bits;
}

inline FloatParts element_parts(FloatType type, std::span<const std::byte> data, std::size_t index) {
    const std::uint32_t bits = element_bits(type, data, index);
    switch (type) {
        case FloatType::bf16:
            return float_parts(bits, 8, 7);
        case FloatType::f16:
            return float_parts(bits, 5, 10);
        case FloatType::f32:
            break;
    }
    return float_parts(bits, 8, 23);
}

/// Widens data.size() / element_bytes(type) elements exactly.
void widen(FloatType type, std::span<const std::byte> data, std::span<float> out);

/// Index of the first element that is infinite or NaN.
std::optional<std::size_t> first_not_finite(FloatType type, std::span<const std::byte> data);

}  // namespace tephra
