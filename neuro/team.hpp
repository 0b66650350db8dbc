#pragma once
// A team of threads that share one job after another. They spin while a job runs, because its parts last microseconds,
// and sleep when the next job takes long to come.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "core/stop.hpp"

namespace tephra {

inline constexpr int max_threads = 1024;

/// Errors: bad_input when a number of threads is not in [1, max_threads].
Result<void> check_threads(int threads);

/// The system has no room for a thread, as std::bad_alloc says of memory. Functions that return a Result turn it into
/// their error by with_threads().
class ThreadsRefused : public std::runtime_error {
public:
    explicit ThreadsRefused(Error error) : std::runtime_error(to_string(error)), error_(std::move(error)) {}
    [[nodiscard]] const Error& error() const { return error_; }

private:
    Error error_;
};

/// The Result of work(), or the error of ThreadsRefused (bad_input).
template <typename Work>
auto with_threads(const Work& work) -> decltype(work()) {
    try {
        return work();
    } catch (const ThreadsRefused& refused) {
        return tl::unexpected(refused.error());
    }
}

class Team {
public:
    /// threads in [1, max_threads]; the thread that calls run() is one of them. Throws ThreadsRefused.
    explicit Team(int threads);
    ~Team();
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;
    [[nodiscard]] int size() const { return size_; }

    /// Calls job(worker) once for each worker in [0, size()), at the same time; returns when all have finished. An
    /// exception of a job ends the others at their next barrier; the first one is thrown again here, and the team can
    /// run the next job. A job must not run another one of the same team. All workers look at the stop flag of the
    /// thread that calls (core/stop.hpp).
    void run(const std::function<void(int)>& job);
    /// Inside a job: waits until every worker has come here; what they wrote before is then visible to all. A
    /// stop_point().
    void barrier();
    /// Calls body(index, worker) once for each index in [0, count); each worker takes the next index when it is free.
    /// A body may write only what belongs to its index or its worker. Exceptions: as of run(), at the next index, which
    /// is a stop_point().
    template <typename Body>
    void for_each(std::size_t count, const Body& body);

private:
    struct Thread;
    struct Abandoned {};  ///< thrown by barrier() after the exception of another worker
    void end();
    void work(int worker);
    void attempt(int worker) noexcept;
    /// Waits until `value` differs from `old`; false when patience ended first.
    template <typename T>
    [[nodiscard]] bool spin_until_changed(const std::atomic<T>& value, T old) const;

    int size_;
    int patience_;
    const std::function<void(int)>* job_ = nullptr;
    const std::atomic<bool>* flag_ = nullptr;  ///< stop flag of the job
    std::exception_ptr error_;                 ///< of the job, written by the worker that sets failed_
    bool stop_ = false;
    alignas(64) std::atomic<std::uint32_t> jobs_{0};      ///< started so far; the workers wait for it to change
    alignas(64) std::atomic<int> running_{0};             ///< other workers that have not finished the job
    alignas(64) std::atomic<int> arrived_{0};             ///< at the barrier
    alignas(64) std::atomic<std::uint32_t> barriers_{0};  ///< passed so far
    std::atomic<bool> failed_{false};                     ///< read with barriers_ by those who wait
    std::vector<std::unique_ptr<Thread>> threads_;
};

template <typename Body>
void Team::for_each(std::size_t count, const Body& body) {
    if (size_ == 1 || count <= 1) {
        for (std::size_t index = 0; index < count; ++index) {
            stop_point();
            body(index, 0);
        }
        return;
    }
    struct Loop {
        std::size_t count;
        const Body& body;
        const std::atomic<bool>& failed;
        std::atomic<std::size_t> next{0};
    } loop{count, body, failed_};
    run([&loop](int worker) {
        for (std::size_t index = loop.next++; index < loop.count && !loop.failed.load(std::memory_order_relaxed);
             index = loop.next++) {
            stop_point();
            loop.body(index, worker);
        }
    });
}

/// A loop shared by at most `threads` threads that live as long as the loop; see Team::for_each(). Throws
/// ThreadsRefused.
template <typename Body>
void parallel_for(std::size_t count, int threads, const Body& body) {
    Team team(static_cast<int>(std::clamp<std::size_t>(count, 1, static_cast<std::size_t>(threads))));
    team.for_each(count, body);
}

/// Part `index` of [0, count) cut into `parts` ranges, whose borders are multiples of 64.
struct Range {
    std::size_t begin = 0, end = 0;
    [[nodiscard]] std::size_t size() const { return end - begin; }
};
Range part_of(std::size_t count, int index, int parts);

}  // namespace tephra
