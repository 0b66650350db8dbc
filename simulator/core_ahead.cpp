// Working ahead of the events: barrier runs under contention. Within a step no task of a core changes what another of
// its tasks does, so a task can be worked through as soon as its time is known:
//   * a packet is served when it takes the link into its core, since that link and the core keep its order;
//   * a packet is sent when its slot in the buffer of the core's link is free, though its neuron may be evaluated
//   later.
// Simulated times are those that an event for each task would give. What depends on the order of events (which unit a
// moment is booked to, which core ended last) is told from the keys that those events would have.
#include <algorithm>

#include "simulator/core_engine.hpp"

namespace tephra {

/// Serves a packet that takes the link to its core at `now` and is there at `arrival`. Returns when it leaves its slot
/// of the input buffer.
EventKey CoreEngine::serve_ahead(std::uint32_t link, const Packet& packet, std::int64_t arrival, std::int64_t now) {
    const std::uint32_t index = of_link_[link].core;
    Core& core = cores_[index];
    Unit& unit = core.unit(CoreUnit::receive);
    // A core that is free serves at the arrival, a busy one when it has served the packets before. What arrives at the
    // picosecond at which it gets free is an arrival too, unless it came after a packet that takes no time.
    const std::int64_t end = unit.busy_until;
    const bool at_arrival = arrival > end || (arrival == end && end > core.served_from);
    const EventKey key = at_arrival ? EventKey{arrival, event_target(ChipEvent::arrive, core.in_buffer)}
                                    : EventKey{end, event_target(ChipEvent::receive, index)};
    unit.busy_until = key.time + serve(core, index, packet, key.time);
    core.served_from = key.time;
    if (core.receptions.full()) book_begun(core, now);
    core.receptions.push({key.time, unit.busy_until});
    note_end(index, unit.busy_until, key);
    return key;
}

/// Sends all packets of a core for which the link has free slots now.
void CoreEngine::send_ahead(Core& core, std::uint32_t index, std::int64_t now) {
    end_sent(core, now);
    while (core.chosen != no_index) {
        const Firing& from = firing(core.chosen);
        if (!network_.can_inject(from.next->entry)) break;
        const std::int64_t start = std::max({now, core.unit(CoreUnit::send).busy_until, from.next_from});
        const std::int64_t end = send_packet(core, start);
        if (core.sendings.full()) book_begun(core, now);
        core.sendings.push({start, end});
        note_end(index, end, {start, event_target(ChipEvent::send, index)});
        if (from.next == nullptr) end_sent(core, end);
    }
}

}  // namespace tephra
