#pragma once
// Windows: the parallel schedule. All chips advance together in windows as long as the shortest link between chips:
//
//   1. the window begins at the first event of any chip;
//   2. chips with events in it run, in any order, on any thread: what they send to others arrives after its end;
//   3. the mail is handed over, by sender, then by order of sending; the next window begins.
//
// No step depends on the number of threads, so neither does any result.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "neuro/team.hpp"
#include "simulator/event_queue.hpp"

namespace tephra {

/// AnyChip: simulator/chip.hpp, or what a test puts in its place.
template <typename AnyChip>
class Windows {
public:
    /// `length`: of a window, in picoseconds; EventQueue::never when there is one chip. threads in [1, max_threads];
    /// no more than there are chips are started.
    Windows(std::vector<std::unique_ptr<AnyChip>>& chips, std::int64_t length, int threads)
        : chips_(chips),
          length_(length),
          next_(chips.size()),
          team_(static_cast<int>(std::clamp<std::size_t>(chips.size(), 1, static_cast<std::size_t>(threads)))) {}

    /// Runs until no chip has an event left. An exception of a chip ends the run and is thrown again here.
    void run() {
        for (std::size_t c = 0; c < chips_.size(); ++c) next_[c] = chips_[c]->next_time();
        while (open()) {
            team_.for_each(active_.size(), [this](std::size_t k, int) { active_[k]->run_until(end_); });
            exchange();
        }
    }

private:
    /// Finds the next window and the chips that run in it; false when nothing is left.
    bool open() {
        const std::int64_t first = *std::ranges::min_element(next_);
        if (first == EventQueue::never) return false;
        end_ = length_ == EventQueue::never ? EventQueue::never : first + length_;
        active_.clear();
        for (std::size_t c = 0; c < chips_.size(); ++c)
            if (next_[c] < end_) active_.push_back(chips_[c].get());
        // Long work first, so that threads end together; the order changes no result.
        if (team_.size() > 1)
            std::ranges::stable_sort(active_, std::greater{}, [](const AnyChip* chip) { return chip->last_events(); });
        return true;
    }

    void exchange() {
        for (std::size_t c = 0; c < chips_.size(); ++c)
            if (next_[c] < end_) next_[c] = chips_[c]->next_time();
        for (const auto& chip : chips_) {  // by sender, whatever the order in which they ran
            auto& outbox = chip->outbox();
            for (const auto& mail : outbox.mails) {
                chips_[mail.chip]->receive(mail, outbox);
                next_[mail.chip] = std::min(next_[mail.chip], mail.time);
            }
            outbox.clear();
        }
    }

    std::vector<std::unique_ptr<AnyChip>>& chips_;
    std::int64_t length_;
    std::int64_t end_ = 0;
    std::vector<AnyChip*> active_;
    std::vector<std::int64_t> next_;  ///< [chips] first event
    Team team_;
};

}  // namespace tephra
