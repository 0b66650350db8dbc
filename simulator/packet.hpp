#pragma once
// Packet: what moves through the network of a chip, and the pool that holds its packets.
#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "mapper/route.hpp"
#include "neuro/program.hpp"
#include "simulator/path_point.hpp"

namespace tephra {

class StateFields;

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
    std::uint32_t entry = 0;         ///< of its route: the first when it is sent, the last when it arrives
    std::uint32_t terminal = 0;      ///< the first of its fan-out; the last entry of a route counts from there
    std::uint32_t token = 0;         ///< sequence number of its token; the hardware sends it modulo the ring size
    std::uint32_t neuron = 0;        ///< source neuron
    std::uint32_t value = 0;         ///< payload
    std::uint32_t extra = no_index;  ///< PacketExtra in the pool of its chip
    std::uint16_t flits = 0;
    std::uint8_t flags = 0;
};
static_assert(sizeof(Packet) == 28);
static_assert(1 + max_record_words * record_word_bits <= UINT16_MAX);  // flits: a header, and no more than one a bit

/// Packets of one chip; indices stay valid until release.
class PacketPool {
public:
    std::uint32_t add(const Packet& packet) {
        ++live_;
        if (free_.empty()) {
            packets_.push_back(packet);
            return static_cast<std::uint32_t>(packets_.size() - 1);
        }
        const std::uint32_t index = free_.back();
        free_.pop_back();
        packets_[index] = packet;
        return index;
    }
    void release(std::uint32_t index) {
        free_.push_back(index);
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
    [[nodiscard]] std::size_t size() const { return packets_.size(); }
    [[nodiscard]] std::size_t extras() const { return extras_.size(); }
    /// `each` sees every packet (simulator/state/chip_state.cpp).
    void state(StateFields& fields, const std::function<void(Packet&)>& each);

private:
    std::vector<Packet> packets_;
    std::vector<PacketExtra> extras_;
    std::vector<std::uint32_t> free_, free_extras_;
    std::int64_t live_ = 0;
};

}  // namespace tephra
