#pragma once
// How a long call is ended early, by Ctrl-C in a Python session, say: who works long looks at a flag now and then.
#include <atomic>
#include <exception>

namespace tephra {

/// Leaves a call that was asked to stop; outputs on the way are dropped without commit. What the call worked on, such
/// as an engine, is of no more use.
class Stopped : public std::exception {
public:
    [[nodiscard]] const char* what() const noexcept override { return "stopped"; }
};

/// While it lives, stop_point() looks at `flag` in this thread, and in those that work for it (neuro/team.hpp).
class StopScope {
public:
    explicit StopScope(const std::atomic<bool>* flag);
    StopScope(const StopScope&) = delete;
    StopScope& operator=(const StopScope&) = delete;
    ~StopScope();

private:
    const std::atomic<bool>* before_;
};

/// The flag that this thread looks at; nullptr: none.
const std::atomic<bool>* stop_flag();

/// Throws Stopped where the flag is set. To be called some times a second: once a layer of a token, a round, a window
/// of a simulation.
void stop_point();

}  // namespace tephra
