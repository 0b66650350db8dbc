#pragma once
// Trace: what the cores did and when, in the JSON that chrome://tracing and ui.perfetto.dev read. Chips are processes,
// and each core has two threads: what it evaluates, and what it receives. Every firing is drawn, one message in
// sixteen, and the barrier steps in a row of their own.
//
// The file has a bound. Chips record side by side, so each has its share of the events: as many as its slices and
// packets lead one to expect, with a margin. The file then takes the earliest of all until it is full.
#include <cstdint>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "core/files.hpp"
#include "neuro/program.hpp"

namespace tephra {

struct Schedule;
class StateFields;

struct TraceEvent {
    enum class Kind : std::uint8_t { fire, serve, step };
    std::int64_t start = 0, duration = 0;  ///< picoseconds
    std::uint32_t core = 0;                ///< within its chip; the host after the last
    std::uint32_t slice = 0;               ///< fire: that fired; serve: that sent the message
    std::uint32_t token = 0;               ///< step: number of the step
    Kind kind = Kind::fire;
};

/// Events of one chip up to a limit; later ones are dropped and counted.
class TraceBuffer {
public:
    explicit TraceBuffer(std::size_t limit) : limit_(limit) {}
    /// A full one, with what another process has recorded.
    TraceBuffer(std::vector<TraceEvent> events, std::int64_t dropped)
        : events_(std::move(events)), limit_(events_.size()), dropped_(dropped) {}
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
    /// `slices`: of the schedule (simulator/state/chip_state.cpp).
    void state(StateFields& fields, std::size_t slices);
    static constexpr std::int64_t sample_every = 16;

private:
    std::vector<TraceEvent> events_;
    std::size_t limit_;
    std::int64_t messages_ = 0;
    std::int64_t dropped_ = 0;
};

/// Limits of the buffers of a run whose trace has `bytes` bytes at most.
struct TraceShares {
    std::vector<std::size_t> chips;  ///< [chips]
    std::size_t steps = 0;           ///< barrier steps
};
TraceShares trace_shares(const Program& program, const Schedule& schedule, std::int64_t bytes);

/// What a run recorded.
struct TraceRecord {
    const Program& program;
    const Schedule& schedule;
    const std::vector<TraceBuffer>& chips;  ///< by chip
    const TraceBuffer& steps;
};

/// Writes the earliest events, `bytes` bytes at most. Returns how many events were dropped, here or by the buffers;
/// the file says it too ("dropped_events"). Errors: those of OutputFile::write.
Result<std::int64_t> write_trace(OutputFile& file, std::int64_t bytes, const TraceRecord& record);

}  // namespace tephra
