// The state of a chip: its events, packets, links and buffers. What its cores hold is in core_state.cpp.
#include <algorithm>

#include "simulator/chip.hpp"
#include "simulator/state/plain_fields.hpp"

namespace tephra {

/// All events in the order in which they would be popped.
std::vector<Event> EventQueue::in_order() const {
    std::vector<Event> events;
    const auto add = [&](std::uint32_t first) {
        for (std::uint32_t n = first; n != none; n = nodes_[n].next)
            events.push_back({nodes_[n].time, static_cast<std::uint32_t>(nodes_[n].key >> 32),
                              static_cast<std::uint32_t>(nodes_[n].key), nodes_[n].payload, 0});
    };
    const auto sort_from = [&](std::ptrdiff_t begin) {
        std::stable_sort(events.begin() + begin, events.end(),
                         [](const Event& a, const Event& b) { return After{}(b, a); });
    };
    for (const std::uint32_t first : moments_) add(first);
    for (std::int64_t bucket = present_ + 1; bucket < present_ + bucket_count; ++bucket) {
        const auto begin = std::ssize(events);
        add(buckets_[index(bucket)]);
        std::reverse(events.begin() + begin, events.end());  // the list has the latest first
        sort_from(begin);
    }
    // A far event lies beyond all in the wheel, or it would have moved there when the present began.
    const auto near = std::ssize(events);
    events.insert(events.end(), far_.begin(), far_.end());
    sort_from(near);
    return events;
}

void EventQueue::state(StateFields& fields, const std::function<void(Event&)>& each) {
    std::vector<Event> events;
    if (!fields.loading()) events = in_order();
    fields(present_);
    fields.expect(present_ >= 0, "a time is negative");
    fields.list(events, SIZE_MAX, [&](Event& event) {
        fields(event);
        fields.expect(event.time >> bucket_bits >= present_ && event.time < longest_time.value(),
                      "an event is out of time");
        each(event);
    });
    if (!fields.loading() || !fields.sound()) return;
    for (const Event& event : events) push(event.time, event.target, event.source, event.payload);
}

void PacketPool::state(StateFields& fields, const std::function<void(Packet&)>& each) {
    fields.list(extras_, no_index, [&](PacketExtra& extra) { fields(extra.words, extra.path, extra.sent); });
    fields.list(packets_, no_index, [&](Packet& p) {
        fields(p.entry, p.terminal, p.token, p.neuron, p.value, p.flits, p.flags);
        fields.index(p.extra, extras_.size(), true);
        each(p);
    });
    const auto free = [&](std::vector<std::uint32_t>& list, std::size_t count) {
        fields.list(list, count, [&](std::uint32_t& at) { fields.index(at, count); });
    };
    free(free_, packets_.size());
    free(free_extras_, extras_.size());
    fields(live_);
}

void TraceBuffer::state(StateFields& fields, std::size_t slices) {
    fields.list(events_, limit_, [&](TraceEvent& event) {
        auto kind = static_cast<std::uint32_t>(event.kind);
        fields(event.start, event.duration, event.core, event.token);
        fields.index(event.slice, slices);
        fields.index(kind, static_cast<std::size_t>(TraceEvent::Kind::step) + 1);
        event.kind = static_cast<TraceEvent::Kind>(kind);
    });
    fields(messages_, dropped_);
}

void FaultLog::state(StateFields& fields, const Schedule& schedule) {
    std::vector<LinkFault> faults = all();
    fields.list(faults, SIZE_MAX, [&](LinkFault& f) {
        fields(f.round, f.fanout, f.entry, f.retries, f.retry_flits, f.added, f.lost, f.lost_markers);
        bool known =
            f.round >= 0 && f.round <= most_tokens && f.fanout >= 0 && std::cmp_less(f.fanout, schedule.fanouts.size());
        if (known) {
            const Fanout& fanout = schedule.fanouts[static_cast<std::size_t>(f.fanout)];
            known = f.entry >= fanout.entry && f.entry - fanout.entry < fanout.entries &&
                    schedule.routes.kind(static_cast<std::uint32_t>(f.entry)) == LinkKind::chip;
        }
        fields.expect(known && f.retries >= 0 && f.retry_flits >= 0 && f.added >= 0 && f.lost >= f.lost_markers &&
                          f.lost_markers >= 0,
                      "a link had other faults");
    });
    fields.list(waits_, SIZE_MAX, [&](WaitFault& wait) {
        fields(wait.round, wait.slice);
        fields.expect(wait.round >= 0 && wait.round <= most_tokens && wait.slice >= 0 &&
                          std::cmp_less(wait.slice, schedule.slices.size()),
                      "no such slice has waited");
    });
    if (!fields.loading() || !fields.sound()) return;
    for (const LinkFault& fault : faults) add(fault);
}

void Network::state(StateFields& fields) {
    fields(target_, transfers_);
    fields.fixed(links_, [&](Link& link) {
        fields(link.busy_until, link.flits, link.waiting, link.next_channel, link.scheduled);
        fields.expect(link.waiting >> channels_ == 0 && link.next_channel <= channels_, "a link has no such channel");
    });
    fields.fixed(buffers_, [&](Buffer& b) {
        bool core_waits = b.core_waits, coming = b.coming;
        fields(b.credits, core_waits, coming);
        b.core_waits = core_waits;
        b.coming = coming;
        slots_state(fields, b);
        waits_state(fields, b);
    });
    fields.fixed(sinks_, [&](Sink& sink) {
        fields.queue(sink.frees);
        fields(sink.awaited);
    });
}

/// The packets of a buffer, first to last.
void Network::slots_state(StateFields& fields, Buffer& b) {
    const std::size_t count = fields.count(b.count, packets_.size());
    for (std::uint32_t k = 0; k < count; ++k) {
        if (fields.loading()) {
            if (b.count == b.room) grow(b);
            ++b.count;
        }
        Slot& slot = slots_[b.begin + ((b.first + k) & (b.room - 1))];
        fields(slot.arrival, slot.flits, slot.children, slot.pending);
        fields.index(slot.packet, packets_.size());
        if (slot.children == 0) continue;
        fields.index(slot.first_child, routes_.size());
        fields.expect(slot.children <= routes_.size() - slot.first_child, "a route ends early");
        if (!fields.loading() || !fields.sound()) continue;
        slot.next = routes_[slot.first_child];
        slot.wanted = slot.children == 1 ? slot.next.buffer : no_index;
    }
}

/// The packets that wait for a buffer, first to last.
void Network::waits_state(StateFields& fields, Buffer& b) {
    std::size_t waiting = 0;
    for (std::uint32_t n = b.first_waiting; n != no_index; n = waits_[n].next) ++waiting;
    waiting = fields.count(waiting, SIZE_MAX);
    std::uint32_t node = b.first_waiting;
    for (std::size_t k = 0; k < waiting; ++k) {
        if (fields.loading()) {
            node = static_cast<std::uint32_t>(waits_.size());
            waits_.push_back({0, 0, no_index});
            (b.first_waiting == no_index ? b.first_waiting : waits_[b.last_waiting].next) = node;
            b.last_waiting = node;
        }
        fields.index(waits_[node].buffer, buffers_.size());
        fields.index(waits_[node].entry, routes_.size());
        node = waits_[node].next;
    }
}

void Chip::state(StateFields& fields) {
    fields(last_events_, last_time_);
    network_.faults().state(fields, plan_);
    packets_.state(fields, [&](const Packet& packet) {
        fields.expect(packet.entry < routes_.size() && packet.terminal < plan_.terminals.size(),
                      "a packet is on no route");
    });
    network_.state(fields);
    queue_.state(fields, [&](const Event& event) {
        const std::uint32_t index = event_index(event.target);
        const ChipEvent kind = event_kind(event.target);
        const std::size_t counts[] = {network_.buffers(), network_.buffers(), network_.links()};
        const std::size_t count =
            kind < ChipEvent::receive ? counts[static_cast<std::size_t>(kind)] : std::size_t{cores_.host_core()} + 1;
        fields.expect(kind <= ChipEvent::send && index < count, "an event has no target");
        fields.expect(!fields.sound() || kind != ChipEvent::arrive || network_.may_arrive(index, event.payload),
                      "a packet that arrives is not there");
    });
    cores_.state(fields);
    trace_.state(fields, plan_.slices.size());
}

}  // namespace tephra
