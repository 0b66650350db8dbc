#include "backends/fpga/serial_port.hpp"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tephra::fpga {
namespace {

struct Rate {
    int baud;
    speed_t code;
};
constexpr std::array rates = {Rate{115200, B115200},  Rate{230400, B230400},   Rate{460800, B460800},
                              Rate{921600, B921600},  Rate{1000000, B1000000}, Rate{2000000, B2000000},
                              Rate{3000000, B3000000}};

class SerialPort final : public Transport {
public:
    SerialPort(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
    ~SerialPort() override { close(descriptor_); }

    [[nodiscard]] std::string name() const override { return path_; }

    Result<void> send(std::span<const std::uint8_t> bytes) override {
        while (!bytes.empty()) {
            if (!wait_for(POLLOUT, send_wait)) return fault("the line takes no bytes");
            const ssize_t sent = write(descriptor_, bytes.data(), bytes.size());
            if (sent < 0 && errno != EAGAIN && errno != EINTR) return fault("cannot write");
            if (sent > 0) bytes = bytes.subspan(static_cast<std::size_t>(sent));
        }
        return {};
    }

    Result<std::vector<std::uint8_t>> receive(std::chrono::milliseconds wait) override {
        std::vector<std::uint8_t> bytes;
        if (!wait_for(POLLIN, wait)) return bytes;
        bytes.resize(4096);
        const ssize_t got = read(descriptor_, bytes.data(), bytes.size());
        if (got < 0 && errno != EAGAIN && errno != EINTR) return fault("cannot read");
        if (got == 0) return fault("the line is closed");
        bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return bytes;
    }

    [[nodiscard]] std::chrono::milliseconds clock() const override {
        return std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::steady_clock::now().time_since_epoch());
    }

private:
    static constexpr std::chrono::milliseconds send_wait{5000};

    [[nodiscard]] bool wait_for(short events, std::chrono::milliseconds wait) const {
        pollfd entry{descriptor_, events, 0};
        return poll(&entry, 1, static_cast<int>(wait.count())) > 0;
    }

    [[nodiscard]] tl::unexpected<Error> fault(const std::string& what) const {
        return fail(ErrorCode::device, what + (errno != 0 ? std::string(": ") + std::strerror(errno) : ""), path_,
                    "is the board still connected?");
    }

    std::string path_;
    int descriptor_;
};

}  // namespace

Result<std::unique_ptr<Transport>> open_serial_port(const std::string& path, int baud) {
    const Rate* rate = nullptr;
    std::string known;
    for (const Rate& r : rates) {
        if (r.baud == baud) rate = &r;
        known += (known.empty() ? "" : ", ") + std::to_string(r.baud);
    }
    if (rate == nullptr) return fail(ErrorCode::usage, std::to_string(baud) + " is no rate of a line", path, known);
    const int descriptor = open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0)
        return fail(ErrorCode::device, std::string("cannot open it: ") + std::strerror(errno), path,
                    "name the device of the board's serial line");
    termios settings{};
    if (tcgetattr(descriptor, &settings) != 0) {
        close(descriptor);
        return fail(ErrorCode::device, "is no serial line", path, "name the device of the board's serial line");
    }
    cfmakeraw(&settings);
    settings.c_cflag |= CLOCAL | CREAD;
    settings.c_cflag &= ~static_cast<tcflag_t>(CRTSCTS | CSTOPB);
    if (cfsetspeed(&settings, rate->code) != 0 || tcsetattr(descriptor, TCSANOW, &settings) != 0) {
        close(descriptor);
        return fail(ErrorCode::device, "cannot be set to " + std::to_string(baud) + " bits a second", path,
                    "try another of " + known);
    }
    tcflush(descriptor, TCIOFLUSH);
    return std::make_unique<SerialPort>(path, descriptor);
}

}  // namespace tephra::fpga
