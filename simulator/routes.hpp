#pragma once
// RouteTable: the routes of a run laid out flat, so that a packet finds its next links beside its present one.
#include <cstdint>
#include <span>
#include <vector>

#include "mapper/route.hpp"

namespace tephra {

inline constexpr int buffer_bits = 24;  ///< of a buffer's number within its chip
inline constexpr int branch_bits = 8;   ///< of a number of branches
static_assert(most_buffers == std::int64_t{1} << buffer_bits);
static_assert(most_branches < 1 << branch_bits);

/// One link of a route with the buffer behind it. Entries of a route are contiguous: an entry's children (one on a
/// path, several where a tree branches) follow it; the last entry of a path has none and names its target.
struct RouteEntry {
    std::uint32_t buffer : buffer_bits;    ///< within the chip that owns the link: local link x channels + channel
    std::uint32_t children : branch_bits;  ///< 0: the packet has arrived
    std::uint32_t first_child;             ///< entry; for the last one the number of its target
};

class RouteTable {
public:
    /// Keeps pointers to both.
    RouteTable(const Machine& machine, const Topology& topology) : machine_(&machine), topology_(&topology) {}
    RouteTable(const Machine&& machine, const Topology& topology) = delete;
    RouteTable(const Machine& machine, const Topology&& topology) = delete;
    RouteTable(const Machine&& machine, const Topology&& topology) = delete;

    /// Adds the path from one core (or the host) to another; its last entry names `number`. Returns its first entry.
    std::uint32_t add_path(CoreId from, CoreId to, std::uint32_t number);
    /// Adds the tree to all targets; the entry at targets[k] names numbers[k]. Returns its first entry.
    std::uint32_t add_tree(CoreId from, std::span<const CoreId> targets, std::span<const std::uint32_t> numbers);

    [[nodiscard]] std::span<const RouteEntry> entries() const { return entries_; }
    /// Link of every entry.
    [[nodiscard]] LinkId link(std::uint32_t entry) const { return links_[entry]; }
    [[nodiscard]] LinkKind kind(std::uint32_t entry) const { return kinds_[entry]; }
    /// Entries so far: where the next route starts.
    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(entries_.size()); }

private:
    /// What an entry needs of its link.
    struct Known {
        std::uint32_t buffer = 0;  ///< of channel 0
        LinkKind kind = LinkKind::none;
    };
    const Known& known(LinkId link);
    void add_entry(const Hop& hop, std::uint32_t children, std::uint32_t first_child);

    const Machine* machine_;
    const Topology* topology_;
    std::vector<RouteEntry> entries_;
    std::vector<LinkId> links_;
    std::vector<LinkKind> kinds_;
    std::vector<Known> known_;  ///< [links] once asked for
    std::vector<Hop> path_;     ///< the one that is being added
};

}  // namespace tephra
