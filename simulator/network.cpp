#include "simulator/network.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

namespace tephra {

bool Network::can_inject(std::uint32_t entry) {
    Buffer& buffer = buffers_[routes_[entry].buffer];
    if (buffer.credits > 0) return true;
    buffer.core_waits = true;
    return false;
}

void Network::inject(const Packet& packet, std::int64_t time) {
    const std::uint32_t index = packets_.add(packet);
    dispatch(index, packet.entry, std::max(time, links_[buffers_[routes_[packet.entry].buffer].link].busy_until));
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
        case ChipEvent::neurons:
        case ChipEvent::send:
            break;
    }
}

/// The head of a buffer arrives. From another chip or over an ideal network any packet may arrive.
void Network::arrive(std::uint32_t buffer, std::uint32_t packet, std::int64_t now) {
    Buffer& b = buffers_[buffer];
    if (!b.coming && !append(b, packet, now)) return;
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

/// A packet has become the head of its buffer: it requests its next links, or wakes its target core.
void Network::advance(std::uint32_t buffer, std::int64_t now) {
    const std::uint32_t packet = buffers_[buffer].head;
    const RouteEntry entry = routes_[packets_[packet].entry];
    if (entry.children == 0) {
        woken_.push_back(buffers_[buffer].link);
        return;
    }
    packets_[packet].pending = static_cast<std::uint8_t>(entry.children);
    for (std::uint32_t k = 0; k < entry.children; ++k) request(buffer, entry.first_child + k, now);
}

void Network::request(std::uint32_t buffer, std::uint32_t entry, std::int64_t now) {
    const Buffer& wanted = buffers_[routes_[entry].buffer];
    const Link& link = links_[wanted.link];
    if (wanted.first_waiting == no_index && wanted.credits > 0 && !link.scheduled && link.busy_until <= now)
        send(buffer, entry, now);
    else
        wait(buffer, entry);
}

void Network::wait(std::uint32_t buffer, std::uint32_t entry) {
    std::uint32_t node = free_wait_;
    if (node == no_index) {
        node = static_cast<std::uint32_t>(waits_.size());
        waits_.emplace_back();
    } else {
        free_wait_ = waits_[node].next;
    }
    waits_[node] = {buffer, entry, no_index};
    const std::uint32_t at = routes_[entry].buffer;
    Buffer& wanted = buffers_[at];
    if (wanted.first_waiting == no_index)
        wanted.first_waiting = node;
    else
        waits_[wanted.last_waiting].next = node;
    wanted.last_waiting = node;
    Link& link = links_[wanted.link];
    link.waiting |= static_cast<std::uint8_t>(1U << (at - wanted.link * channels_));
    if (wanted.credits > 0 && !link.scheduled) {
        link.scheduled = true;
        queue_.push(link.busy_until, event_target(ChipEvent::idle, wanted.link), 0, 0);
    }
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
        if (channels[std::countr_zero(left)].credits == 0) continue;
        link.scheduled = true;
        queue_.push(link.busy_until, event_target(ChipEvent::idle, at), 0, 0);
        return;
    }
}

/// Moves the head of a buffer over the link of `entry`; where the route branches, a copy of it.
void Network::send(std::uint32_t buffer, std::uint32_t entry, std::int64_t now) {
    const std::uint32_t packet = buffers_[buffer].head;
    Packet& head = packets_[packet];
    if (--head.pending > 0) {
        Packet copy = head;
        if (copy.extra != no_index) copy.extra = packets_.add_extra(PacketExtra(packets_.extra(copy.extra)));
        dispatch(packets_.add(copy), entry, now);
        return;
    }
    remove_head(buffer, now);
    moved_.push_back(buffer);
    dispatch(packet, entry, now);
}

void Network::dispatch(std::uint32_t packet, std::uint32_t entry, std::int64_t now) {
    const std::uint32_t at = routes_[entry].buffer;
    Buffer& buffer = buffers_[at];
    Link& link = links_[buffer.link];
    Packet& p = packets_[packet];
    assert(buffer.credits > 0 && link.busy_until <= now);
    --buffer.credits;
    p.entry = entry;
    link.busy_until = now + link.packet_time + std::int64_t{p.flits} * link.flit_time;
    link.flits += p.flits;
    ++transfers_;
    const std::int64_t arrival = link.busy_until + link.latency;
    if (link.far_chip == no_index) {
        expect(at, packet, arrival);
        return;
    }
    const std::uint32_t far_buffer = link.far_link * channels_ + at % channels_;
    outbox_.post({arrival, link.far_chip, far_buffer, false, p, no_index}, packets_);
    packets_.release(packet);
}

/// Puts a packet behind all others of a buffer. Returns whether it is the only one.
bool Network::append(Buffer& b, std::uint32_t packet, std::int64_t arrival) {
    packets_[packet].next = no_index;
    packets_[packet].arrival = arrival;
    const bool only = b.head == no_index;
    (only ? b.head : packets_[b.tail].next) = packet;
    b.tail = packet;
    return only;
}

/// A packet is under way to a buffer, behind all that went there before.
void Network::expect(std::uint32_t buffer, std::uint32_t packet, std::int64_t arrival) {
    Buffer& b = buffers_[buffer];
    if (!append(b, packet, arrival)) return;
    b.coming = true;
    queue_.push(arrival, event_target(ChipEvent::arrive, buffer), 0, packet);
}

/// Removes the packet at the head. The next one may still be under way: then its arrival becomes an event. If it
/// arrives at this very picosecond, the order of events decides whether it is there yet.
std::uint32_t Network::remove_head(std::uint32_t buffer, std::int64_t now) {
    Buffer& b = buffers_[buffer];
    const std::uint32_t packet = b.head;
    b.head = packets_[packet].next;
    if (b.head == no_index) return packet;
    const std::int64_t arrival = packets_[b.head].arrival;
    const std::uint32_t target = event_target(ChipEvent::arrive, buffer);
    if (arrival < now || (arrival == now && target <= target_)) return packet;
    b.coming = true;
    queue_.push(arrival, target, 0, b.head);
    return packet;
}

/// A slot of a buffer is free: the credit returns to the near end of the link, and a waiting packet may move.
void Network::return_credit(std::uint32_t buffer, std::int64_t now) {
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

}  // namespace tephra
