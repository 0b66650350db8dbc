#pragma once
// Windows: the parallel schedule. All chips advance together in windows as long as the shortest link between chips:
//
//   1. the window begins at the first event of any chip;
//   2. chips with events in it run, in any order, on any thread: what they send to others arrives after its end;
//   3. the mail is handed over, by sender, then by order of sending; the next window begins.
//
// No step depends on the number of threads, so neither does any result. Nor on the number of processes that share the
// chips: each runs its own, and learns at the end of a window what others sent to them, and where the next one begins.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "neuro/team.hpp"
#include "simulator/event_queue.hpp"

namespace tephra {

/// There are no other processes.
struct AloneInWindows {};

/// What happens between two windows, where the state of the run is whole: of several wishes, the greatest.
enum class Pause : std::uint8_t { none, save, stop };

/// AnyChip: simulator/chip.hpp, Others: simulator/ranked_run.hpp, or what a test puts in their place.
template <typename AnyChip, typename Others = AloneInWindows>
class Windows {
public:
    /// A chip that is nullptr is idle, or `others` have it. `length`: of a window, in picoseconds; EventQueue::never
    /// when there is one chip. threads in [1, max_threads]; no more than there are chips here are started.
    Windows(std::vector<std::unique_ptr<AnyChip>>& chips, std::int64_t length, int threads, Others* others = nullptr)
        : chips_(chips),
          length_(length),
          mine_(present(chips)),
          next_(chips.size(), EventQueue::never),
          others_(others),
          team_(static_cast<int>(std::clamp<std::size_t>(mine_.size(), 1, static_cast<std::size_t>(threads)))) {}

    /// `wanted` is asked at the end of every window. Where any process wants a pause, all call `pause`, once the mail
    /// is handed over; what it throws leaves run().
    void pauses(std::function<Pause()> wanted, std::function<void(Pause)> pause) {
        wanted_ = std::move(wanted);
        pause_ = std::move(pause);
    }

    /// Runs until no chip has an event left. An exception of a chip ends the run and is thrown again here.
    void run() {
        for (const std::size_t c : mine_) next_[c] = chips_[c]->next_time();
        exchange(Pause::none);
        while (open()) {
            team_.for_each(active_.size(), [this](std::size_t k, int) { active_[k]->run_until(end_); });
            const Pause pause = exchange(wanted_ ? wanted_() : Pause::none);
            if (pause != Pause::none) pause_(pause);
        }
    }

private:
    static std::vector<std::size_t> present(const std::vector<std::unique_ptr<AnyChip>>& chips) {
        std::vector<std::size_t> here;
        for (std::size_t c = 0; c < chips.size(); ++c)
            if (chips[c]) here.push_back(c);
        return here;
    }

    /// Finds the next window and the chips that run in it; false when nothing is left.
    bool open() {
        if (first_ == EventQueue::never) return false;
        end_ = length_ == EventQueue::never ? EventQueue::never : first_ + length_;
        active_.clear();
        for (const std::size_t c : mine_)
            if (next_[c] < end_) active_.push_back(chips_[c].get());
        // Long work first, so that threads end together; the order changes no result.
        if (team_.size() > 1)
            std::ranges::stable_sort(active_, std::greater{}, [](const AnyChip* chip) { return chip->last_events(); });
        return true;
    }

    /// Returns what pause any process wants.
    Pause exchange(Pause wanted) {
        for (const std::size_t c : mine_)
            if (next_[c] < end_) next_[c] = chips_[c]->next_time();
        if constexpr (!std::is_same_v<Others, AloneInWindows>) {
            if (others_ != nullptr) {
                first_ = others_->swap(chips_, *std::ranges::min_element(next_), wanted);
                // By sender, whatever the order in which they ran, and whoever ran them.
                for (std::size_t c = 0; c < chips_.size(); ++c)
                    hand_over(chips_[c] ? chips_[c]->outbox() : others_->outbox(c));
                return wanted;
            }
        }
        for (const std::size_t c : mine_) hand_over(chips_[c]->outbox());
        first_ = *std::ranges::min_element(next_);
        return wanted;
    }

    template <typename Outbox>
    void hand_over(Outbox& outbox) {
        for (const auto& mail : outbox.mails) {
            if (!chips_[mail.chip]) continue;  // the others have it
            chips_[mail.chip]->receive(mail, outbox);
            next_[mail.chip] = std::min(next_[mail.chip], mail.time);
        }
        outbox.clear();
    }

    std::vector<std::unique_ptr<AnyChip>>& chips_;
    std::int64_t length_;
    std::int64_t first_ = 0, end_ = 0;
    std::vector<AnyChip*> active_;
    std::vector<std::size_t> mine_;   ///< chips of this process
    std::vector<std::int64_t> next_;  ///< [chips] first event
    Others* others_;
    std::function<Pause()> wanted_;  ///< may be empty
    std::function<void(Pause)> pause_;
    Team team_;
};

}  // namespace tephra
