#include "tools/process.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

#include "core/partial_files.hpp"

namespace tephra::tools {
namespace {

std::string last_words;
constexpr int stopping[] = {SIGINT, SIGTERM, SIGHUP};
std::atomic<bool> asked_to_stop = false;
std::atomic<int> stopped_by = 0;
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

/// As a handler: without it the second raise has the signal's default effect.
void clean_up_and_end(int signal) {
    remove_partial_files();
    if (!last_words.empty()) (void)!::write(STDERR_FILENO, last_words.data(), last_words.size());
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

void ask_to_stop(int signal) {
    int none = 0;
    if (!stopped_by.compare_exchange_strong(none, signal)) return clean_up_and_end(signal);
    asked_to_stop = true;
}

/// Handles what is not ignored, as nohup asks.
void handle(int signal, void (*handler)(int)) {
    struct sigaction action {};
    ::sigaction(signal, nullptr, &action);
    if (action.sa_handler == SIG_IGN) return;
    action = {};
    action.sa_handler = handler;
    action.sa_flags = SA_NODEFER;
    ::sigaction(signal, &action, nullptr);
}

}  // namespace

void open_standard_streams() {
    // open() gives the lowest number that is free. Read-only: a write fails, as it does on a closed stream.
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream)
        if (::fcntl(stream, F_GETFD) < 0) ::open("/dev/null", O_RDONLY);
}

void set_last_words(const std::string& text) {
    last_words = text;
}

void install_signal_handlers() {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) handle(signal, clean_up_and_end);
    std::signal(SIGXFSZ, SIG_IGN);  // a write beyond the limit of a file's size then fails with a reason
}

StopOnSignal::StopOnSignal() {
    for (const int signal : stopping) handle(signal, ask_to_stop);
}

StopOnSignal::~StopOnSignal() {
    for (const int signal : stopping) handle(signal, clean_up_and_end);
}

const std::atomic<bool>* StopOnSignal::flag() {
    return &asked_to_stop;
}

int StopOnSignal::signal() {
    return stopped_by;
}

void end_by_signal(int signal) {
    clean_up_and_end(signal);
    std::_Exit(128 + signal);  // where the system blocks the signal
}

}  // namespace tephra::tools
