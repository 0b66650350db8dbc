// Packets that leave their chip, and the errors of the links that they take.
#include "simulator/network.hpp"

namespace tephra {

/// A packet has taken the link to the buffer `at` on another chip.
void Network::leave(std::uint32_t at, std::uint32_t packet, std::int64_t arrival) {
    if (errors_ != nullptr && err(at, packet, arrival)) return;
    const Link& link = links_[link_of(at)];
    outbox_.post({arrival, link.far_chip, beside(at, link.far_link), false, packets_[packet], no_index}, packets_);
    packets_.release(packet);
}

/// Lets the packet err. An attempt that arrives wrong holds the link until the far end has said so; then the packet is
/// sent again. One that is lost is thrown away at the far end, where its slot is free at once. Returns whether it is.
bool Network::err(std::uint32_t at, std::uint32_t packet, std::int64_t& arrival) {
    Link& link = links_[link_of(at)];
    const Packet& p = packets_[packet];
    const LinkOutcome outcome = errors_->of(LinkId(first_link_ + static_cast<std::int32_t>(link_of(at))), p);
    if (outcome.retries == 0 && !outcome.lost) return false;
    const std::int64_t attempt = link.packet_time + p.flits * link.flit_time + 2 * link.latency;
    faults_.add(errors_->fault(outcome, p, p.entry, attempt));
    link.busy_until += outcome.retries * attempt;
    link.flits += std::int64_t{outcome.retries} * p.flits;
    arrival += outcome.retries * attempt;
    if (!outcome.lost) return false;
    queue_.push(arrival + link.latency, event_target(ChipEvent::credit, at), 0, 0);
    if (p.extra != no_index) packets_.release_extra(p.extra);
    packets_.release(packet);
    return true;
}

}  // namespace tephra
