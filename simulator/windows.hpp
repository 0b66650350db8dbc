#pragma once
// Windows: the parallel schedule. All chips advance together in windows as long as the shortest link between chips:
//
//   1. the window begins at the first event of any chip;
//   2. chips with events in it run, in any order, on any thread: what they send to others arrives after its end;
//   3. the mail is handed over, by sender, then by order of sending; the next window begins.
//
// No step depends on the number of threads, so neither does any result.
#include <cstdint>
#include <memory>
#include <vector>

#include "simulator/chip.hpp"

namespace tephra {

class Windows {
public:
    /// `length`: of a window, in picoseconds; EventQueue::never when there is one chip.
    Windows(std::vector<std::unique_ptr<Chip>>& chips, std::int64_t length, int threads);
    ~Windows();
    Windows(const Windows&) = delete;
    Windows& operator=(const Windows&) = delete;

    /// Runs until no chip has an event left.
    void run();

private:
    struct Pool;
    /// Finds the next window and the chips that run in it; false when nothing is left.
    bool open();
    void exchange();

    std::vector<std::unique_ptr<Chip>>& chips_;
    std::int64_t length_;
    std::int64_t end_ = 0;
    std::vector<Chip*> active_;
    std::vector<std::int64_t> next_;  ///< [chips] first event
    std::unique_ptr<Pool> pool_;
};

}  // namespace tephra
