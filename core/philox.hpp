#pragma once
// Counter-based random numbers: a value depends on its key and counter alone, never on call order.
#include <array>
#include <cstdint>

namespace tephra {

/// Philox4x32-10: 128 random bits for (key, counter).
/// Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section 4.3.
constexpr std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 2> key,
                                                  std::array<std::uint32_t, 4> counter) {
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0];
        const std::uint64_t b = std::uint64_t{0xCD9E8D57} * counter[2];
        counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
                   static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
        key[0] += 0x9E3779B9;
        key[1] += 0xBB67AE85;
    }
    return counter;
}

/// Random words keyed by (seed, stream, id, step), as every random choice in tephra is.
constexpr std::array<std::uint32_t, 4> random_words(std::uint64_t seed, std::uint32_t stream, std::uint64_t id,
                                                    std::uint32_t step) {
    return philox4x32({static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
                      {static_cast<std::uint32_t>(id), static_cast<std::uint32_t>(id >> 32), stream, step});
}

/// Uniform double in [0, 1) from one 32-bit word.
constexpr double unit_interval(std::uint32_t word) {
    return static_cast<double>(word) * 0x1p-32;
}

}  // namespace tephra
