#include "neuro/team.hpp"

#include <hwy/cache_control.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cassert>
#include <string>
#include <thread>
#include <utility>

namespace tephra {
namespace {

/// Polls of a waiting thread before it lets others run: about 50 us, longer than any wait between two barriers unless
/// a thread of the team was suspended. Few where threads share processors: polling then only keeps the others away.
int patience_of(int threads) {
    return threads <= static_cast<int>(std::thread::hardware_concurrency()) ? 4000 : 50;
}

}  // namespace

/// A pool of its own for each worker: when the system refuses a thread, a pool of several waits for ever for those that
/// it has started.
struct Team::Thread {
    boost::asio::thread_pool pool{1};
};

Result<void> check_threads(int threads) {
    if (threads >= 1 && threads <= max_threads) return {};
    return bad_input(std::to_string(threads) + " threads", "threads",
                     "use 1 to " + std::to_string(max_threads) + ", best as many as the machine has processors");
}

Team::Team(int threads) : size_(threads), patience_(patience_of(threads)) {
    assert(threads >= 1 && threads <= max_threads);
    try {
        for (int worker = 1; worker < threads; ++worker) {
            threads_.push_back(std::make_unique<Thread>());
            boost::asio::post(threads_.back()->pool, [this, worker] { work(worker); });
        }
    } catch (const std::exception& reason) {
        end();
        throw ThreadsRefused({ErrorCode::bad_input,
                              "the system has room for " + std::to_string(threads_.size() + 1) + " of " +
                                  std::to_string(threads) + " threads: " + reason.what(),
                              "threads", "ask for fewer, or raise the limits on threads and memory (ulimit -u, -v)"});
    }
}

Team::~Team() {
    end();
}

/// The threads that were started end.
void Team::end() {
    stop_ = true;
    jobs_.fetch_add(1, std::memory_order_release);
    jobs_.notify_all();
    for (const auto& thread : threads_) thread->pool.join();
}

void Team::run(const std::function<void(int)>& job) {
    if (size_ == 1) return job(0);
    assert(running_.load() == 0);
    job_ = &job;
    flag_ = stop_flag();
    running_.store(size_ - 1, std::memory_order_relaxed);
    jobs_.fetch_add(1, std::memory_order_release);
    jobs_.notify_all();
    attempt(0);
    for (int left = running_.load(std::memory_order_acquire); left != 0;
         left = running_.load(std::memory_order_acquire))
        if (!spin_until_changed(running_, left)) running_.wait(left, std::memory_order_acquire);
    if (!failed_.load(std::memory_order_relaxed)) return;
    arrived_.store(0, std::memory_order_relaxed);
    failed_.store(false, std::memory_order_relaxed);
    std::rethrow_exception(std::exchange(error_, nullptr));
}

void Team::attempt(int worker) noexcept {
    try {
        const StopScope scope(flag_);
        (*job_)(worker);
    } catch (const Abandoned&) {  // the exception that ended this worker's job is kept already
    } catch (...) {
        if (!failed_.exchange(true, std::memory_order_acq_rel)) error_ = std::current_exception();
    }
}

void Team::barrier() {
    stop_point();
    if (size_ == 1) return;
    const std::uint32_t passed = barriers_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
        arrived_.store(0, std::memory_order_relaxed);
        barriers_.store(passed + 1, std::memory_order_release);
        return;
    }
    while (!spin_until_changed(barriers_, passed)) {
        if (failed_.load(std::memory_order_relaxed)) throw Abandoned{};
        std::this_thread::yield();
    }
}

template <typename T>
bool Team::spin_until_changed(const std::atomic<T>& value, T old) const {
    for (int i = 0; i < patience_; ++i) {
        if (value.load(std::memory_order_acquire) != old) return true;
        hwy::Pause();
    }
    return false;
}

void Team::work(int worker) {
    for (std::uint32_t seen = 0;; ++seen) {
        if (!spin_until_changed(jobs_, seen)) jobs_.wait(seen, std::memory_order_acquire);
        if (stop_) return;
        attempt(worker);
        if (running_.fetch_sub(1, std::memory_order_acq_rel) == 1) running_.notify_all();
    }
}

Range part_of(std::size_t count, int index, int parts) {
    const std::size_t units = (count + 63) / 64;
    const auto border = [&](int i) {
        return std::min(count, units * static_cast<std::size_t>(i) / static_cast<std::size_t>(parts) * 64);
    };
    return {border(index), border(index + 1)};
}

}  // namespace tephra
