#pragma once
// Errors of links between chips: which packets err, and what that did (docs/decisions/0012-links-with-errors.md).
#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "simulator/packet.hpp"
#include "simulator/schedule.hpp"

namespace tephra {

/// What a link does to one packet.
struct LinkOutcome {
    int retries = 0;    ///< further times that it is sent
    bool lost = false;  ///< it arrived wrong each time
};

/// What one link of a route did to the packets of one round.
struct LinkFault {
    std::int64_t round = 0, fanout = 0, entry = 0;  ///< entry: of the fan-out's route
    std::int64_t retries = 0;                       ///< further times that packets were sent
    std::int64_t retry_flits = 0;                   ///< of these
    std::int64_t added = 0;                         ///< picoseconds that these took the link
    std::int64_t lost = 0;                          ///< packets, markers included
    std::int64_t lost_markers = 0;
};

/// A slice of a self-timed run has waited until the time-out for what was lost of a round.
struct WaitFault {
    std::int64_t round = 0, slice = 0;
};

/// The faults of one chip's links, and the waits of its slices.
class FaultLog {
public:
    void add(const LinkFault& fault);
    void wait(const WaitFault& fault) { waits_.push_back(fault); }
    [[nodiscard]] const std::vector<WaitFault>& waits() const { return waits_; }
    /// By round, fan-out and entry.
    [[nodiscard]] std::vector<LinkFault> all() const;
    /// simulator/state/chip_state.cpp
    void state(StateFields& fields, const Schedule& schedule);

private:
    std::map<std::array<std::int64_t, 3>, LinkFault> faults_;
    std::vector<WaitFault> waits_;
};

/// Whether a packet errs on a link is decided by the seed, the link and the packet alone: not by what else is under
/// way, nor by who simulates it.
class LinkErrorLaw {
public:
    /// `schedule` outlives it; its machine has link errors.
    LinkErrorLaw(const Schedule& schedule, std::uint64_t seed);

    [[nodiscard]] LinkOutcome of(LinkId link, const Packet& packet) const;
    /// The fault that is booked for an outcome: the packet is in `entry` of its route, and takes the link for
    /// `attempt` picoseconds each time that it is sent again.
    [[nodiscard]] LinkFault fault(const LinkOutcome& outcome, const Packet& packet, std::uint32_t entry,
                                  std::int64_t attempt) const;
    [[nodiscard]] std::uint64_t seed() const { return seed_; }

private:
    /// Links with equal errors.
    struct Kind {
        LinkErrors errors;
        std::vector<std::uint64_t> wrong;  ///< [flits + 1] probability that a packet errs, in 2^-64
    };
    std::size_t kind_of(const LinkErrors& errors, int most_flits);

    const Schedule& schedule_;
    std::uint64_t seed_;
    std::vector<Kind> kinds_;          ///< the first: no errors
    std::vector<std::uint16_t> kind_;  ///< [chips x chip_directions] index into kinds_
};

/// Probability, in 2^-64, that a packet of so many bits errs: 1 - (1 - rate / 10^18)^bits. Rounded; above 0 where rate
/// and bits are; UINT64_MAX stands for 1.
std::uint64_t wrong_packet(std::int64_t rate, std::int64_t bits);

}  // namespace tephra
