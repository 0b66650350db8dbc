#pragma once
// EventHash: the fingerprint of a run.
#include <cstdint>

namespace tephra {

/// Hash of everything that happened, whatever the order of adding: equal for any distribution of chips over threads.
struct EventHash {
    std::uint64_t low = 0, high = 0;

    void add(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
        const std::uint64_t x = mix(mix(mix(a + 0x9E3779B97F4A7C15U) ^ b) ^ c);
        low += x;
        high += mix(x + 0x632BE59BD9B4E019U);
    }
    void add(const EventHash& other) { low += other.low, high += other.high; }

private:
    /// Finalizer of splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
    static constexpr std::uint64_t mix(std::uint64_t x) {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
        return x ^ (x >> 31);
    }
};

}  // namespace tephra
