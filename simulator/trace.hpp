#pragma once
// Trace: what the cores did and when, in the JSON that chrome://tracing and ui.perfetto.dev read. Chips are processes,
// cores are threads; firings are slices, one message in sixteen is drawn too, barrier steps are a row of their own.
#include <cstdint>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "neuro/program.hpp"

namespace tephra {

struct Schedule;

struct TraceEvent {
    enum class Kind : std::uint8_t { fire, serve, step };
    std::int64_t start = 0, duration = 0;  ///< picoseconds
    std::uint32_t core = 0;                ///< within its chip; the host after the last
    std::uint32_t slice = 0;               ///< fire: that fired; serve: that sent the message
    std::uint32_t token = 0;               ///< step: number of the step
    Kind kind = Kind::fire;
};

/// Events of one chip, up to a limit; what comes later is dropped and counted.
class TraceBuffer {
public:
    explicit TraceBuffer(std::size_t limit) : limit_(limit) {}
    [[nodiscard]] bool enabled() const { return limit_ > 0; }
    void add(const TraceEvent& event) {
        if (events_.size() < limit_)
            events_.push_back(event);
        else
            ++dropped_;
    }
    /// Whether this message is one of those drawn.
    bool sample() { return limit_ > 0 && ++messages_ % sample_every == 0; }
    [[nodiscard]] const std::vector<TraceEvent>& events() const { return events_; }
    [[nodiscard]] std::int64_t dropped() const { return dropped_; }

private:
    static constexpr std::uint64_t sample_every = 16;
    std::vector<TraceEvent> events_;
    std::size_t limit_;
    std::uint64_t messages_ = 0;
    std::int64_t dropped_ = 0;
};

/// Events that each of `buffers` buffers may hold so that the file stays within `bytes`.
std::size_t trace_limit(std::int64_t bytes, std::size_t buffers);

/// Writes the file. `chips`: buffers by chip; `steps`: barrier steps.
Result<void> write_trace(const std::string& path, const Program& program, const Schedule& schedule,
                         const std::vector<const TraceBuffer*>& chips, const TraceBuffer& steps);

}  // namespace tephra
