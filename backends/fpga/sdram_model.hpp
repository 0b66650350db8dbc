#pragma once
// An SDRAM chip behind tephra_sdram's pins, with a checker of its timing.
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace tephra::fpga {

/// Limits of a chip in cycles of its clock. The default is IS42S16160G-7 (16 M x 16) at 100 MHz: its data sheet's
/// nanoseconds, rounded up.
struct SdramTiming {
    int row_bits = 13, column_bits = 9;
    int cas_latency = 3;
    int row_cycle = 7;       ///< tRC, tRFC: 60 ns
    int row_active = 5;      ///< tRAS: 42 ns
    int row_to_column = 2;   ///< tRCD: 15 ns, 20 with the slower chips that boards carry
    int precharge = 2;       ///< tRP
    int write_recovery = 2;  ///< tWR, tDPL: 2 cycles
    int power_up = 20000;    ///< 200 us
    int refresh_rows = 8192;
    std::int64_t refresh_within = 6'400'000;  ///< 64 ms
};

/// Levels of the pins in a cycle.
struct SdramPins {
    std::uint8_t command = 7;  ///< {cs, ras, cas, we}, low active
    std::uint8_t bank = 0;
    std::uint16_t address = 0;
    std::uint16_t data = 0;
    bool drive = false;  ///< the controller drives the data pins
};

class SdramModel {
public:
    explicit SdramModel(const SdramTiming& timing = {})
        : timing_(timing), data_(std::size_t{4} << (timing.row_bits + timing.column_bits)) {}

    /// Words by address {row, bank, column}, for the back door.
    [[nodiscard]] std::vector<std::uint16_t>& data() { return data_; }
    /// The first breach of the chip's rules, or "".
    [[nodiscard]] const std::string& fault() const { return fault_; }
    [[nodiscard]] std::int64_t refreshes() const { return refreshes_; }

    /// One edge of the chip's clock with these pins. Returns the data that the controller samples at this edge: what a
    /// read that stood on the pins cas_latency edges before brings; garbage when none did.
    std::uint16_t edge(const SdramPins& pins) {
        ++now_;
        const std::uint16_t out = pipe_[static_cast<std::size_t>(now_) % pipe_.size()];
        const bool was_driving = driving_[static_cast<std::size_t>(now_) % pipe_.size()];
        pipe_[static_cast<std::size_t>(now_) % pipe_.size()] = garbage;
        driving_[static_cast<std::size_t>(now_) % pipe_.size()] = false;
        if (pins.drive && was_driving) breach("both ends drive the data pins");
        // A burst goes on from column to column of the page, until it is ended; what was under way still comes.
        obey(pins);
        if (bursting_) {
            const std::size_t when = static_cast<std::size_t>(now_ + timing_.cas_latency) % pipe_.size();
            pipe_[when] = data_[index(burst_bank_, column_)];
            driving_[when] = true;
            column_ = (column_ + 1) % (1U << timing_.column_bits);
        }
        if (ready_ && now_ - last_refreshed_.at(static_cast<std::size_t>(refreshes_ % timing_.refresh_rows)) >
                          timing_.refresh_within)
            breach("a row was not refreshed in time");
        return out;
    }

private:
    static constexpr std::uint16_t garbage = 0xDEAD;
    struct Bank {
        bool open = false;
        std::uint32_t row = 0;
        std::int64_t opened = -1000, closed = -1000, written = -1000;
    };

    void breach(const std::string& what) {
        if (fault_.empty()) fault_ = "cycle " + std::to_string(now_) + ": " + what;
    }
    void demand(bool good, const char* what) {
        if (!good) breach(what);
    }
    [[nodiscard]] std::size_t index(std::size_t bank, std::uint32_t column) const {
        return ((std::size_t{banks_[bank].row} << 2 | bank) << timing_.column_bits) | column;
    }

    void obey(const SdramPins& pins) {
        Bank& bank = banks_[pins.bank & 3];
        const std::uint32_t column = pins.address & ((1U << timing_.column_bits) - 1);
        if ((pins.command & 8) != 0 || pins.command == 7) return;
        demand(now_ > timing_.power_up, "a command before the chip is awake");
        demand(now_ - refreshed_ >= timing_.row_cycle, "a command too soon after a refresh");
        switch (pins.command) {
            case 3:  // active
                demand(ready_, "a row opened before the mode is set");
                demand(!bank.open, "a row opened while one is open");
                demand(now_ - bank.closed >= timing_.precharge, "a row opened too soon after the last was closed");
                demand(now_ - bank.opened >= timing_.row_cycle, "rows opened too soon one after the other");
                bank = {true, pins.address, now_, bank.closed, bank.written};
                break;
            case 5:  // read
                demand(bank.open, "a read of a closed bank");
                demand(now_ - bank.opened >= timing_.row_to_column, "a read too soon after its row was opened");
                demand((pins.address >> 10 & 1) == 0, "automatic precharge, which this model does not have");
                bursting_ = true;
                burst_bank_ = pins.bank & 3;
                column_ = column;
                break;
            case 4:  // write
                demand(bank.open, "a write to a closed bank");
                demand(now_ - bank.opened >= timing_.row_to_column, "a write too soon after its row was opened");
                demand(pins.drive, "a write without data");
                bursting_ = false;
                data_[index(pins.bank & 3, column)] = pins.data;
                bank.written = now_;
                break;
            case 6:  // terminate
                bursting_ = false;
                break;
            case 2:  // precharge
                for (std::size_t b = 0; b < banks_.size(); ++b) {
                    if ((pins.address >> 10 & 1) == 0 && b != (pins.bank & 3)) continue;
                    if (!banks_[b].open) continue;
                    demand(now_ - banks_[b].opened >= timing_.row_active, "a row closed too soon");
                    demand(now_ - banks_[b].written >= timing_.write_recovery, "a row closed too soon after a write");
                    if (burst_bank_ == b) bursting_ = false;
                    banks_[b].open = false;
                    banks_[b].closed = now_;
                }
                break;
            case 1:  // refresh
                for (const Bank& b : banks_) {
                    demand(!b.open, "a refresh with an open row");
                    demand(now_ - b.closed >= timing_.precharge, "a refresh too soon after a row was closed");
                }
                refreshed_ = now_;
                last_refreshed_.at(static_cast<std::size_t>(refreshes_++ % timing_.refresh_rows)) = now_;
                break;
            default:  // mode
                demand(refreshes_ >= 8, "the mode set before eight refreshes");
                demand((pins.address >> 4 & 7) == timing_.cas_latency, "another CAS latency than the model's");
                demand((pins.address & 7) == 7, "bursts that are not of a page");
                ready_ = true;
                last_refreshed_.assign(static_cast<std::size_t>(timing_.refresh_rows), now_);
                break;
        }
    }

    SdramTiming timing_;
    std::vector<std::uint16_t> data_;
    std::array<Bank, 4> banks_{};
    std::array<std::uint16_t, 8> pipe_{};
    std::array<bool, 8> driving_{};
    std::vector<std::int64_t> last_refreshed_ = std::vector<std::int64_t>(8192);
    std::int64_t now_ = 0, refreshed_ = -1000, refreshes_ = 0;
    bool ready_ = false, bursting_ = false;
    std::size_t burst_bank_ = 0;
    std::uint32_t column_ = 0;
    std::string fault_;
};

}  // namespace tephra::fpga
