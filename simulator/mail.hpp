#pragma once
// Mail: what one chip sends to another, collected over a window and handed over at its end.
#include <cstdint>
#include <vector>

#include "simulator/packet.hpp"

namespace tephra {

/// An event for another chip: a packet arrives in a buffer, or a slot of a buffer is free again.
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
