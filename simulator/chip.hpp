#pragma once
// Chip: cores, routers and links of one chip with their own event queue. Chips reach each other only by mail, and mail
// takes at least the latency of a link. So a chip may run a window of that length on its own.
#include <cstdint>
#include <span>
#include <utility>

#include "simulator/core_engine.hpp"

namespace tephra {

class Chip {
public:
    Chip(RunState& run, ChipId id, std::size_t trace_limit);
    Chip(const Chip&) = delete;
    Chip& operator=(const Chip&) = delete;

    /// Handles every event before `end`.
    void run_until(std::int64_t end);
    /// Time of the next event, or EventQueue::never.
    [[nodiscard]] std::int64_t next_time() const { return queue_.next_time(); }
    void receive(const Mail& mail, const Outbox& from);

    CoreEngine& cores() { return cores_; }
    [[nodiscard]] const CoreEngine& cores() const { return cores_; }
    [[nodiscard]] const Network& network() const { return network_; }
    Outbox& outbox() { return outbox_; }
    [[nodiscard]] const Outbox& outbox() const { return outbox_; }
    /// What it has recorded; nothing is left then.
    [[nodiscard]] TraceBuffer take_trace() { return std::exchange(trace_, TraceBuffer(0)); }
    /// Packets that are still under way.
    [[nodiscard]] std::int64_t live_packets() const { return packets_.live(); }
    /// Time of the latest event handled so far; 0 before the first.
    [[nodiscard]] std::int64_t last_time() const { return last_time_; }
    /// Events handled in the last window.
    [[nodiscard]] std::int64_t last_events() const { return last_events_; }
    /// Between windows; loads into a chip that was not used. Counters and slices in RunState are not part of it
    /// (simulator/state/chip_state.cpp).
    void state(StateFields& fields);
    /// Events handled in all windows.
    [[nodiscard]] std::int64_t events() const { return events_; }

private:
    const Schedule& plan_;
    std::span<const RouteEntry> routes_;
    EventQueue queue_;
    PacketPool packets_;
    Outbox outbox_;
    TraceBuffer trace_;
    Network network_;
    CoreEngine cores_;
    std::int64_t last_events_ = 0, events_ = 0;
    std::int64_t last_time_ = 0;
};

}  // namespace tephra
