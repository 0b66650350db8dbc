#pragma once
// Memory read bandwidth: the limit of everything that reads each weight once.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>
#include <thread>
#include <vector>

namespace tephra::bench {

/// OR of all words by wide vectors, unrolled so that only the loads count.
inline std::uint64_t read_all(std::span<const std::uint64_t> words) {
    using Vector = std::uint64_t __attribute__((vector_size(64)));
    Vector a{}, b{}, c{}, d{};
    const auto* from = reinterpret_cast<const Vector*>(words.data());
    for (std::size_t i = 0; i + 4 <= words.size() / 8; i += 4) {
        a |= from[i];
        b |= from[i + 1];
        c |= from[i + 2];
        d |= from[i + 3];
    }
    a |= b | c | d;
    std::uint64_t all = 0;
    for (int i = 0; i < 8; ++i) all |= a[i];
    return all;
}

/// Bytes a second that `threads` threads read together from `bytes` of memory, each its own part, all of it once.
inline double read_rate(std::span<const std::uint64_t> words, int threads) {
    std::atomic<int> ready{0};
    std::atomic<std::uint64_t> sink{0};
    std::vector<std::jthread> team;
    std::chrono::steady_clock::time_point start;
    const std::size_t part = words.size() / static_cast<std::size_t>(threads) / 32 * 32;
    const auto work = [&](int index) {
        ++ready;
        while (ready < threads) continue;
        if (index == 0) start = std::chrono::steady_clock::now();
        sink |= read_all(words.subspan(static_cast<std::size_t>(index) * part, part));
    };
    for (int i = 1; i < threads; ++i) team.emplace_back(work, i);
    work(0);
    team.clear();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return static_cast<double>(part * sizeof(std::uint64_t)) * threads / seconds + (sink == 1 ? 1 : 0);
}

}  // namespace tephra::bench
