#include "simulator/network.hpp"

#include <algorithm>
#include <cassert>
#include <limits>

namespace tephra {
namespace {

constexpr int host_links = 2;  // from_host, to_host
constexpr int chip_directions = 6;

/// Packets that each buffer at the far end of a link holds. The host receives into its memory; what it sends waits in
/// an adapter deep enough to keep its long link busy (latency over the time of a packet of two flits, twice).
int buffer_places(const Machine& machine, LinkKind kind) {
    constexpr std::int64_t most = std::numeric_limits<std::uint16_t>::max();
    if (kind == LinkKind::chip) return machine.link.buffer_packets;
    if (kind == LinkKind::to_host) return most;
    if (kind != LinkKind::from_host) return machine.mesh.buffer_packets;
    const std::int64_t packets = machine.host.latency.value() / std::max<std::int64_t>(1, machine.host.flit.value());
    return static_cast<int>(std::clamp<std::int64_t>(packets, machine.mesh.buffer_packets, most));
}

}  // namespace

std::uint32_t ChipLinks::local(LinkId link) const {
    const int chips = machine->chips();
    const int stride = topology->links_per_chip();
    if (link.value >= chips * stride) return static_cast<std::uint32_t>(stride + link.value - chips * stride);
    return static_cast<std::uint32_t>(link.value % stride);
}

std::uint32_t ChipLinks::incoming(const Topology& topology, LinkId link) {
    const int stride = topology.links_per_chip();
    const int direction = link.value % stride - (stride - chip_directions);
    return static_cast<std::uint32_t>(stride + host_links + direction);
}

LinkTiming link_timing(const Machine& machine, LinkKind kind) {
    switch (kind) {
        case LinkKind::inject:
        case LinkKind::eject:
            return {machine.mesh.flit_local.value(), 0};
        case LinkKind::mesh_x:
            return {machine.mesh.flit_x.value(), machine.mesh.hop_x.value()};
        case LinkKind::mesh_y:
            return {machine.mesh.flit_y.value(), machine.mesh.hop_y.value()};
        case LinkKind::chip:
            return {machine.link.flit.value(), machine.link.latency.value()};
        case LinkKind::from_host:
        case LinkKind::to_host:
            return {machine.host.flit.value(), machine.host.latency.value()};
        case LinkKind::none:
            break;
    }
    return {};
}

Network::Network(const ChipLinks& links, std::span<const RouteEntry> routes, EventQueue& queue, PacketPool& packets,
                 Outbox& outbox)
    : routes_(routes),
      queue_(queue),
      packets_(packets),
      outbox_(outbox),
      channels_(static_cast<std::uint32_t>(links.topology->channels())) {
    const auto count = static_cast<std::size_t>(links.count());
    links_.resize(count);
    buffers_.resize(count * channels_);
    const Topology& topology = *links.topology;
    const int stride = topology.links_per_chip();
    const int first = links.chip.value * stride;
    for (int k = 0; k < stride; ++k) add_link(links, LinkId(first + k));
    if (links.machine->host.chip == links.chip) {
        add_link(links, topology.inject(topology.host()));
        add_link(links, topology.eject(topology.host()));
    }
}

void Network::add_link(const ChipLinks& links, LinkId id) {
    const tephra::Link link = links.topology->link(id);
    if (link.kind == LinkKind::none) return;
    const Machine& machine = *links.machine;
    const LinkTiming timing = link_timing(machine, link.kind);
    const std::uint32_t at = links.local(id);
    Link& out = links_[at];
    // A link carries one flit at a time, so that no two packets arrive over it at once.
    out.flit_time = static_cast<std::int32_t>(std::max<std::int64_t>(timing.flit, 1));
    out.latency = static_cast<std::int32_t>(timing.latency);
    const bool chip_link = link.kind == LinkKind::chip;
    const int places = buffer_places(machine, link.kind);
    for (std::uint32_t c = 0; c < channels_; ++c) {
        buffers_[at * channels_ + c].link = at;
        buffers_[at * channels_ + c].credits = static_cast<std::uint16_t>(places);
    }
    if (!chip_link) return;
    out.far_chip = static_cast<std::uint32_t>(link.receiver.value);
    out.far_link = ChipLinks::incoming(*links.topology, id);
    // The opposite link ends here: its buffers are on this chip, its credits at the neighbour.
    const LinkId back = links.topology->chip_link(link.receiver, link.owner);
    const std::uint32_t in = ChipLinks::incoming(*links.topology, back);
    Link& end = links_[in];
    end.latency = out.latency;
    end.far_chip = out.far_chip;
    end.far_link = links.local(back);
    end.incoming = true;
    for (std::uint32_t c = 0; c < channels_; ++c) buffers_[in * channels_ + c].link = in;
}

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
        case ChipEvent::core:
            break;
    }
}

/// The head of a buffer arrives; or any packet, where it comes from another chip or over an ideal network.
void Network::arrive(std::uint32_t buffer, std::uint32_t packet, std::int64_t now) {
    Buffer& b = buffers_[buffer];
    if (!b.coming) {
        packets_[packet].next = no_index;
        packets_[packet].arrival = now;
        if (b.head != no_index) {
            packets_[b.tail].next = packet;
            b.tail = packet;
            return;
        }
        b.head = b.tail = packet;
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

/// A packet has become the head of its buffer: it asks for its next links, or wakes the core it has come to.
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

/// Gives an idle link to the next channel that has both a packet waiting and a credit.
void Network::serve(std::uint32_t at, std::int64_t now) {
    Link& link = links_[at];
    std::uint32_t channel = link.next_channel;
    for (std::uint32_t k = 0; k < channels_ && link.waiting != 0; ++k) {
        Buffer& wanted = buffers_[at * channels_ + channel];
        const std::uint32_t node = wanted.first_waiting;
        const std::uint32_t after = channel + 1 == channels_ ? 0 : channel + 1;
        if (node != no_index && wanted.credits > 0) {
            const Waiting chosen = waits_[node];
            waits_[node].next = free_wait_;
            free_wait_ = node;
            wanted.first_waiting = chosen.next;
            if (chosen.next == no_index) link.waiting &= static_cast<std::uint8_t>(~(1U << channel));
            link.next_channel = static_cast<std::uint8_t>(after);
            send(chosen.buffer, chosen.entry, now);
            break;
        }
        channel = after;
    }
    if (link.scheduled || link.waiting == 0) return;
    for (std::uint32_t c = 0; c < channels_; ++c) {
        const Buffer& wanted = buffers_[at * channels_ + c];
        if (wanted.first_waiting == no_index || wanted.credits == 0) continue;
        link.scheduled = true;
        queue_.push(link.busy_until, event_target(ChipEvent::idle, at), 0, 0);
        return;
    }
}

/// Moves the head of a buffer, or its copy where the route branches, over the link of `entry`.
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
    link.busy_until = now + std::int64_t{p.flits} * link.flit_time;
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

/// A packet is under way to a buffer, behind all that went there before.
void Network::expect(std::uint32_t buffer, std::uint32_t packet, std::int64_t arrival) {
    Buffer& b = buffers_[buffer];
    Packet& p = packets_[packet];
    p.next = no_index;
    p.arrival = arrival;
    if (b.head != no_index) {
        packets_[b.tail].next = packet;
        b.tail = packet;
        return;
    }
    b.head = b.tail = packet;
    b.coming = true;
    queue_.push(arrival, event_target(ChipEvent::arrive, buffer), 0, packet);
}

/// Takes the first packet out. The next one may still be under way: then its arrival becomes an event. At one time,
/// what has arrived and what has not is told by the order of events.
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

/// A place in a buffer is free: whoever waits for it is served, wherever the near end of its link is.
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

/// Each packet that moved leaves a place behind and a new head; both may let others move.
void Network::settle(std::int64_t now) {
    while (!moved_.empty()) {
        const std::uint32_t buffer = moved_.back();
        moved_.pop_back();
        return_credit(buffer, now);
        if (front(buffer) != no_index) advance(buffer, now);
    }
}

}  // namespace tephra
