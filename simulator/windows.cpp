#include "simulator/windows.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>

namespace tephra {

/// Workers beside the calling thread. A window lasts some microseconds, so they wait for the next one by looking, and
/// sleep when it takes long.
struct Windows::Pool {
    explicit Pool(int workers_in) : threads(static_cast<std::size_t>(workers_in)), workers(workers_in) {
        for (int w = 0; w < workers; ++w) boost::asio::post(threads, [this] { work(); });
    }
    ~Pool() {
        stop.store(true);
        open();
        threads.join();
    }
    void run(std::span<Chip* const> chips_in, std::int64_t end_in) {
        chips = chips_in;
        end = end_in;
        next.store(0, std::memory_order_relaxed);
        running.store(workers, std::memory_order_relaxed);
        open();
        take();
        for (int left = running.load(); left != 0; left = running.load()) wait_while(running, left);
    }
    void open() {
        window.fetch_add(1);
        window.notify_all();
    }
    void work() {
        for (int seen = 0;; ++seen) {
            wait_while(window, seen);
            if (stop.load()) return;
            take();
            if (running.fetch_sub(1) == 1) running.notify_all();
        }
    }
    void take() {
        for (std::size_t k = next++; k < chips.size(); k = next++) chips[k]->run_until(end);
    }
    /// Returns once `value` is no longer `old`.
    static void wait_while(const std::atomic<int>& value, int old) {
        constexpr int looks = 20'000;  // some tens of microseconds
        for (int k = 0; k < looks; ++k)
            if (value.load(std::memory_order_acquire) != old) return;
        value.wait(old);
    }

    boost::asio::thread_pool threads;
    const int workers;
    std::span<Chip* const> chips;
    std::int64_t end = 0;
    std::atomic<int> window{0};
    std::atomic<std::size_t> next{0};
    std::atomic<int> running{0};
    std::atomic<bool> stop{false};
};

Windows::Windows(std::vector<std::unique_ptr<Chip>>& chips, std::int64_t length, int threads)
    : chips_(chips), length_(length), next_(chips.size()) {
    const int workers = std::min(threads, static_cast<int>(chips.size())) - 1;
    if (workers > 0) pool_ = std::make_unique<Pool>(workers);
}

Windows::~Windows() = default;

bool Windows::open() {
    std::int64_t first = EventQueue::never;
    for (const std::int64_t time : next_) first = std::min(first, time);
    if (first == EventQueue::never) return false;
    end_ = length_ == EventQueue::never ? EventQueue::never : first + length_;
    active_.clear();
    for (std::size_t c = 0; c < chips_.size(); ++c)
        if (next_[c] < end_) active_.push_back(chips_[c].get());
    // Long work first, so that threads end together; the order changes no result.
    if (pool_) std::ranges::stable_sort(active_, std::greater{}, [](const Chip* chip) { return chip->last_events(); });
    return true;
}

void Windows::run() {
    for (std::size_t c = 0; c < chips_.size(); ++c) next_[c] = chips_[c]->next_time();
    while (open()) {
        if (pool_ && active_.size() > 1)
            pool_->run(active_, end_);
        else
            for (Chip* chip : active_) chip->run_until(end_);
        exchange();
    }
}

void Windows::exchange() {
    for (std::size_t c = 0; c < chips_.size(); ++c)
        if (next_[c] < end_) next_[c] = chips_[c]->next_time();
    for (const auto& chip : chips_) {  // by sender, whatever the order in which they ran
        Outbox& outbox = chip->outbox();
        for (const Mail& mail : outbox.mails) {
            chips_[mail.chip]->receive(mail, outbox);
            next_[mail.chip] = std::min(next_[mail.chip], mail.time);
        }
        outbox.clear();
    }
}

}  // namespace tephra
