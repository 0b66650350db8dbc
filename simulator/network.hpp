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
#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "mapper/route.hpp"
#include "simulator/event_queue.hpp"
#include "simulator/link_errors.hpp"
#include "simulator/mail.hpp"
#include "simulator/packet.hpp"
#include "simulator/ring.hpp"
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

/// The place of an event in the order of all events of a chip; source and sequence aside.
struct EventKey {
    std::int64_t time = 0;
    std::uint32_t target = 0;
    friend auto operator<=>(const EventKey&, const EventKey&) = default;
};

class CoreEngine;

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
        return local(hop.link) << topology->channel_bits() | hop.channel;
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

    /// From now on `cores` serves what is sent to the core behind `buffer` ahead of the events:
    /// CoreEngine::serve_ahead. It outlives the network's events.
    void serve_ahead(CoreEngine& cores, std::uint32_t buffer);

    /// From now on packets that leave the chip may err. `law` outlives the network's events.
    void let_err(const LinkErrorLaw& law) { errors_ = &law; }
    /// What they did, and what an ideal network's packets of this chip did.
    FaultLog& faults() { return faults_; }
    [[nodiscard]] const FaultLog& faults() const { return faults_; }

    /// Handles the events of the chip before `end`, in order, and ends with one that concerns cores: it is for a unit
    /// of a core, or has woken links. That one is `event`. Returns how many events it handled, at most `most`.
    std::int64_t run(std::int64_t end, std::int64_t most, Event& event);

    /// The packet at the head of a buffer once it has arrived, or no_index.
    [[nodiscard]] std::uint32_t front(std::uint32_t buffer) const {
        const Buffer& b = buffers_[buffer];
        return ready(b) ? head(b).packet : no_index;
    }
    /// Removes the packet at the head; the caller owns it.
    std::uint32_t take(std::uint32_t buffer, std::int64_t now);

    /// Local links (inject or eject) whose cores may have work since the last event.
    std::vector<std::uint32_t>& woken() { return woken_; }
    /// Whether an event for `target` at the present time is still to come.
    [[nodiscard]] bool precedes(std::uint32_t target) const { return target_ < target; }
    /// Target of the present event.
    [[nodiscard]] std::uint32_t target() const { return target_; }
    /// Flits that a link carried.
    [[nodiscard]] std::int64_t flits(std::uint32_t link) const { return links_[link].flits; }
    /// Packets that passed a link of this chip.
    [[nodiscard]] std::int64_t transfers() const { return transfers_; }

    [[nodiscard]] std::size_t links() const { return links_.size(); }
    [[nodiscard]] std::size_t buffers() const { return buffers_.size(); }
    /// Whether the arrival of `payload` in a buffer is one of those that this network makes or takes.
    [[nodiscard]] bool may_arrive(std::uint32_t buffer, std::uint32_t payload) const {
        const Buffer& b = buffers_[buffer];
        return b.coming ? payload == head(b).wanted : b.sink || payload < packets_.size();
    }
    /// Between windows; loads into a network of which nothing was used (simulator/state/chip_state.cpp).
    void state(StateFields& fields);

private:
    /// What moving a packet needs: nothing of the packet itself or of its route is looked up on the way.
    struct alignas(32) Slot {
        std::int64_t arrival = 0;  ///< when its last flit is in the buffer
        std::uint32_t packet = 0;
        std::uint32_t first_child = 0;    ///< RouteEntry::first_child
        RouteEntry next{};                ///< the first child, if there is one
        std::uint32_t wanted = no_index;  ///< of one child: the buffer behind it
        std::uint16_t flits = 0;
        std::uint8_t children = 0;
        std::uint8_t pending = 0;  ///< of several children: those that still need a copy
    };
    static_assert(sizeof(Slot) == 32);
    static_assert(most_branches <= UINT8_MAX);  // children, pending
    struct alignas(32) Buffer {
        std::uint32_t begin = 0, room = 0;   ///< in slots_; room: 0 or a power of two
        std::uint32_t first = 0, count = 0;  ///< packets, those still under way included; `first` modulo room
        std::uint32_t first_waiting = no_index, last_waiting = no_index;
        std::uint16_t credits = 0;  ///< free slots
        static_assert(most_buffer_packets <= UINT16_MAX);
        bool core_waits : 1 = false;
        bool coming : 1 = false;    ///< the head is still under way, its arrival is an event
        bool sink : 1 = false;      ///< its core serves ahead of the events
        bool leaves : 1 = false;    ///< the packets go to another chip: their slots are there
        bool incoming : 1 = false;  ///< the near end of the link is on another chip
    };
    static_assert(sizeof(Buffer) == 32);
    static constexpr int waiting_bits = 8;  ///< of Link::waiting
    struct alignas(64) Link {               // a cache line
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
    };
    /// Slots of a sink that will be free, in order of time.
    struct Sink {
        Ring<EventKey> frees;
        bool awaited = false;  ///< the first of them is an event
    };
    /// A buffer whose head wants to take `entry`.
    struct Waiting {
        std::uint32_t buffer, entry, next;
    };

    void add_link(const ChipLinks& links, LinkId id);
    void arrive(std::uint32_t buffer, std::uint32_t packet, std::int64_t now);
    void go_on(std::uint32_t buffer, bool left, std::int64_t now);
    void settle(std::int64_t now);
    void handle(const Event& event);
    bool advance(std::uint32_t buffer, std::uint32_t wanted, std::int64_t now);
    void advance_branches(std::uint32_t buffer, std::int64_t now);
    bool may_take(std::uint32_t at, std::int64_t now);
    void wait(std::uint32_t buffer, std::uint32_t entry, std::uint32_t at);
    void serve(std::uint32_t link, std::int64_t now);
    void send(std::uint32_t buffer, std::uint32_t entry, std::int64_t now);
    std::uint32_t copy(std::uint32_t packet);
    void dispatch(std::uint32_t packet, std::uint16_t flits, std::uint32_t entry, const RouteEntry& route,
                  std::int64_t now);
    [[nodiscard]] const Slot& head(const Buffer& b) const { return slots_[b.begin + (b.first & (b.room - 1))]; }
    [[nodiscard]] Slot& head(const Buffer& b) { return slots_[b.begin + (b.first & (b.room - 1))]; }
    [[nodiscard]] std::uint32_t link_of(std::uint32_t buffer) const { return buffer >> channel_bits_; }
    /// The same channel of another link.
    [[nodiscard]] std::uint32_t beside(std::uint32_t buffer, std::uint32_t link) const {
        return buffer + ((link - link_of(buffer)) << channel_bits_);
    }
    [[nodiscard]] static bool ready(const Buffer& b) { return !b.coming && b.count != 0; }
    bool append(Buffer& b, std::uint32_t packet, std::uint16_t flits, const RouteEntry& at, std::int64_t arrival);
    void grow(Buffer& b);
    void remove_head(std::uint32_t buffer, std::int64_t now);
    void return_credit(std::uint32_t buffer, std::int64_t now);
    void free_slots(std::uint32_t buffer, std::int64_t now);

    // network_leaving.cpp
    void leave(std::uint32_t at, std::uint32_t packet, std::int64_t arrival);
    bool err(std::uint32_t at, std::uint32_t packet, std::int64_t& arrival);

    // network_sinks.cpp
    void deliver(std::uint32_t link, std::uint32_t packet, std::int64_t arrival, std::int64_t now);
    void collect(std::uint32_t buffer, std::int64_t now);
    void await_slot(std::uint32_t buffer);

    // state/chip_state.cpp
    void slots_state(StateFields& fields, Buffer& b);
    void waits_state(StateFields& fields, Buffer& b);

    std::vector<Buffer> buffers_;
    std::vector<Slot> slots_;  ///< of all buffers
    std::vector<Link> links_;
    std::span<const RouteEntry> routes_;
    EventQueue& queue_;
    PacketPool& packets_;
    Outbox& outbox_;
    CoreEngine* cores_ = nullptr;  ///< that serve ahead of the events
    std::vector<Sink> sinks_;      ///< [links]
    std::vector<Waiting> waits_;
    std::uint32_t free_wait_ = no_index;
    std::vector<std::uint32_t> moved_;  ///< [buffers] those whose head has left, still to be settled
    std::uint32_t moved_count_ = 0;
    std::vector<std::uint32_t> woken_;
    std::uint32_t channels_;
    int channel_bits_;
    std::uint32_t target_ = 0;  ///< of the present event
    std::int64_t transfers_ = 0;
    const LinkErrorLaw* errors_ = nullptr;  ///< nullptr: no packet errs
    std::int32_t first_link_ = 0;           ///< LinkId of the chip's first link
    FaultLog faults_;
};

}  // namespace tephra
