#include "tools/process.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "core/partial_files.hpp"

namespace tephra::tools {
namespace {

std::string last_words;

/// The handler is reset when it is entered, so that the second raise has the signal's default effect.
void clean_up_and_end(int signal) {
    remove_partial_files();
    if (!last_words.empty()) (void)!::write(STDERR_FILENO, last_words.data(), last_words.size());
    std::raise(signal);
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
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) {
        struct sigaction action {};
        ::sigaction(signal, nullptr, &action);
        if (action.sa_handler == SIG_IGN) continue;  // as nohup asks
        action = {};
        action.sa_handler = clean_up_and_end;
        action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
        ::sigaction(signal, &action, nullptr);
    }
    std::signal(SIGXFSZ, SIG_IGN);  // a write beyond the limit of a file's size then fails with a reason
}

}  // namespace tephra::tools
