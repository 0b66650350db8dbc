#pragma once
// Long calls from Python: the GIL is free while they work, Ctrl-C ends them, and callbacks may raise.
#include <functional>
#include <optional>
#include <type_traits>

#include "python/bindings/errors.hpp"

namespace tephra::python {

/// Runs `work` in a thread of its own, without the GIL, and waits for it; looks for signals some times a second. When a
/// signal's handler raises (Ctrl-C), the work stops at its next stop_point() (core/stop.hpp) and the exception leaves
/// here; else what the work throws does. What it works on must then be given up.
void run_long(const std::function<void()>& work);

/// The same, for work that returns something.
template <typename Work>
auto long_call(const Work& work) -> std::enable_if_t<!std::is_void_v<decltype(work())>, decltype(work())> {
    std::optional<decltype(work())> made;
    run_long([&] { made.emplace(work()); });
    return std::move(*made);
}

/// A callback (done, total) as C++ calls it, with the GIL; empty for None. What it raises ends the call.
std::function<void(std::int64_t, std::int64_t)> progress_of(py::handle callback, const std::string& place);

}  // namespace tephra::python
