#pragma once
// Packet, its route, and what travels between chips.
#include <array>
#include <cstdint>
#include <vector>

namespace tephra {

inline constexpr std::uint32_t no_index = 0xFFFFFFFFU;

/// One link of a route with the buffer behind it. Entries of a route are contiguous: an entry's children (one on a
/// path, several where a tree branches) follow it; the last entry of a path has none and names its Terminal.
struct RouteEntry {
    std::uint32_t buffer : 24;   ///< within the chip that owns the link: local link x channels + channel
    std::uint32_t children : 8;  ///< 0: the packet has arrived
    std::uint32_t first_child;   ///< entry; for the last one its Terminal
};

/// What a record carries, and the split of the critical path that led to it.
struct PacketExtra {
    std::array<std::uint32_t, 8> words{};
    std::array<std::int64_t, 3> path{};  ///< compute, network, host: picoseconds since the run began
    std::int64_t sent = 0;               ///< when the packet was injected
};

enum PacketFlag : std::uint8_t {
    packet_last = 1,    ///< the last of its token from its slice to this core (self-timed runs)
    packet_empty = 2,   ///< a bare marker: all messages of the slice were zero
    packet_record = 4,  ///< carries `extra` words instead of a value
    packet_credit = 8,
};

struct Packet {
    std::uint32_t next = no_index;   ///< in its buffer or in the free list
    std::uint32_t entry = 0;         ///< where it is on its route
    std::uint32_t token = 0;         ///< sequence number of its token; the hardware sends it modulo the ring size
    std::uint32_t neuron = 0;        ///< source neuron
    std::uint32_t value = 0;         ///< payload
    std::uint32_t extra = no_index;  ///< PacketExtra in the pool of its chip
    std::uint16_t flits = 0;
    std::uint8_t flags = 0;
    std::uint8_t pending = 0;  ///< branches of a tree that it has yet to take here
    std::int64_t arrival = 0;  ///< when it is all in its buffer
};
static_assert(sizeof(Packet) == 40);

/// Packets of one chip; indices stay valid until release.
class PacketPool {
public:
    std::uint32_t add(const Packet& packet) {
        std::uint32_t index = free_;
        if (index == no_index) {
            index = static_cast<std::uint32_t>(packets_.size());
            packets_.push_back(packet);
        } else {
            free_ = packets_[index].next;
            packets_[index] = packet;
        }
        ++live_;
        return index;
    }
    void release(std::uint32_t index) {
        packets_[index].next = free_;
        free_ = index;
        --live_;
    }
    Packet& operator[](std::uint32_t index) { return packets_[index]; }

    std::uint32_t add_extra(const PacketExtra& extra) {
        if (free_extras_.empty()) {
            extras_.push_back(extra);
            return static_cast<std::uint32_t>(extras_.size() - 1);
        }
        const std::uint32_t index = free_extras_.back();
        free_extras_.pop_back();
        extras_[index] = extra;
        return index;
    }
    void release_extra(std::uint32_t index) { free_extras_.push_back(index); }
    PacketExtra& extra(std::uint32_t index) { return extras_[index]; }
    [[nodiscard]] std::int64_t live() const { return live_; }

private:
    std::vector<Packet> packets_;
    std::vector<PacketExtra> extras_;
    std::vector<std::uint32_t> free_extras_;
    std::uint32_t free_ = no_index;
    std::int64_t live_ = 0;
};

/// Something that happens on another chip: a packet arrives in a buffer, or a place in one is free again.
struct Mail {
    std::int64_t time = 0;
    std::uint32_t chip = 0;
    std::uint32_t buffer = 0;  ///< of the receiving chip
    bool credit = false;
    Packet packet;
    std::uint32_t extra = no_index;  ///< index into Outbox::extras
};

/// Mail of one chip in one window, in the order it was sent.
struct Outbox {
    std::vector<Mail> mails;
    std::vector<PacketExtra> extras;

    /// Adds a mail; an extra of its packet moves out of `pool`.
    void post(Mail mail, PacketPool& pool) {
        if (mail.packet.extra != no_index) {
            mail.extra = static_cast<std::uint32_t>(extras.size());
            extras.push_back(pool.extra(mail.packet.extra));
            pool.release_extra(mail.packet.extra);
        }
        mails.push_back(mail);
    }
    void clear() {
        mails.clear();
        extras.clear();
    }
};

}  // namespace tephra
