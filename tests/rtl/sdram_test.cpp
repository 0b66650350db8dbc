// The SDRAM controller against a model of the chip that checks its timing.
#include "backends/fpga/sdram_model.hpp"

#include <verilated_sdram.h>

#include <memory>

#include "core/philox.hpp"
#include "tests/catch.hpp"

using namespace tephra;
using namespace tephra::fpga;

namespace {

/// A controller and its chip, an edge at a time.
class Board {
public:
    Board() {
        controller.rst_ni = 0;
        for (const int level : {0, 1}) {  // what the pins show before the first edge is not the controller's
            controller.clk_i = static_cast<std::uint8_t>(level);
            controller.eval();
        }
        step();
        controller.rst_ni = 1;
    }

    verilated_sdram controller;
    SdramModel chip;
    std::vector<std::uint16_t> read;
    std::int64_t cycles = 0;

    void step() {
        controller.clk_i = 0;
        controller.eval();
        if (controller.read_valid_o) read.push_back(controller.read_data_o);
        const SdramPins pins{controller.sdram_command_o, controller.sdram_bank_o, controller.sdram_address_o,
                             controller.sdram_data_o, controller.sdram_drive_o != 0};
        controller.sdram_data_i = chip.edge(pins);
        controller.clk_i = 1;
        controller.eval();
        ++cycles;
    }

    void command(bool write, std::uint32_t address, std::uint32_t count) {
        controller.command_valid_i = 1;
        controller.command_write_i = write;
        controller.command_address_i = address;
        controller.command_count_i = count;
        bool taken = false;
        while (!taken) {
            controller.clk_i = 0;
            controller.eval();
            taken = controller.command_ready_o;
            step();
            REQUIRE(cycles < 100'000'000);
        }
        controller.command_valid_i = 0;
    }
};

std::uint16_t word_of(std::uint32_t address) {
    return static_cast<std::uint16_t>(random_words(3, 1, address, 0)[0]);
}

}  // namespace

TEST_CASE("what is written to the SDRAM is read from it, by the chip's rules, in runs of any place and length") {
    Board board;
    struct Run {
        std::uint32_t address, count;
    };
    // Runs that cross pages, rows and banks, start anywhere, and the last word of the chip.
    const Run runs[] = {{0, 1}, {3, 5}, {508, 9}, {2040, 700}, {100000, 1500}, {16777215, 1}, {16776000, 1216}};
    for (const Run& run : runs) {
        board.command(true, run.address, run.count);
        std::uint32_t done = 0;
        std::uint64_t draw = 0;
        while (done < run.count) {
            board.controller.write_valid_i = random_words(4, 2, draw++, 0)[0] % 3 != 0;
            board.controller.write_data_i = word_of(run.address + done);
            board.controller.clk_i = 0;
            board.controller.eval();
            if (board.controller.write_valid_i && board.controller.write_ready_o) ++done;
            board.step();
        }
        board.controller.write_valid_i = 0;
    }
    for (const bool pauses : {false, true})
        for (const Run& run : runs) {
            INFO(run.address << ", " << run.count << " words");
            board.controller.read_room_i = 0;
            board.command(false, run.address, run.count);
            board.read.clear();
            std::uint64_t draw = 0;
            for (int idle = 0; board.read.size() < run.count && idle < 100000; ++idle) {
                board.controller.read_room_i = !pauses || random_words(5, 3, draw++, 0)[0] % 4 != 0;
                board.step();
            }
            for (int n = 0; n < 10; ++n) board.step();
            REQUIRE(board.read.size() == run.count);
            for (std::uint32_t n = 0; n < run.count; ++n) REQUIRE(board.read[n] == word_of(run.address + n));
        }
    CHECK(board.chip.fault() == "");
    CHECK(board.chip.refreshes() > 8);
}

TEST_CASE("a long run reads more than 95 words in 100 cycles, refresh and pages included") {
    Board board;
    auto& data = board.chip.data();
    for (std::uint32_t n = 0; n < 400000; ++n) data[n] = word_of(n);
    board.controller.read_room_i = 1;
    board.command(false, 0, 400000);
    const std::int64_t begin = board.cycles;
    while (board.read.size() < 400000 && board.cycles < begin + 1000000) board.step();
    REQUIRE(board.read.size() == 400000);
    for (std::uint32_t n = 0; n < 400000; ++n) REQUIRE(board.read[n] == word_of(n));
    CHECK(board.chip.fault() == "");
    const double share = 400000.0 / static_cast<double>(board.cycles - begin);
    INFO(share);
    CHECK(share > 0.95);
    CHECK(share < 1.0);
}

TEST_CASE("the chip's model objects to what breaks its rules") {
    const auto fault_of = [](std::initializer_list<SdramPins> pins, int gap) {
        SdramTiming timing;
        timing.power_up = 0;
        SdramModel chip(timing);
        for (const SdramPins& pin : pins) {
            chip.edge(pin);
            for (int n = 1; n < gap; ++n) chip.edge({});
        }
        return chip.fault();
    };
    const SdramPins close{2, 0, 1 << 10, 0, false}, refresh{1, 0, 0, 0, false}, mode{0, 0, 0x237, 0, false},
        active{3, 0, 5, 0, false}, read{5, 0, 0, 0, false};
    CHECK_THAT(fault_of({active}, 10), test::contains("before the mode is set"));
    CHECK_THAT(fault_of({mode}, 10), test::contains("before eight refreshes"));
    CHECK_THAT(fault_of({refresh, refresh}, 3), test::contains("too soon after a refresh"));
    CHECK_THAT(fault_of({read}, 10), test::contains("closed bank"));
    CHECK_THAT(
        fault_of({close, refresh, refresh, refresh, refresh, refresh, refresh, refresh, refresh, mode, active, active},
                 10),
        test::contains("while one is open"));
    CHECK(fault_of({close, refresh, refresh, refresh, refresh, refresh, refresh, refresh, refresh, mode, active, read,
                    close},
                   10) == "");
}
