#pragma once
// The temporaries of outputs that are being written, in a form that a signal handler can remove.
#include <string>

namespace tephra {

/// One entry of the list of temporaries. Entries are never freed, so that a signal handler may read them at any time;
/// an output costs the length of its path.
struct PartialFile;

/// Adds a temporary to the list. Call it before the file exists.
PartialFile* add_partial_file(const std::string& path);

/// Takes the entry off the list: the file is renamed or removed.
void forget_partial_file(PartialFile* file);

/// Removes every temporary on the list. Async-signal-safe: for the handler of a signal that ends the process.
void remove_partial_files() noexcept;

}  // namespace tephra
