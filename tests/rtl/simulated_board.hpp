#pragma once
// A board in simulation: rtl/tephra_board.sv with both clocks, an SDRAM that checks its rules, and a serial line.
#include <verilated_board.h>

#include <string>
#include <vector>

#include "backends/fpga/image.hpp"
#include "backends/fpga/link.hpp"
#include "backends/fpga/sdram_model.hpp"

namespace tephra::test {

/// What CMake built the board with.
inline constexpr fpga::CoreShape board_shape{TEPHRA_BOARD_LANES, fpga::Packing{TEPHRA_BOARD_PACKING}, 1, 8, 10, 11, 6};
inline constexpr int board_uart_clocks = TEPHRA_BOARD_UART_CLOCKS;
inline constexpr double board_mhz = 50;  ///< of the core; the SDRAM has twice as many

class SimulatedBoard {
public:
    SimulatedBoard() : chip_(chip_timing()) {
        board_.uart_rx_i = 1;
        board_.rst_ni = board_.sdram_rst_ni = 0;
        edge(true, false);
        for (int n = 0; n < 8; ++n) cycle();
        board_.rst_ni = board_.sdram_rst_ni = 1;
        for (int n = 0; n < 2000; ++n) cycle();  // the chip wakes up
    }

    fpga::SdramModel& chip() { return chip_; }

    /// Cycles of the core so far.
    [[nodiscard]] std::uint64_t cycles() const { return cycles_; }
    /// Cycles in which a token was under way, since the last call.
    std::uint64_t busy_cycles() { return std::exchange(busy_, 0); }

    /// Puts an image into the chip by the back door.
    void load(const fpga::Image& image) {
        for (std::size_t n = 0; n < image.data.size(); ++n) {
            chip_.data()[2 * n] = static_cast<std::uint16_t>(image.data[n]);
            chip_.data()[2 * n + 1] = static_cast<std::uint16_t>(image.data[n] >> 16);
        }
    }

    void send(std::uint8_t byte) {
        const unsigned frame = 0x200U | unsigned{byte} << 1;  // start bit, data, stop bit
        for (int bit = 0; bit < 10; ++bit) {
            board_.uart_rx_i = frame >> bit & 1;
            for (int n = 0; n < board_uart_clocks; ++n) cycle();
        }
    }

    /// What came in since the last call.
    std::vector<std::uint8_t> received() { return std::exchange(received_, {}); }
    [[nodiscard]] bool has_received() const { return !received_.empty(); }

    /// A cycle of the core, two of the SDRAM.
    void cycle() {
        ++cycles_;
        edge(true, true);
        edge(false, true);
        listen();
        busy_ += board_.busy_o;
    }

private:
    static fpga::SdramTiming chip_timing() {
        fpga::SdramTiming timing;
        timing.power_up = TEPHRA_BOARD_POWER_UP;
        return timing;
    }

    void edge(bool core, bool powered) {
        board_.clk_i = board_.sdram_clk_i = 0;
        board_.eval();
        const fpga::SdramPins pins{board_.sdram_command_o, board_.sdram_bank_o, board_.sdram_address_o,
                                   board_.sdram_data_o, board_.sdram_drive_o != 0};
        if (powered) {  // through the registers of the pads, as on a board
            board_.sdram_data_i = pad_in_;
            pad_in_ = chip_.edge(pad_out_);
            pad_out_ = pins;
        }
        board_.clk_i = core;
        board_.sdram_clk_i = 1;
        board_.eval();
    }

    /// The host's receiver: samples the middle of each bit.
    void listen() {
        const bool line = board_.uart_tx_o != 0;
        if (bit_ < 0) {
            if (line) return;
            bit_ = 0;
            timer_ = board_uart_clocks / 2;
        }
        if (--timer_ > 0) return;
        timer_ = board_uart_clocks;
        if (bit_ >= 1 && bit_ <= 8) byte_ = static_cast<std::uint8_t>(byte_ >> 1 | (line ? 0x80 : 0));
        if (++bit_ == 10) {
            received_.push_back(byte_);
            bit_ = -1;
        }
    }

    verilated_board board_;
    fpga::SdramModel chip_;
    fpga::SdramPins pad_out_;
    std::uint16_t pad_in_ = 0;
    std::vector<std::uint8_t> received_;
    std::uint64_t busy_ = 0, cycles_ = 0;
    int bit_ = -1, timer_ = 0;
    std::uint8_t byte_ = 0;
};

/// The line to a simulated board, which can be made to lose and garble bytes.
class SimulatedLine final : public fpga::Transport {
public:
    explicit SimulatedLine(SimulatedBoard& board) : board_(board) {}

    /// Garbles or drops the byte at these positions of what the board gets, or of what it says, counted from 0.
    std::vector<std::uint64_t> garble_sent, drop_sent, garble_received, drop_received;
    bool dead = false;  ///< the board says nothing

    [[nodiscard]] std::string name() const override { return "the simulated board"; }

    Result<void> send(std::span<const std::uint8_t> bytes) override {
        for (const std::uint8_t byte : bytes) {
            const std::uint64_t position = sent_++;
            if (has(drop_sent, position)) continue;
            board_.send(has(garble_sent, position) ? byte ^ 0x10 : byte);
        }
        return {};
    }

    Result<std::vector<std::uint8_t>> receive(std::chrono::milliseconds wait) override {
        const auto limit = static_cast<std::int64_t>(static_cast<double>(wait.count()) * board_mhz * 1000);
        for (std::int64_t n = 0; n < limit && !board_.has_received(); ++n) board_.cycle();
        std::vector<std::uint8_t> bytes;
        for (std::uint8_t byte : board_.received()) {
            const std::uint64_t position = heard_++;
            if (has(drop_received, position) || dead) continue;
            bytes.push_back(has(garble_received, position) ? byte ^ 0x04 : byte);
        }
        if (bytes.empty() && board_.has_received()) return receive(wait);
        return bytes;
    }

    [[nodiscard]] std::chrono::milliseconds clock() const override {
        return std::chrono::milliseconds(
            static_cast<std::int64_t>(static_cast<double>(board_.cycles()) / (board_mhz * 1000)));
    }

private:
    static bool has(const std::vector<std::uint64_t>& positions, std::uint64_t position) {
        return std::find(positions.begin(), positions.end(), position) != positions.end();
    }

    SimulatedBoard& board_;
    std::uint64_t sent_ = 0, heard_ = 0;
};

}  // namespace tephra::test
