#pragma once
// Network: the routers and links of one chip under contention.
//
// A packet moves whole from buffer to buffer (store and forward). Every directed link has one input buffer per channel
// at its far end, with slots for a few packets. The near end holds one credit for each free slot. The packet at the
// head of a buffer requests the next link of its route. It moves when the link is idle and a credit is there; until
// then it waits, and so do the packets behind it. A link serves its channels in turn (round robin) and the buffers of
// one channel in the order of their requests. A buffer requests for one packet at a time, so buffers take turns too.
// A credit returns at once within a chip, and after the latency of the link between chips. A core is the near end of
// its own link: it needs a credit before it sends. mapper/route.hpp says why this cannot deadlock.
//
// A hop makes at most one event, the arrival, and only for a packet that is at the head of its buffer then: a packet
// that arrives behind others waits for them anyway. A second event, "link idle", is made only for a link with waiters.
#include <cstdint>
#include <span>
#include <vector>

#include "mapper/route.hpp"
#include "simulator/event_queue.hpp"
#include "simulator/mail.hpp"
#include "simulator/packet.hpp"
#include "simulator/routes.hpp"

namespace tephra {

/// Kinds of events of a chip. Event::target is kind and index, so the order of the enumerators decides the order of
/// events at one picosecond, and with it every result: freed slots first, then arrivals, then links that fall idle,
/// then the units of cores, which so see all that has arrived: what receives, what evaluates neurons, what sends.
enum class ChipEvent : std::uint32_t { credit, arrive, idle, receive, neurons, send };
static_assert(ChipEvent::credit < ChipEvent::arrive && ChipEvent::arrive < ChipEvent::idle &&
              ChipEvent::idle < ChipEvent::receive && ChipEvent::receive < ChipEvent::neurons &&
              ChipEvent::neurons < ChipEvent::send);
inline constexpr int chip_event_shift = 28;
static_assert(static_cast<std::uint32_t>(ChipEvent::send) < 1U << (32 - chip_event_shift));
static_assert(buffer_bits <= chip_event_shift);     // of credit and arrive; a chip has fewer links than buffers
static_assert(most_cores < 1 << chip_event_shift);  // of units: the cores of a chip, and the host
constexpr std::uint32_t event_target(ChipEvent kind, std::uint32_t index) {
    return static_cast<std::uint32_t>(kind) << chip_event_shift | index;
}
constexpr ChipEvent event_kind(std::uint32_t target) {
    return static_cast<ChipEvent>(target >> chip_event_shift);
}
constexpr std::uint32_t event_index(std::uint32_t target) {
    return target & ((1U << chip_event_shift) - 1);
}

/// Numbers of links and buffers within a chip: its own links, the host's two, and those that come from neighbours.
/// A view: machine and topology must outlive it.
struct ChipLinks {
    const Machine* machine;
    const Topology* topology;
    ChipId chip;

    [[nodiscard]] int count() const { return count(*topology); }
    [[nodiscard]] static int count(const Topology& topology) {
        return topology.links_per_chip() + host_links + chip_directions;
    }
    /// Local number of a link that the chip owns.
    [[nodiscard]] std::uint32_t local(LinkId link) const;
    /// Local number, on the receiving chip, of the far end of a chip link.
    [[nodiscard]] static std::uint32_t incoming(const Topology& topology, LinkId link);
    [[nodiscard]] std::uint32_t buffer(Hop hop) const {
        return local(hop.link) * static_cast<std::uint32_t>(topology->channels()) + hop.channel;
    }
};

/// Occupancy per flit, latency, and further occupancy per packet of a link.
struct LinkTiming {
    std::int64_t flit = 0, latency = 0, packet = 0;
};
LinkTiming link_timing(const Machine& machine, LinkKind kind);

class Network {
public:
    Network(const ChipLinks& links, std::span<const RouteEntry> routes, EventQueue& queue, PacketPool& packets,
            Outbox& outbox);

    /// Whether a core may send a packet whose route starts with `entry`; if not, it is woken when it may.
    bool can_inject(std::uint32_t entry);
    /// Sends a packet over the core's own link, from `time` on at the earliest.
    void inject(const Packet& packet, std::int64_t time);

    /// Does what an event asks of the network. Every event of the chip must come here, in order.
    void handle(const Event& event);

    /// The packet at the head of a buffer once it has arrived, or no_index.
    [[nodiscard]] std::uint32_t front(std::uint32_t buffer) const {
        return buffers_[buffer].coming ? no_index : buffers_[buffer].head;
    }
    /// Removes the packet at the head; the caller owns it.
    std::uint32_t take(std::uint32_t buffer, std::int64_t now);

    /// Local links (inject or eject) whose cores may have work since the last event.
    std::vector<std::uint32_t>& woken() { return woken_; }
    /// Whether an event for `target` at the present time is still to come.
    [[nodiscard]] bool precedes(std::uint32_t target) const { return target_ < target; }
    /// Flits that a link carried.
    [[nodiscard]] std::int64_t flits(std::uint32_t link) const { return links_[link].flits; }
    /// Packets that passed a link of this chip.
    [[nodiscard]] std::int64_t transfers() const { return transfers_; }

private:
    struct Buffer {
        std::uint32_t head = no_index, tail = no_index;  ///< packets, those still under way included
        std::uint32_t first_waiting = no_index, last_waiting = no_index;
        std::uint32_t link = 0;
        std::uint16_t credits = 0;  ///< free slots
        static_assert(most_buffer_packets <= UINT16_MAX);
        bool core_waits = false;
        bool coming = false;  ///< the head is still under way, its arrival is an event
    };
    static constexpr int waiting_bits = 8;  ///< of Link::waiting
    struct Link {
        std::int64_t busy_until = 0;
        std::int64_t flits = 0;
        std::int64_t flit_time = 0;
        std::int64_t packet_time = 0;
        std::int64_t latency = 0;
        std::uint32_t far_chip = no_index;  ///< of a chip link, at both ends: the chip at the other end
        std::uint32_t far_link = 0;         ///< and the number of this link there
        std::uint8_t waiting = 0;           ///< channels with waiting packets, a bit each
        static_assert(most_channels <= waiting_bits);
        std::uint8_t next_channel = 0;
        bool scheduled = false;  ///< an idle event is under way
        bool incoming = false;   ///< the near end is on another chip
    };
    /// A buffer whose head wants to take `entry`.
    struct Waiting {
        std::uint32_t buffer, entry, next;
    };

    void add_link(const ChipLinks& links, LinkId id);
    void arrive(std::uint32_t buffer, std::uint32_t packet, std::int64_t now);
    void idle(std::uint32_t link, std::int64_t now);
    void credit(std::uint32_t buffer, std::int64_t now);
    void advance(std::uint32_t buffer, std::int64_t now);
    void request(std::uint32_t buffer, std::uint32_t entry, std::int64_t now);
    void wait(std::uint32_t buffer, std::uint32_t entry);
    void serve(std::uint32_t link, std::int64_t now);
    void send(std::uint32_t buffer, std::uint32_t entry, std::int64_t now);
    void dispatch(std::uint32_t packet, std::uint32_t entry, std::int64_t now);
    bool append(Buffer& b, std::uint32_t packet, std::int64_t arrival);
    void expect(std::uint32_t buffer, std::uint32_t packet, std::int64_t arrival);
    std::uint32_t remove_head(std::uint32_t buffer, std::int64_t now);
    void return_credit(std::uint32_t buffer, std::int64_t now);
    void settle(std::int64_t now);

    std::vector<Buffer> buffers_;
    std::vector<Link> links_;
    std::span<const RouteEntry> routes_;
    EventQueue& queue_;
    PacketPool& packets_;
    Outbox& outbox_;
    std::vector<Waiting> waits_;
    std::uint32_t free_wait_ = no_index;
    std::vector<std::uint32_t> moved_;  ///< buffers whose head has left, still to be settled
    std::vector<std::uint32_t> woken_;
    std::uint32_t channels_;
    std::uint32_t target_ = 0;  ///< of the present event
    std::int64_t transfers_ = 0;
};

}  // namespace tephra
