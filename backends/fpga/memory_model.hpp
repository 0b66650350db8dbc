#pragma once
// A memory behind the core's port, cycle by cycle: latency, bursts, refresh, and pauses at random.
#include <cstdint>
#include <deque>
#include <span>

#include "core/philox.hpp"

namespace tephra::fpga {

/// Timing in cycles of the core. The default is an ideal memory: a word every cycle, one cycle after the command.
struct MemoryTiming {
    int latency = 1;           ///< from a command, or the end of a gap, to its first word
    int burst = 0;             ///< words without a gap; 0: all
    int burst_gap = 0;         ///< cycles between bursts of a command
    int refresh_interval = 0;  ///< cycles between refreshes; 0: none
    int refresh_length = 0;    ///< cycles that a refresh takes
    double pause = 0;          ///< chance that a cycle brings no word
    std::uint64_t pause_seed = 0;
};

class MemoryModel {
public:
    /// `units` of 32 bits make a word of `data`.
    MemoryModel(std::span<const std::uint32_t> data, int units, const MemoryTiming& timing)
        : data_(data), units_(static_cast<std::size_t>(units)), timing_(timing) {}

    /// Commands that the memory takes at once.
    static constexpr std::size_t most_commands = 2;
    [[nodiscard]] bool command_ready() const { return commands_.size() < most_commands; }

    /// True when a word is offered this cycle; stays true until it is taken.
    [[nodiscard]] bool valid() const { return valid_; }
    [[nodiscard]] const std::uint32_t* word() const { return data_.data() + address_ * units_; }
    /// True once a command reached beyond the data: a fault of the image or of the core.
    [[nodiscard]] bool overran() const { return overran_; }

    /// Ends a cycle in which the core showed these.
    void step(bool command, std::uint32_t address, std::uint32_t count, bool take) {
        ++cycle_;
        if (command && command_ready()) {
            if (count == 0 || (std::size_t{address} + count) * units_ > data_.size())
                overran_ = true;
            else
                commands_.push_back({address, count});
        }
        if (valid_ && take) {
            valid_ = false;
            ++address_;
            if (--left_ == 0) {
                active_ = false;
                if (!commands_.empty()) start();
            } else if (timing_.burst > 0 && ++in_burst_ == timing_.burst) {
                in_burst_ = 0;
                wait_ = timing_.burst_gap;
            }
        } else if (!active_ && !commands_.empty()) {
            start();
        }
        if (timing_.refresh_interval > 0 && cycle_ % static_cast<std::uint64_t>(timing_.refresh_interval) == 0)
            wait_ += timing_.refresh_length;
        if (valid_ || !active_) return;
        if (wait_ > 0)
            --wait_;
        else
            valid_ =
                timing_.pause <= 0 || unit_interval(random_words(timing_.pause_seed, 9, cycle_, 0)[0]) >= timing_.pause;
    }

private:
    struct Command {
        std::uint32_t address, count;
    };

    void start() {
        address_ = commands_.front().address;
        left_ = commands_.front().count;
        commands_.pop_front();
        active_ = true;
        in_burst_ = 0;
        wait_ = timing_.latency - 1;
    }

    std::span<const std::uint32_t> data_;
    std::size_t units_;
    MemoryTiming timing_;
    std::deque<Command> commands_;
    std::uint64_t cycle_ = 0;
    std::size_t address_ = 0;
    std::uint32_t left_ = 0;
    int in_burst_ = 0, wait_ = 0;
    bool active_ = false, valid_ = false, overran_ = false;
};

}  // namespace tephra::fpga
