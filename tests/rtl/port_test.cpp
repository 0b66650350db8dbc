// The program speaks to a simulated board through a pseudo-terminal, as it would to a real one through its serial
// device.
#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "neuro/lm/synth.hpp"
#include "tests/catch.hpp"
#include "tests/rtl/simulated_board.hpp"
#include "tests/tools/program.hpp"

using namespace tephra;
using test::run_program;

namespace {

/// A board behind the master's end of a pseudo-terminal, in a thread of its own.
class BoardOnPort {
public:
    BoardOnPort() : master_(posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK)) {
        REQUIRE(master_ >= 0);
        REQUIRE(grantpt(master_) == 0);
        REQUIRE(unlockpt(master_) == 0);
        path_ = ptsname(master_);
        // Kept open, so that the line does not close between two users; raw before anything is sent.
        slave_ = open(path_.c_str(), O_RDWR | O_NOCTTY);
        REQUIRE(slave_ >= 0);
        termios settings{};
        tcgetattr(slave_, &settings);
        cfmakeraw(&settings);
        tcsetattr(slave_, TCSANOW, &settings);
        thread_ = std::thread([this] { serve(); });
    }
    BoardOnPort(const BoardOnPort&) = delete;
    BoardOnPort& operator=(const BoardOnPort&) = delete;
    ~BoardOnPort() {
        stop_ = true;
        thread_.join();
        close(slave_);
        close(master_);
    }

    [[nodiscard]] const std::string& path() const { return path_; }
    /// After this the board hears nothing.
    std::atomic<bool> deaf = false;
    [[nodiscard]] std::string fault() { return board_.chip().fault(); }

private:
    void serve() {
        while (!stop_) {
            pollfd entry{master_, POLLIN, 0};
            std::array<std::uint8_t, 2048> bytes{};  // a whole request
            const ssize_t got = poll(&entry, 1, 1) > 0 ? read(master_, bytes.data(), bytes.size()) : 0;
            for (ssize_t n = 0; n < got && !deaf; ++n) board_.send(bytes[static_cast<std::size_t>(n)]);
            // Few at a time: a request whose bytes come late must not be taken for one that stopped.
            for (int n = 0; n < 500; ++n) board_.cycle();
            for (const std::uint8_t byte : board_.received())
                while (write(master_, &byte, 1) != 1 && !stop_) std::this_thread::yield();
        }
    }

    test::SimulatedBoard board_;
    int master_ = -1, slave_ = -1;
    std::string path_;
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

}  // namespace

TEST_CASE("generate tells one text on the native engine and on a board behind a port") {
    const test::TemporaryPath model("tiny.tph"), large("large.tph");
    REQUIRE(write_synthetic_model(synth_shape(48, 2, 70, 120), model.str()));
    REQUIRE(write_synthetic_model(synth_shape(260, 1, 70, 120), large.str()));
    BoardOnPort board;
    const std::string prompt = " --prompt '#1 17 4' -n 5 --greedy ";
    const auto native = run_program("generate " + model.str() + prompt);
    const std::string on_board = prompt + "--engine fpga --port " + board.path() + " --baud 3000000";
    const auto got = run_program("generate " + model.str() + on_board);
    INFO(got.log);
    CHECK(got.exit_code == 0);
    CHECK(got.out == native.out);
    CHECK(run_program("generate " + model.str() + on_board).out == native.out);  // the state begins at zero again
    const auto refused = run_program("generate " + large.str() + on_board);
    CHECK(refused.exit_code == 4);
    CHECK_THAT(refused.log, test::contains("256 elements of the residual, the model needs 260"));
    board.deaf = true;
    const auto silent = run_program("generate " + model.str() + on_board);
    CHECK(silent.exit_code == 5);
    CHECK_THAT(silent.log, test::contains("the board does not answer"));
    CHECK(board.fault() == "");
}
