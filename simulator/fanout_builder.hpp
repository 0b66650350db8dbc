#pragma once
// FanoutBuilder: lays out what leaves a slice, its routes and where they end.
#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "simulator/network.hpp"
#include "simulator/packet.hpp"
#include "simulator/schedule.hpp"

namespace tephra {

/// Inputs of one core that a slice sends to.
struct Reach {
    NeuronRanges neurons;  ///< that send there; not empty
    CoreId core;           ///< or the host
    std::vector<std::uint32_t> inputs{};
    friend bool operator<(const Reach& a, const Reach& b) {
        return std::tie(a.neurons, a.core) < std::tie(b.neurons, b.core);
    }
};

class FanoutBuilder {
public:
    /// `schedule` has all its slices and inputs.
    explicit FanoutBuilder(Schedule& schedule);

    /// Adds the fan-outs of fanout.slice to `reaches`, of which each core has one, with their routes, terminals and
    /// deliveries: one per core (unicast), or per set of source neurons (multicast). Kind, projection and flits are
    /// those of `fanout`. `peers`: all slices of its population. Each begins at another target; in one common order
    /// they would all queue at one core after the other.
    void add(Fanout fanout, std::vector<Reach> reaches, std::span<const std::uint32_t> peers);

private:
    void add_terminal(const Reach& reach);
    void set_neurons(const NeuronRanges& neurons, Fanout& fanout);
    void add_route(Fanout& fanout, CoreId from);
    void trace_paths(const Fanout& fanout, std::uint32_t entry, std::int64_t latency, std::int64_t flit_time);

    Schedule& out_;
    std::vector<std::uint32_t> deliveries_;  ///< [inputs] last list that begins with it
    std::array<LinkTiming, static_cast<std::size_t>(LinkKind::to_host) + 1> timings_;  ///< [LinkKind]
    struct Path {
        std::uint32_t entry = 0, entries = 0;
    };
    std::map<std::pair<CoreId, CoreId>, Path> paths_;  ///< those that there are: fan-outs share them
    std::vector<CoreId> targets_;                      ///< of the fan-out that is being added
    std::vector<std::uint32_t> numbers_;               ///< 0, 1, 2, ...: of its terminals
};

}  // namespace tephra
