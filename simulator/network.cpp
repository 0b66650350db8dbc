#include "simulator/network.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

namespace tephra {

// Functions stand before those that call them, so that one event runs through one piece of code.

/// Puts a packet, which is in the entry `at` of its route, behind all others of a buffer. Returns whether it is the
/// only one.
[[gnu::always_inline]] inline bool Network::append(Buffer& b, std::uint32_t packet, std::uint16_t flits,
                                                   const RouteEntry& at, std::int64_t arrival) {
    if (b.count == b.room) [[unlikely]]
        grow(b);
    // Field by field: a copy of a whole slot would wait for stores of its parts.
    Slot& slot = slots_[b.begin + ((b.first + b.count) & (b.room - 1))];
    slot.arrival = arrival;
    slot.packet = packet;
    slot.first_child = at.first_child;
    slot.flits = flits;
    slot.children = static_cast<std::uint8_t>(at.children);
    slot.wanted = no_index;
    if (at.children > 0) {
        slot.next = routes_[at.first_child];
        if (at.children == 1) slot.wanted = slot.next.buffer;
    }
    return b.count++ == 0;
}

/// Removes the packet at the head. The next one may still be under way: then its arrival becomes an event. If it
/// arrives at this very picosecond, the order of events decides whether it is there yet.
[[gnu::always_inline]] inline void Network::remove_head(std::uint32_t buffer, std::int64_t now) {
    Buffer& b = buffers_[buffer];
    ++b.first;
    if (--b.count == 0) return;
    const Slot& next = head(b);
    const std::uint32_t target = event_target(ChipEvent::arrive, buffer);
    if (next.arrival < now || (next.arrival == now && target <= target_)) return;
    b.coming = true;
    queue_.push(next.arrival, target, 0, next.wanted);
}

/// Moves a packet over the link of `entry`, which is `route`.
[[gnu::always_inline]] inline void Network::dispatch(std::uint32_t packet, std::uint16_t flits, std::uint32_t entry,
                                                     const RouteEntry& route, std::int64_t now) {
    const std::uint32_t at = route.buffer;
    Buffer& buffer = buffers_[at];
    Link& link = links_[link_of(at)];
    assert(buffer.credits > 0 && link.busy_until <= now);
    --buffer.credits;
    const std::int64_t busy_until = now + link.packet_time + std::int64_t{flits} * link.flit_time;
    const std::int64_t arrival = busy_until + link.latency;
    link.busy_until = busy_until;
    link.flits += flits;
    ++transfers_;
    if (route.children == 0 || buffer.leaves) packets_[packet].entry = entry;
    if (buffer.sink) return deliver(link_of(at), packet, arrival, now);
    if (buffer.leaves) return leave(at, packet, arrival);
    if (!append(buffer, packet, flits, route, arrival)) return;
    buffer.coming = true;
    queue_.push(arrival, event_target(ChipEvent::arrive, at), 0, head(buffer).wanted);
}

/// A copy of a packet, for a branch of its tree.
std::uint32_t Network::copy(std::uint32_t packet) {
    Packet copy = packets_[packet];
    if (copy.extra != no_index) copy.extra = packets_.add_extra(PacketExtra(packets_.extra(copy.extra)));
    return packets_.add(copy);
}

/// Moves the head of a buffer over the link of `entry`; where the route branches, a copy of it.
[[gnu::always_inline]] inline void Network::send(std::uint32_t buffer, std::uint32_t entry, std::int64_t now) {
    Slot& slot = head(buffers_[buffer]);
    std::uint32_t packet = slot.packet;
    const std::uint16_t flits = slot.flits;
    const RouteEntry route = entry == slot.first_child ? slot.next : routes_[entry];
    if (slot.children > 1 && --slot.pending > 0) {
        packet = copy(packet);
    } else {
        remove_head(buffer, now);
        moved_[moved_count_++] = buffer;
    }
    dispatch(packet, flits, entry, route, now);
}

void Network::wait(std::uint32_t buffer, std::uint32_t entry, std::uint32_t at) {
    std::uint32_t node = free_wait_;
    if (node == no_index) {
        node = static_cast<std::uint32_t>(waits_.size());
        waits_.emplace_back();
    } else {
        free_wait_ = waits_[node].next;
    }
    waits_[node] = {buffer, entry, no_index};
    Buffer& wanted = buffers_[at];
    if (wanted.first_waiting == no_index)
        wanted.first_waiting = node;
    else
        waits_[wanted.last_waiting].next = node;
    wanted.last_waiting = node;
    Link& link = links_[link_of(at)];
    link.waiting |= static_cast<std::uint8_t>(1U << (at - (link_of(at) << channel_bits_)));
    if (wanted.credits == 0) {
        if (wanted.sink) await_slot(at);
    } else if (!link.scheduled) {
        link.scheduled = true;
        queue_.push(link.busy_until, event_target(ChipEvent::idle, link_of(at)), 0, 0);
    }
}

/// Whether a packet may take the link to a buffer now, before all that wait for it.
[[gnu::always_inline]] inline bool Network::may_take(std::uint32_t at, std::int64_t now) {
    const Buffer& wanted = buffers_[at];
    if (wanted.sink) collect(at, now);
    const Link& link = links_[link_of(at)];
    // One branch for all four: none of them can be foretold.
    return (static_cast<unsigned>(wanted.first_waiting == no_index) & static_cast<unsigned>(wanted.credits > 0) &
            static_cast<unsigned>(!link.scheduled) & static_cast<unsigned>(link.busy_until <= now)) != 0;
}

/// The head of a buffer wants none of the links, or several.
void Network::advance_branches(std::uint32_t buffer, std::int64_t now) {
    Slot& slot = head(buffers_[buffer]);
    const std::uint32_t children = slot.children, first = slot.first_child;
    if (children == 0) {
        woken_.push_back(link_of(buffer));
        return;
    }
    slot.pending = slot.children;
    for (std::uint32_t entry = first; entry < first + children; ++entry) {
        const std::uint32_t at = routes_[entry].buffer;
        may_take(at, now) ? send(buffer, entry, now) : wait(buffer, entry, at);
    }
}

/// A packet has become the head of its buffer: it requests the link to the buffer `wanted`, or its next links, or
/// wakes its target core. Returns whether it has left; where a route branches, that is noted in moved_.
[[gnu::always_inline]] inline bool Network::advance(std::uint32_t buffer, std::uint32_t wanted, std::int64_t now) {
    if (wanted == no_index) [[unlikely]] {
        advance_branches(buffer, now);
        return false;
    }
    const Slot& slot = head(buffers_[buffer]);
    const std::uint32_t entry = slot.first_child, packet = slot.packet;
    if (!may_take(wanted, now)) {
        wait(buffer, entry, wanted);
        return false;
    }
    const RouteEntry next = slot.next;
    const std::uint16_t flits = slot.flits;
    remove_head(buffer, now);
    dispatch(packet, flits, entry, next, now);
    return true;
}

/// Gives an idle link to the next channel that has both a waiting packet and a credit.
void Network::serve(std::uint32_t at, std::int64_t now) {
    Link& link = links_[at];
    Buffer* const channels = &buffers_[at << channel_bits_];
    // Channels with waiters, from next_channel on and then around.
    const std::uint32_t before = link.waiting & ((1U << link.next_channel) - 1);
    for (std::uint32_t left = (link.waiting ^ before) | before << waiting_bits; left != 0; left &= left - 1) {
        const auto channel = static_cast<std::uint32_t>(std::countr_zero(left)) % waiting_bits;
        Buffer& wanted = channels[channel];
        if (wanted.sink) collect(at << channel_bits_ | channel, now);
        if (wanted.credits == 0) continue;
        const std::uint32_t node = wanted.first_waiting;
        const Waiting chosen = waits_[node];
        waits_[node].next = free_wait_;
        free_wait_ = node;
        wanted.first_waiting = chosen.next;
        if (chosen.next == no_index) link.waiting &= static_cast<std::uint8_t>(~(1U << channel));
        link.next_channel = static_cast<std::uint8_t>(channel + 1);
        send(chosen.buffer, chosen.entry, now);
        break;
    }
    if (link.scheduled) return;
    for (std::uint32_t left = link.waiting; left != 0; left &= left - 1) {
        const auto channel = static_cast<std::uint32_t>(std::countr_zero(left));
        if (channels[channel].credits == 0) {
            if (channels[channel].sink) await_slot(at << channel_bits_ | channel);
            continue;
        }
        link.scheduled = true;
        queue_.push(link.busy_until, event_target(ChipEvent::idle, at), 0, 0);
        return;
    }
}

/// A slot of a buffer is free: the credit returns to the near end of the link, and a waiting packet may move.
[[gnu::always_inline]] inline void Network::return_credit(std::uint32_t buffer, std::int64_t now) {
    Buffer& b = buffers_[buffer];
    if (b.incoming) [[unlikely]] {
        const Link& link = links_[link_of(buffer)];
        outbox_.mails.push_back(
            {now + link.latency, link.far_chip, beside(buffer, link.far_link), true, Packet{}, no_index});
        return;
    }
    ++b.credits;
    if (b.core_waits) {
        b.core_waits = false;
        woken_.push_back(link_of(buffer));
    }
    if (b.first_waiting == no_index) return;
    Link& link = links_[link_of(buffer)];
    if (link.scheduled) return;
    if (link.busy_until <= now) {
        serve(link_of(buffer), now);
    } else {
        link.scheduled = true;
        queue_.push(link.busy_until, event_target(ChipEvent::idle, link_of(buffer)), 0, 0);
    }
}

/// The head of a buffer is there, or the one before it has `left`. A packet that leaves frees a slot and makes the next
/// one the head; both may let other packets move.
[[gnu::always_inline]] inline void Network::go_on(std::uint32_t buffer, bool left, std::int64_t now) {
    while (true) {
        if (left) return_credit(buffer, now);
        const Buffer& b = buffers_[buffer];
        left = ready(b) && advance(buffer, head(b).wanted, now);
        if (left) continue;
        if (moved_count_ == 0) return;
        buffer = moved_[--moved_count_];
        left = true;
    }
}

/// What the packets that have moved let move.
void Network::settle(std::int64_t now) {
    if (moved_count_ > 0) go_on(moved_[--moved_count_], true, now);
}

/// Event: slots that packets wait for are free.
void Network::free_slots(std::uint32_t buffer, std::int64_t now) {
    const Buffer& b = buffers_[buffer];
    Sink& sink = sinks_[link_of(buffer)];
    const EventKey present{now, target_};
    while (!sink.frees.empty() && sink.frees.front() == present) {  // several if serving takes no time
        sink.frees.pop();
        return_credit(buffer, now);
        settle(now);
    }
    sink.awaited = false;
    if (b.first_waiting != no_index && b.credits == 0) await_slot(buffer);
}

std::uint32_t Network::take(std::uint32_t buffer, std::int64_t now) {
    const std::uint32_t packet = head(buffers_[buffer]).packet;
    remove_head(buffer, now);
    return_credit(buffer, now);
    settle(now);
    return packet;
}

/// The head of a buffer arrives. From another chip or over an ideal network any packet may arrive.
[[gnu::always_inline]] inline void Network::arrive(std::uint32_t buffer, std::uint32_t payload, std::int64_t now) {
    Buffer& b = buffers_[buffer];
    if (b.coming) [[likely]] {
        b.coming = false;
        advance(buffer, payload, now) ? go_on(buffer, true, now) : settle(now);
    } else if (b.sink) {
        free_slots(buffer, now);
    } else {
        const Packet& p = packets_[payload];
        if (append(b, payload, p.flits, routes_[p.entry], now)) go_on(buffer, false, now);
    }
}

[[gnu::always_inline]] inline void Network::handle(const Event& event) {
    target_ = event.target;
    const std::uint32_t index = event_index(event.target);
    switch (event_kind(event.target)) {
        case ChipEvent::credit:
            return_credit(index, event.time);
            return settle(event.time);
        case ChipEvent::arrive:
            return arrive(index, event.payload, event.time);
        case ChipEvent::idle:
            links_[index].scheduled = false;
            serve(index, event.time);
            return settle(event.time);
        case ChipEvent::receive:
            if (cores_ != nullptr) free_slots(event.payload, event.time);
            break;
        case ChipEvent::neurons:
        case ChipEvent::send:
            break;
    }
}

std::int64_t Network::run(std::int64_t end, std::int64_t most, Event& event) {
    std::int64_t handled = 0;
    while (handled < most && queue_.pop(end, event)) {
        ++handled;
        handle(event);
        if (event_kind(event.target) >= ChipEvent::receive || !woken_.empty()) break;
    }
    return handled;
}

bool Network::can_inject(std::uint32_t entry) {
    Buffer& buffer = buffers_[routes_[entry].buffer];
    if (buffer.credits > 0) return true;
    buffer.core_waits = true;
    return false;
}

void Network::inject(const Packet& packet, std::int64_t time) {
    const RouteEntry route = routes_[packet.entry];
    const Link& link = links_[link_of(route.buffer)];
    dispatch(packets_.add(packet), packet.flits, packet.entry, route, std::max(time, link.busy_until));
}

}  // namespace tephra
