#pragma once
// HostFeed: the host's part of a run. It lets rounds into the machine and takes what comes out. A round is a token of a
// language model or a time step of a spiking network; each population fires once in it.
#include <cstdint>
#include <span>

#include "simulator/path_point.hpp"
#include "simulator/run.hpp"

namespace tephra {

class StateFields;

/// The chip that the host is attached to calls it, but for stream(), which every chip may call for a round that has
/// entered. All calls come in an order that does not depend on the number of threads.
class HostFeed {
public:
    HostFeed() = default;
    HostFeed(const HostFeed&) = delete;
    HostFeed& operator=(const HostFeed&) = delete;
    virtual ~HostFeed() = default;

    /// Independent sequences whose state the machine keeps.
    [[nodiscard]] virtual int streams() const = 0;
    /// Rounds that will enter in the whole run. It may fall while the run goes on, and never grows.
    [[nodiscard]] virtual std::int64_t total() const = 0;
    /// Rounds that are in the machine at once, as a rule, if it has room for them.
    [[nodiscard]] virtual std::int64_t at_once() const = 0;
    /// Rounds that have entered.
    [[nodiscard]] virtual std::int64_t entered() const = 0;
    /// Rounds that have left.
    [[nodiscard]] virtual std::int64_t left() const = 0;
    /// Whether a round is known that has not entered.
    [[nodiscard]] virtual bool waiting() const = 0;
    /// The last event that the next round waits for.
    [[nodiscard]] virtual const PathPoint& trigger() const = 0;
    /// The next round enters at `now`; its number is the number of rounds before. Returns the values for the first port
    /// of the program's source, valid until the next call.
    virtual std::span<const std::int32_t> enter(std::int64_t now) = 0;
    /// Stream of a round that has entered.
    [[nodiscard]] virtual int stream(std::uint32_t round) const = 0;
    /// Whether anybody looks at the output of a round that has entered. If not, the host skips its work for it.
    [[nodiscard]] virtual bool wants_output(std::uint32_t round) const = 0;
    /// A round leaves with the values of the program's sink. `end`: the critical path then.
    virtual void leave(std::uint32_t round, std::span<const std::int32_t> values, const PathPoint& end) = 0;
    /// Writes what it knows of the rounds into the run, once all have left.
    virtual void describe(Run& run) const = 0;
    /// What a checkpoint keeps (simulator/state/state_fields.hpp); loads into a feed that was not used.
    virtual void state(StateFields& fields) = 0;
};

}  // namespace tephra
