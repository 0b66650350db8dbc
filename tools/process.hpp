#pragma once
// What the program settles with the system before a verb runs, and signals that a verb takes itself.
#include <atomic>
#include <string>

namespace tephra::tools {

/// Opens what of the standard streams is closed, so that no file of ours gets the number of one and takes what is
/// printed. Writes to a closed standard output still fail.
void open_standard_streams();

/// A signal that ends the process removes half-written outputs first. The process then ends by the same signal.
void install_signal_handlers();

/// What such a signal prints to stderr before the process ends.
void set_last_words(const std::string& text);
/// While it lives, the first SIGINT, SIGTERM or SIGHUP only sets a flag; a second one ends the process as before. A
/// signal that is ignored stays so. One lives at a time.
class StopOnSignal {
public:
    StopOnSignal();
    StopOnSignal(const StopOnSignal&) = delete;
    StopOnSignal& operator=(const StopOnSignal&) = delete;
    ~StopOnSignal();
    /// For StopScope (core/stop.hpp).
    [[nodiscard]] static const std::atomic<bool>* flag();
    /// The signal that came, or 0.
    [[nodiscard]] static int signal();
};

/// Ends a verb that a signal has stopped: main prints the message, and the process ends by the signal.
struct Interrupted {
    int signal = 0;
    bool failed = false;  ///< the message is an error
    std::string message;
};

/// Ends the process by a signal, outputs that are half written removed.
[[noreturn]] void end_by_signal(int signal);

}  // namespace tephra::tools
