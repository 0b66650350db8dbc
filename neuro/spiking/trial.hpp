#pragma once
// libhdf5 can't be trusted with damaged files: 1.10.8 copies strings of variable length from wherever a damaged heap
// points to, and dies, or walks through such a heap without end. So a child process reads a file first, in the very
// same way.
#include <chrono>
#include <functional>
#include <string>

#include "core/error.hpp"

namespace tephra::spiking {

/// Processor time that reading a file may take. Data expand 1000 times at most (gzip), and a GB takes a few seconds.
std::chrono::milliseconds longest_read(const std::string& path);

/// Calls `read` in a child process; what it returns or leaves in memory is lost. The child ends with its parent.
/// Errors: bad_input with the path when the child dies, or takes more processor time than `longest`. Where no child can
/// be started nothing is tried.
Result<void> survive(const std::string& path, std::chrono::milliseconds longest, const std::function<void()>& read);

/// What `read` returns, once a child has survived it.
template <typename Read>
auto read_with_trial(const std::string& path, const Read& read) -> decltype(read()) {
    if (auto alive = survive(path, longest_read(path), [&] { static_cast<void>(read()); }); !alive)
        return tl::unexpected(alive.error());
    return read();
}

}  // namespace tephra::spiking
