#include "neuro/spiking/trial.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <system_error>

namespace tephra::spiking {
namespace {

constexpr std::chrono::milliseconds any_read{5'000}, read_of_mebibyte{5'000};
constexpr auto most_mebibytes = std::uintmax_t{1} << 20;

/// Whoever started the program has handlers that clean up; the child has nothing to clean up, and dies in silence.
void prepare_child(pid_t parent, std::chrono::milliseconds longest) {
    for (const int signal : std::array{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGPROF}) std::signal(signal, SIG_DFL);
    // Ctrl-C reaches both. It is for the parent, and where that ends, so does the child.
    for (const int signal : std::array{SIGINT, SIGTERM, SIGHUP}) std::signal(signal, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0);
    constexpr rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    const itimerval limit{{0, 0}, {longest.count() / 1000, longest.count() % 1000 * 1000}};
    setitimer(ITIMER_PROF, &limit, nullptr);
    if (const int null = open("/dev/null", O_WRONLY); null >= 0) {
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
    }
}

}  // namespace

std::chrono::milliseconds longest_read(const std::string& path) {
    std::error_code error;
    const std::uintmax_t bytes = std::filesystem::file_size(path, error);
    if (error) return any_read;
    return any_read + read_of_mebibyte * std::min(bytes >> 20, most_mebibytes);
}

Result<void> survive(const std::string& path, std::chrono::milliseconds longest, const std::function<void()>& read) {
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child < 0) return {};
    if (child == 0) {
        prepare_child(parent, longest);
        try {
            read();
        } catch (...) {  // the parent meets it again and says it
        }
        _exit(0);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return {};
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    const bool endless = WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF;
    return bad_input(endless ? "libhdf5 reads this file without end" : "libhdf5 dies of this file", path,
                     "it is damaged: get it again, or write it anew");
}

}  // namespace tephra::spiking
