#pragma once
// Packet: what moves through the network of a chip, and the pool that holds its packets.
#include <array>
#include <cstdint>
#include <vector>

#include "mapper/route.hpp"
#include "neuro/program.hpp"
#include "simulator/path_point.hpp"

namespace tephra {

inline constexpr std::uint32_t no_index = 0xFFFFFFFFU;

/// The words of a record (make_schedule refuses longer ones), and the critical path up to the sending of the packet.
struct PacketExtra {
    std::array<std::uint32_t, max_record_words> words{};
    PathSplit path{};       ///< up to `sent`
    std::int64_t sent = 0;  ///< when the packet was injected
};

enum PacketFlag : std::uint8_t {
    packet_last = 1,    ///< the last packet of its token from its slice to this core (self-timed runs)
    packet_empty = 2,   ///< marker: all messages of the slice were zero, so the header travels alone
    packet_record = 4,  ///< carries the words of `extra` instead of a value
    packet_credit = 8,  ///< a Normalizer has fired a token (self-timed runs): Transport::credit
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
    std::uint8_t pending = 0;  ///< branches of its tree that still need a copy from this buffer
    std::int64_t arrival = 0;  ///< when its last flit is in its buffer
};
static_assert(sizeof(Packet) == 40);
static_assert(1 + max_record_words * record_word_bits <= UINT16_MAX);  // flits: a header, and no more than one a bit
static_assert(most_branches <= UINT8_MAX);                             // pending

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

}  // namespace tephra
