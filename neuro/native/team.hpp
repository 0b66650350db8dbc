#pragma once
// A team of threads that stays hot: they spin while a job runs and sleep between jobs.
#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace tephra {

class Team {
public:
    /// threads >= 1; the thread that calls run() is one of them.
    explicit Team(int threads);
    ~Team();
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;
    [[nodiscard]] int size() const { return size_; }
    /// Calls job(worker) once for each worker in [0, size()), at the same time; returns when all have finished.
    void run(const std::function<void(int)>& job);
    /// Inside a job: waits until every worker has come here; what they wrote before is then visible to all.
    void barrier();

private:
    void work(int worker);
    /// Waits until `value` differs from `old`; false when patience ended first.
    [[nodiscard]] bool spin_until_changed(const std::atomic<std::uint32_t>& value, std::uint32_t old) const;

    int size_;
    int patience_;
    const std::function<void(int)>* job_ = nullptr;
    alignas(64) std::atomic<std::uint32_t> jobs_{0};      ///< started so far; the workers wait for it to change
    alignas(64) std::atomic<std::uint32_t> barriers_{0};  ///< passed so far
    alignas(64) std::atomic<int> arrived_{0};
    bool stop_ = false;
    std::vector<std::jthread> others_;
};

/// Part `index` of [0, count) cut into `parts` ranges, whose borders are multiples of 64.
struct Range {
    std::size_t begin = 0, end = 0;
    [[nodiscard]] std::size_t size() const { return end - begin; }
};
Range part_of(std::size_t count, int index, int parts);

}  // namespace tephra
