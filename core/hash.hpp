#pragma once
// Content hash of files and results (XXH3, 128 bits).
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tephra {

struct Hash128 {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    friend bool operator==(const Hash128&, const Hash128&) = default;
};

/// XXH3-128 of the bytes (xxhash.com, XXH3 specification); `seed` chains hashes of parts.
Hash128 hash128(std::span<const std::byte> bytes, std::uint64_t seed = 0);
Hash128 hash128(std::string_view text, std::uint64_t seed = 0);

/// 32 lower-case hexadecimal digits, high word first.
std::string to_string(const Hash128& hash);

/// Reads what to_string writes; false when it is not 32 hexadecimal digits.
bool parse_hash(std::string_view text, Hash128& hash);

}  // namespace tephra
