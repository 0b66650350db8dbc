#include "neuro/native/team.hpp"

#include <hwy/cache_control.h>

#include <algorithm>
#include <cassert>

namespace tephra {
namespace {

/// Checks of a spinning thread before it lets others run: about 50 us, longer than any wait between two barriers unless
/// a thread of the team was suspended; few where the threads share processors and spinning only keeps others away.
int patience_of(int threads) {
    return threads <= static_cast<int>(std::thread::hardware_concurrency()) ? 4000 : 50;
}

}  // namespace

Team::Team(int threads) : size_(threads), patience_(patience_of(threads)) {
    assert(threads >= 1);
    for (int worker = 1; worker < threads; ++worker) others_.emplace_back([this, worker] { work(worker); });
}

Team::~Team() {
    stop_ = true;
    jobs_.fetch_add(1, std::memory_order_release);
    jobs_.notify_all();
}

void Team::run(const std::function<void(int)>& job) {
    if (size_ > 1) {
        job_ = &job;
        jobs_.fetch_add(1, std::memory_order_release);
        jobs_.notify_all();
    }
    job(0);
    barrier();
}

void Team::barrier() {
    if (size_ == 1) return;
    const std::uint32_t passed = barriers_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
        arrived_.store(0, std::memory_order_relaxed);
        barriers_.store(passed + 1, std::memory_order_release);
        return;
    }
    while (!spin_until_changed(barriers_, passed)) std::this_thread::yield();
}

bool Team::spin_until_changed(const std::atomic<std::uint32_t>& value, std::uint32_t old) const {
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
        (*job_)(worker);
        barrier();
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
