#pragma once
// libhdf5 can't be trusted with damaged files: 1.10.8 copies strings of variable length from wherever a damaged heap
// points to, and dies. So a child process reads a file first, in the very same way.
#include <functional>
#include <string>

#include "core/error.hpp"

namespace tephra::spiking {

/// Calls `read` in a child process; what it returns or leaves in memory is lost. Errors: bad_input with the path when
/// the child does not come to the end. Where no child can be started nothing is tried.
Result<void> survive(const std::string& path, const std::function<void()>& read);

/// What `read` returns, once a child has survived it.
template <typename Read>
auto read_with_trial(const std::string& path, const Read& read) -> decltype(read()) {
    if (auto alive = survive(path, [&] { static_cast<void>(read()); }); !alive) return tl::unexpected(alive.error());
    return read();
}

}  // namespace tephra::spiking
