#include "core/hash.hpp"

#include <charconv>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace tephra {

Hash128 hash128(std::span<const std::byte> bytes, std::uint64_t seed) {
    const XXH128_hash_t h = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
    return {h.low64, h.high64};
}

Hash128 hash128(std::string_view text, std::uint64_t seed) {
    return hash128(std::as_bytes(std::span(text.data(), text.size())), seed);
}

std::string to_string(const Hash128& hash) {
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const std::uint64_t word : {hash.high, hash.low})
        for (int shift = 60; shift >= 0; shift -= 4) text += digits[(word >> shift) & 15];
    return text;
}

bool parse_hash(std::string_view text, Hash128& hash) {
    if (text.size() != 32) return false;
    const char* middle = text.data() + 16;
    const auto high = std::from_chars(text.data(), middle, hash.high, 16);
    const auto low = std::from_chars(middle, middle + 16, hash.low, 16);
    return high.ec == std::errc() && high.ptr == middle && low.ec == std::errc() && low.ptr == middle + 16;
}

}  // namespace tephra
