// Links and buffers of a chip: their numbers, times and sizes, and the network that is built of them.
#include <algorithm>

#include "core/narrow.hpp"
#include "simulator/network.hpp"

namespace tephra {
namespace {

/// Packets that each buffer at the far end of a link holds. The host receives into its memory; what it sends waits in
/// an adapter deep enough to keep its long link busy (latency over the time of a packet of two flits, twice).
int buffer_slots(const Machine& machine, LinkKind kind) {
    if (kind == LinkKind::chip) return machine.link.buffer_packets;
    if (kind == LinkKind::to_host) return most_buffer_packets;
    if (kind == LinkKind::eject && machine.mesh.core_packets > 0) return machine.mesh.core_packets;
    if (kind != LinkKind::from_host) return machine.mesh.buffer_packets;
    const std::int64_t packets = machine.host.latency.value() / std::max<std::int64_t>(1, machine.host.flit.value());
    return narrow<int>(std::clamp<std::int64_t>(packets, machine.mesh.buffer_packets, most_buffer_packets));
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
            return {machine.link.flit.value(), machine.link.latency.value(), machine.link.packet.value()};
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
      channels_(static_cast<std::uint32_t>(links.topology->channels())),
      channel_bits_(links.topology->channel_bits()) {
    const auto count = static_cast<std::size_t>(links.count());
    links_.resize(count);
    buffers_.resize(count << channel_bits_);
    moved_.resize(buffers_.size());
    const Topology& topology = *links.topology;
    const int stride = topology.links_per_chip();
    const int first = links.chip.value * stride;
    first_link_ = first;
    for (int k = 0; k < stride; ++k) add_link(links, LinkId(first + k));
    if (links.machine->host.chip == links.chip) {
        add_link(links, topology.inject(topology.host()));
        add_link(links, topology.eject(topology.host()));
    }
}

void Network::add_link(const ChipLinks& links, LinkId id) {
    const LinkEnds link = links.topology->link(id);
    if (link.kind == LinkKind::none) return;
    const Machine& machine = *links.machine;
    const LinkTiming timing = link_timing(machine, link.kind);
    const std::uint32_t at = links.local(id);
    Link& out = links_[at];
    // A link carries one flit at a time, so that no two packets arrive over it at once.
    out.flit_time = std::max<std::int64_t>(timing.flit, 1);
    out.packet_time = timing.packet;
    out.latency = timing.latency;
    const bool chip_link = link.kind == LinkKind::chip;
    const int slots = buffer_slots(machine, link.kind);
    for (std::uint32_t c = 0; c < channels_; ++c) {
        Buffer& b = buffers_[at << channel_bits_ | c];
        b.credits = narrow<std::uint16_t>(slots);
        b.leaves = chip_link;
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
    for (std::uint32_t c = 0; c < channels_; ++c) buffers_[in << channel_bits_ | c].incoming = true;
}

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

}  // namespace tephra
