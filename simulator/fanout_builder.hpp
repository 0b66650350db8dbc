#pragma once
// FanoutBuilder: lays out what leaves a slice, its routes and where they end.
#include <cstdint>
#include <span>
#include <vector>

#include "simulator/packet.hpp"
#include "simulator/schedule.hpp"

namespace tephra {

/// An input that a slice sends to.
struct Reach {
    /// Source neurons that one stream of packets serves, and the core it goes to.
    struct Target {
        int begin = 0, end = 0;
        CoreId core;  ///< or the host
        friend auto operator<=>(const Target&, const Target&) = default;
    } target;
    std::uint32_t input = 0;  ///< there
};

class FanoutBuilder {
public:
    /// `schedule` has all its slices and inputs.
    explicit FanoutBuilder(Schedule& schedule) : out_(schedule), deliveries_(schedule.inputs.size(), no_index) {}

    /// Adds the fan-outs of fanout.slice to `reaches`, with their routes, terminals and deliveries: one per target
    /// (unicast), or per range of source neurons (multicast). Kind, projection and flits are those of `fanout`.
    /// `peers`: all slices of its population. Each begins at another target; in one common order they would all queue
    /// at one core after the other.
    void add(Fanout fanout, std::vector<Reach> reaches, std::span<const std::uint32_t> peers);

private:
    std::uint32_t add_terminal(std::span<const Reach> reaches);
    void trace_paths(std::uint32_t entry, std::int64_t latency, std::int64_t flit_time);

    Schedule& out_;
    std::vector<std::uint32_t> deliveries_;  ///< [inputs] last list that begins with it
};

}  // namespace tephra
