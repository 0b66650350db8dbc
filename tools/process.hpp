#pragma once
// What the program settles with the system before a verb runs.
#include <string>

namespace tephra::tools {

/// Opens what of the standard streams is closed, so that no file of ours gets the number of one and takes what is
/// printed. Writes to a closed standard output still fail.
void open_standard_streams();

/// A signal that ends the process removes half-written outputs first. The process then ends by the same signal.
void install_signal_handlers();

/// What such a signal prints to stderr before the process ends.
void set_last_words(const std::string& text);

}  // namespace tephra::tools
