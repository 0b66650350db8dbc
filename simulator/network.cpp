#include "simulator/network.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

namespace tephra {

// Functions stand before those that call them, so that one event runs through one piece of code.

/// Gives a buffer twice the room, behind that of all others. What it had before stays unused: no more than it has now.
void Network::grow(Buffer& b) {
    constexpr std::uint32_t least_room = 4;
    const std::uint32_t room = std::max(least_room, 2 * b.room);
    const auto begin = static_cast<std::uint32_t>(slots_.size());
    slots_.resize(slots_.size() + room);
    for (std::uint32_t k = 0; k < b.count; ++k) slots_[begin + k] = slots_[b.begin + ((b.first + k) & (b.room - 1))];
    b.begin = begin;
    b.room = room;
    b.first = 0;
}

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
    if (at.children > 0) slot.wanted = routes_[at.first_child].buffer;
    return b.count++ == 0;
}

/// Removes the packet at the head. The next one may still be under way: then its arrival becomes an event. If it
/// arrives at this very picosecond, the order of events decides whether it is there yet.
[[gnu::always_inline]] inline std::uint32_t Network::remove_head(std::uint32_t buffer, std::int64_t now) {
    Buffer& b = buffers_[buffer];
    const std::uint32_t packet = head(b).packet;
    ++b.first;
    if (--b.count == 0) return packet;
    const std::int64_t arrival = head(b).arrival;
    const std::uint32_t target = event_target(ChipEvent::arrive, buffer);
    if (arrival < now || (arrival == now && target <= target_)) return packet;
    b.coming = true;
    queue_.push(arrival, target, 0, head(b).packet);
    return packet;
}

/// Moves a packet over the link of `entry`.
[[gnu::always_inline]] inline void Network::dispatch(std::uint32_t packet, std::uint16_t flits, std::uint32_t entry,
                                                     std::int64_t now) {
    const RouteEntry route = routes_[entry];
    const std::uint32_t at = route.buffer;
    Buffer& buffer = buffers_[at];
    Link& link = links_[buffer.link];
    assert(buffer.credits > 0 && link.busy_until <= now);
    --buffer.credits;
    link.busy_until = now + link.packet_time + std::int64_t{flits} * link.flit_time;
    link.flits += flits;
    ++transfers_;
    const std::int64_t arrival = link.busy_until + link.latency;
    if (route.children == 0 || link.far_chip != no_index) packets_[packet].entry = entry;
    if (buffer.sink) return deliver(buffer.link, packet, arrival, now);
    if (link.far_chip != no_index) return leave(at, packet, arrival);
    if (!append(buffer, packet, flits, route, arrival)) return;
    buffer.coming = true;
    queue_.push(arrival, event_target(ChipEvent::arrive, at), 0, packet);
}

/// A copy of a packet, for a branch of its tree.
std::uint32_t Network::copy(std::uint32_t packet) {
    Packet copy = packets_[packet];
    if (copy.extra != no_index) copy.extra = packets_.add_extra(PacketExtra(packets_.extra(copy.extra)));
    return packets_.add(copy);
}

/// Moves the head of a buffer over the link of `entry`; where the route branches, a copy of it.
void Network::send(std::uint32_t buffer, std::uint32_t entry, std::int64_t now) {
    Slot& slot = head(buffers_[buffer]);
    std::uint32_t packet = slot.packet;
    const std::uint16_t flits = slot.flits;
    if (--slot.pending > 0) {
        packet = copy(packet);
    } else {
        remove_head(buffer, now);
        moved_.push_back(buffer);
    }
    dispatch(packet, flits, entry, now);
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
    Link& link = links_[wanted.link];
    link.waiting |= static_cast<std::uint8_t>(1U << (at - wanted.link * channels_));
    if (wanted.credits == 0) {
        if (wanted.sink) await_slot(at);
    } else if (!link.scheduled) {
        link.scheduled = true;
        queue_.push(link.busy_until, event_target(ChipEvent::idle, wanted.link), 0, 0);
    }
}

/// The head of a buffer requests the link to the buffer `at`, of `entry`.
[[gnu::always_inline]] inline void Network::request(std::uint32_t buffer, std::uint32_t entry, std::uint32_t at,
                                                    std::int64_t now) {
    Buffer& wanted = buffers_[at];
    if (wanted.sink) collect(wanted, now);
    const Link& link = links_[wanted.link];
    if (wanted.first_waiting == no_index && wanted.credits > 0 && !link.scheduled && link.busy_until <= now)
        send(buffer, entry, now);
    else
        wait(buffer, entry, at);
}

/// A packet has become the head of its buffer: it requests its next links, or wakes its target core.
[[gnu::always_inline]] inline void Network::advance(std::uint32_t buffer, std::int64_t now) {
    Slot& slot = head(buffers_[buffer]);
    const std::uint32_t children = slot.children, first = slot.first_child;
    if (children == 0) {
        woken_.push_back(buffers_[buffer].link);
        return;
    }
    slot.pending = slot.children;
    request(buffer, first, slot.wanted, now);
    for (std::uint32_t k = 1; k < children; ++k) request(buffer, first + k, routes_[first + k].buffer, now);
}

/// Gives an idle link to the next channel that has both a waiting packet and a credit.
void Network::serve(std::uint32_t at, std::int64_t now) {
    Link& link = links_[at];
    Buffer* const channels = &buffers_[at * channels_];
    // Channels with waiters, from next_channel on and then around.
    const std::uint32_t before = link.waiting & ((1U << link.next_channel) - 1);
    for (std::uint32_t left = (link.waiting ^ before) | before << waiting_bits; left != 0; left &= left - 1) {
        const auto channel = static_cast<std::uint32_t>(std::countr_zero(left)) % waiting_bits;
        Buffer& wanted = channels[channel];
        if (wanted.sink) collect(wanted, now);
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
            if (channels[channel].sink) await_slot(at * channels_ + channel);
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
    Link& link = links_[b.link];
    if (link.incoming) {
        outbox_.mails.push_back({now + link.latency, link.far_chip, link.far_link * channels_ + buffer % channels_,
                                 true, Packet{}, no_index});
        return;
    }
    ++b.credits;
    if (b.core_waits) {
        b.core_waits = false;
        woken_.push_back(b.link);
    }
    if (b.first_waiting == no_index || link.scheduled) return;
    if (link.busy_until <= now) {
        serve(b.link, now);
    } else {
        link.scheduled = true;
        queue_.push(link.busy_until, event_target(ChipEvent::idle, b.link), 0, 0);
    }
}

/// Each packet that moved has freed a slot and made the next one the head; both may let other packets move.
void Network::settle(std::int64_t now) {
    while (!moved_.empty()) {
        const std::uint32_t buffer = moved_.back();
        moved_.pop_back();
        return_credit(buffer, now);
        if (front(buffer) != no_index) advance(buffer, now);
    }
}

/// Event: slots that packets wait for are free.
void Network::free_slots(std::uint32_t buffer, std::int64_t now) {
    const Buffer& b = buffers_[buffer];
    Sink& sink = sinks_[b.link];
    const EventKey present{now, target_};
    while (!sink.frees.empty() && sink.frees.front() == present) {  // several if serving takes no time
        sink.frees.pop();
        return_credit(buffer, now);
        settle(now);
    }
    sink.awaited = false;
    if (b.first_waiting != no_index && b.credits == 0) await_slot(buffer);
}

/// The head of a buffer arrives. From another chip or over an ideal network any packet may arrive.
void Network::arrive(std::uint32_t buffer, std::uint32_t packet, std::int64_t now) {
    Buffer& b = buffers_[buffer];
    if (b.sink) return free_slots(buffer, now);
    if (!b.coming) {
        const Packet& p = packets_[packet];
        if (!append(b, packet, p.flits, routes_[p.entry], now)) return;
    }
    b.coming = false;
    advance(buffer, now);
    settle(now);
}

void Network::idle(std::uint32_t link, std::int64_t now) {
    links_[link].scheduled = false;
    serve(link, now);
    settle(now);
}

void Network::credit(std::uint32_t buffer, std::int64_t now) {
    return_credit(buffer, now);
    settle(now);
}

std::uint32_t Network::take(std::uint32_t buffer, std::int64_t now) {
    const std::uint32_t packet = remove_head(buffer, now);
    return_credit(buffer, now);
    settle(now);
    return packet;
}

void Network::handle(const Event& event) {
    target_ = event.target;
    const std::uint32_t index = event_index(event.target);
    switch (event_kind(event.target)) {
        case ChipEvent::credit:
            return credit(index, event.time);
        case ChipEvent::arrive:
            return arrive(index, event.payload, event.time);
        case ChipEvent::idle:
            return idle(index, event.time);
        case ChipEvent::receive:
            if (cores_ != nullptr) free_slots(event.payload, event.time);
            break;
        case ChipEvent::neurons:
        case ChipEvent::send:
            break;
    }
}

bool Network::can_inject(std::uint32_t entry) {
    Buffer& buffer = buffers_[routes_[entry].buffer];
    if (buffer.credits > 0) return true;
    buffer.core_waits = true;
    return false;
}

void Network::inject(const Packet& packet, std::int64_t time) {
    const std::uint32_t index = packets_.add(packet);
    dispatch(index, packet.flits, packet.entry,
             std::max(time, links_[buffers_[routes_[packet.entry].buffer].link].busy_until));
}

}  // namespace tephra
