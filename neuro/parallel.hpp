#pragma once
// A loop whose iterations are shared out among threads.
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace tephra {

/// Calls body(index, worker) once for every index in [0, count); worker is in [0, threads). The order is not fixed, so
/// a body may write only what belongs to its index or its worker.
template <typename Body>
void parallel_for(std::size_t count, int threads, const Body& body) {
    std::atomic<std::size_t> next{0};
    const auto work = [&](int worker) {
        for (std::size_t index = next++; index < count; index = next++) body(index, worker);
    };
    std::vector<std::jthread> others;
    for (int worker = 1; worker < threads && static_cast<std::size_t>(worker) < count; ++worker)
        others.emplace_back(work, worker);
    work(0);
}

}  // namespace tephra
