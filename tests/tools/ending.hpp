#pragma once
// Programs that are ended by a signal, once they have saved their state.
#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <utility>

#include "tests/tools/program.hpp"

namespace tephra::test {

/// What tells one version of a file from the next.
inline std::pair<ino_t, std::int64_t> version_of(const std::string& path) {
    struct stat file {};
    if (::stat(path.c_str(), &file) != 0) return {};
    return {file.st_ino, std::int64_t{file.st_mtim.tv_sec} * 1'000'000'000 + file.st_mtim.tv_nsec};
}

struct Ended {
    bool by_itself = false;
    int signal = 0;
};

/// Starts a command of the shell, waits until it has replaced the checkpoint, waits `milliseconds` more, sends the
/// signal. Its standard error goes to `log`.
inline Ended end_command(const std::string& command, const std::string& checkpoint, int signal, int milliseconds,
                         const std::string& log) {
    const auto before = version_of(checkpoint);
    const pid_t child = ::fork();
    if (child == 0) {
        const std::string script = "exec " + command + " </dev/null >/dev/null 2>" + log;
        ::execl("/bin/sh", "sh", "-c", script.c_str(), static_cast<char*>(nullptr));
        ::_exit(127);
    }
    REQUIRE(child > 0);
    int status = 0;
    while (version_of(checkpoint) == before) {
        if (::waitpid(child, &status, WNOHANG) == child) return {true, WIFSIGNALED(status) ? WTERMSIG(status) : 0};
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    ::kill(child, signal);
    ::waitpid(child, &status, 0);
    return {!WIFSIGNALED(status), WIFSIGNALED(status) ? WTERMSIG(status) : 0};
}

/// The same of the program with these arguments.
inline Ended end_after_checkpoint(const std::string& arguments, const std::string& checkpoint, int signal,
                                  int milliseconds, const std::string& log) {
    return end_command(std::string(TEPHRA_PROGRAM) + " " + arguments, checkpoint, signal, milliseconds, log);
}

}  // namespace tephra::test
