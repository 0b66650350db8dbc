#pragma once
// Routes: the links of a machine, numbered densely, and the path of a packet from any core (or the host) to any other.
//
// A path goes inside a chip along X, then Y; between chips along X, then Y, then Z. To leave a chip, a packet walks to
// the border tile of its outgoing link; it enters the next chip at the tile of the opposite link. Links along X sit in
// the middle row of the west and east borders, links along Y in the middle column of the north and south borders, both
// links along Z at the middle tile. (No vendor publishes the places: assumed.) The host hangs on tile 0 of its chip.
// Where anything dead lies on that path, the packet takes a way around (mapper/detours.cpp), if there is one.
//
// Why finite buffers cannot deadlock. Each link has one buffer per channel, and a packet waits only for the next
// (link, channel) of its own path. Its channel says what it is heading for on the chip where it is:
//   0: its target core or the host (it is on its final chip, or never leaves the one it started on);
//   1, 2, 3: the next chip link, which lies along X, Y, Z.
// The waits-for relation between (link, channel) pairs has no cycle, because
//   a. a path's channels only ever change in the order 1, 2, 3, 0: first X, then Y, then Z, then target;
//   b. within one channel and chip a path is X then Y: no Y link waits for an X link, and no link for its reverse;
//   c. within one channel, a packet that arrives over a chip link along X goes straight along the middle row to the
//      opposite border and on in the same direction, along Y straight along the middle column, along Z not at all. So
//      from a chip link only further chip links of the same direction are reached, and a row or column of chips ends.
// The turns that never occur: Y to X within a chip and channel; Z to Y, Z to X and Y to X between chips; U-turns.
// Links from a core into the mesh are waited for by nobody, links into a core or the host drain: so the engine of a
// core must take packets whether or not it can send. A multicast packet that branches holds its buffer until every
// branch has moved on; branches follow the same order, so the argument holds for trees too.
// Ways around have two channels of their own, so they never wait for other packets but at their target. Why they do not
// wait for each other in a circle: mapper/detours.cpp, docs/decisions/0013-ways-around-dead-parts.md.
#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/id.hpp"
#include "mapper/chip_position.hpp"
#include "mapper/machine.hpp"

namespace tephra {

using LinkId = Id<struct LinkTag>;  ///< directed link, 0 .. Topology::links() - 1

enum class LinkKind : std::uint8_t {
    none,       ///< a number without a link (mesh and chip borders)
    inject,     ///< core to its router
    eject,      ///< router to its core
    mesh_x,     ///< between routers of a chip, east-west
    mesh_y,     ///< north-south
    chip,       ///< between chips
    from_host,  ///< host to the router of tile 0 of its chip
    to_host,    ///< that router to the host
};

/// Where a link leads.
struct LinkEnds {
    LinkKind kind = LinkKind::none;
    ChipId owner;     ///< chip of the sending end; of from_host: the host's chip
    RouterId from;    ///< none for inject and from_host
    RouterId to;      ///< none for eject and to_host
    CoreId core;      ///< of inject and eject
    ChipId receiver;  ///< chip of the receiving end
};

/// One link of a path and the channel whose buffer the packet takes there.
struct Hop {
    LinkId link;
    std::uint8_t channel = 0;
    friend bool operator==(const Hop&, const Hop&) = default;
};

/// A node of a multicast tree; parents stand before their children, the first hop is the source's own link.
struct TreeHop {
    Hop hop;
    int parent = -1;  ///< index in the tree; -1: the first
};

/// Most buffers of a chip: each entry of a route numbers its buffer with 24 bits.
inline constexpr std::int64_t most_buffers = std::int64_t{1} << 24;

inline constexpr int mesh_directions = 4;              ///< +x, -x, +y, -y
inline constexpr int chip_axes = 3;                    ///< x, y, z
inline constexpr int chip_directions = 2 * chip_axes;  ///< +x, -x, +y, -y, +z, -z
inline constexpr int host_links = 2;                   ///< from_host, to_host
inline constexpr std::uint8_t target_channel = 0;      ///< channel of packets on their target's chip, and of ports
inline constexpr int detour_channels = 2;              ///< of ways around: away from the root, towards it
inline constexpr int most_channels = 1 + chip_axes + detour_channels;  ///< of a link

/// No tree has more branches at a router: to its neighbours in every channel, to its cores and to the host.
inline constexpr int most_branches = (mesh_directions + chip_directions) * most_channels + most_cores_per_tile + 1;

/// Links and routes of a machine. A value: copies are cheap (all is arithmetic, save what dead parts leave).
class Topology {
public:
    /// Errors: bad_input when the router that the host hangs on is dead, and when a chip has more buffers than
    /// most_buffers.
    static Result<Topology> create(const Machine& machine);

    /// One past the largest link number. Numbers of one chip are contiguous: chip c owns [c x stride, (c + 1) x
    /// stride).
    [[nodiscard]] int links() const { return shape_.chips() * stride_ + host_links; }
    [[nodiscard]] int links_per_chip() const { return stride_; }
    [[nodiscard]] int routers() const { return shape_.chips() * tiles_; }
    /// Numbers of buffers of a chip: for the channels, up to a power of two, behind each of its links, the host's two,
    /// and the links from six neighbours.
    [[nodiscard]] std::int64_t buffers_per_chip() const;
    /// Channels in use: 1 on one chip, 4 on several; where links or routers are dead, 2 and 6.
    [[nodiscard]] int channels() const {
        if (shape_.chips() == 1) return remains_ == nullptr ? 1 : 1 + away;
        return 1 + chip_axes + (remains_ == nullptr ? 0 : detour_channels);
    }
    /// Bits of a buffer's number within its chip that are its channel's; those before them are its link's.
    [[nodiscard]] int channel_bits() const {
        return static_cast<int>(std::bit_width(static_cast<unsigned>(channels() - 1)));
    }
    [[nodiscard]] LinkEnds link(LinkId id) const;

    /// The host as an end of routes: the number after the last core.
    [[nodiscard]] CoreId host() const { return CoreId(shape_.chips() * tiles_ * cores_per_tile_); }
    [[nodiscard]] RouterId router_of(CoreId core) const;  ///< of the host: where its link is attached
    [[nodiscard]] ChipId chip_of(RouterId router) const { return ChipId(router.value / tiles_); }
    [[nodiscard]] LinkId inject(CoreId core) const;  ///< from_host for the host
    [[nodiscard]] LinkId eject(CoreId core) const;   ///< to_host for the host
    /// Chip link between neighbours; invalid when they are not.
    [[nodiscard]] LinkId chip_link(ChipId from, ChipId to) const;

    /// Direction 0 .. 5 (+x, -x, +y, -y, +z, -z) of the first chip link from one chip to another.
    [[nodiscard]] int chip_direction(ChipId from, ChipId to) const;
    /// Side of its own chip (0 .. 5) by which a packet from one chip enters another.
    [[nodiscard]] int entry_direction(ChipId from, ChipId to) const;
    /// Tile to which the chip link in a direction is attached.
    [[nodiscard]] int border_tile(int direction) const;

    /// Whether no link and no router is dead: all paths are plain. And whether those of the mesh of a chip are.
    [[nodiscard]] bool whole() const { return remains_ == nullptr; }
    [[nodiscard]] bool whole_mesh(ChipId chip) const { return whole() || remains_->mesh_of[chip.index()] < 0; }
    /// Whether a link works: it is not dead, nor a router at its ends.
    [[nodiscard]] bool works(LinkId id) const { return remains_ == nullptr || !remains_->dead[id.index()]; }
    /// Whether a core takes work: it is usable (Machine::usable), and packets go between it and the host, and so
    /// between any two cores that take work.
    [[nodiscard]] bool takes_work(CoreId core) const { return takes_work_[core.index()]; }
    /// The cores of a chip that take work, in order.
    [[nodiscard]] std::vector<CoreId> working_cores(ChipId chip) const;
    /// Whether packets go between a router and the host. Ways around use only pairs of links that work in both
    /// directions.
    [[nodiscard]] bool reaches(RouterId router) const;
    /// What to mend so that the host reaches a core: "mend what cuts core 5 off: the link between chips 0 and 1, router
    /// 7". Of several links or routers one may be enough.
    [[nodiscard]] std::string mend_hint(CoreId core) const;

    /// Appends the whole path, inject and eject included. Both ends must be the host or cores whose routers it reaches.
    void route(CoreId from, CoreId to, std::vector<Hop>& path) const;
    [[nodiscard]] std::vector<Hop> route(CoreId from, CoreId to) const;
    /// Union of the paths to all targets, common beginnings shared.
    [[nodiscard]] std::vector<TreeHop> tree(CoreId from, std::span<const CoreId> targets) const;
    /// Mesh and chip links of the path between two cores, without inject and eject.
    [[nodiscard]] int distance(CoreId from, CoreId to) const;

private:
    struct Shape {
        int x = 1, y = 1, z = 1;
        [[nodiscard]] int chips() const { return x * y * z; }
    };
    struct Step {
        Hop hop;
        RouterId to;  ///< none when the hop leaves the network
    };
    /// What dead links and routers leave of a machine. Parts of a chip are routers that pairs of working mesh links
    /// join: the whole chip where no mesh link is dead. Part number c is one of chip c, further ones follow.
    struct Remains {
        std::vector<bool> dead;  ///< [links]
        struct Mesh {
            std::vector<int> part;   ///< [tile]; -1: its router is dead
            std::vector<int> level;  ///< [tile] distance from the first tile of its part
        };
        std::vector<int> mesh_of;  ///< [chip] in `meshes`; -1: no mesh link of it is dead
        std::vector<Mesh> meshes;
        std::vector<ChipId> chip_of;  ///< [part]
        std::vector<int> level;       ///< [part] distance from the host's part; -1: the host does not reach it
    };
    explicit Topology(const Machine& machine);
    [[nodiscard]] Step step(RouterId router, CoreId target) const;
    /// From a router to a tile of its chip, along X, then Y.
    [[nodiscard]] Step mesh_step(RouterId router, int to, std::uint8_t channel) const;
    [[nodiscard]] Step chip_step(ChipId chip, int direction, std::uint8_t channel) const;
    [[nodiscard]] ChipPosition position(ChipId chip) const { return chip_position(chip, shape_.x, shape_.y); }
    [[nodiscard]] ChipId chip_neighbour(ChipId chip, int direction) const;
    /// Channels of ways around, after the others: on one chip there is no way towards the root of chips.
    [[nodiscard]] std::uint8_t detour_channel(int side) const {
        return static_cast<std::uint8_t>((shape_.chips() == 1 ? 0 : chip_axes) + side);
    }
    static constexpr int away = 1, towards = 2;

    // mapper/detours.cpp
    [[nodiscard]] std::vector<bool> dead_links(const Machine& machine) const;
    /// Links that leave a router for other routers, and those that come back; visit(LinkEnds, works both ways).
    template <typename Visit>
    void visit_mesh_wires(RouterId router, const Visit& visit) const;
    template <typename Visit>
    void visit_chip_wires(ChipId chip, const Visit& visit) const;
    /// Calls visit(neighbour) for the tiles of a chip, or the parts, that a pair of working links joins with one.
    [[nodiscard]] auto mesh_neighbours(int chip) const;
    [[nodiscard]] auto part_neighbours() const;
    void find_remains(const Machine& machine);
    void find_parts(Remains& remains) const;
    [[nodiscard]] int part_of(RouterId router) const;
    void detour(RouterId from, CoreId target, std::vector<Hop>& path) const;
    /// Appends the hops from one router to another of the same part; returns the latter.
    RouterId walk(RouterId from, RouterId to, std::uint8_t channel, std::vector<Hop>& path) const;

    Shape shape_;
    int tiles_x_ = 1, tiles_y_ = 1, tiles_ = 1, cores_per_tile_ = 1, stride_ = 0;
    ChipId host_chip_{0};
    std::vector<bool> takes_work_;            ///< [core]
    std::shared_ptr<const Remains> remains_;  ///< nullptr: no link and no router is dead
};

/// Whether two chips differ by one step along one axis.
bool are_neighbours(const Machine& machine, ChipId a, ChipId b);
/// Whether two routers of one chip do.
bool are_neighbours(const Machine& machine, RouterId a, RouterId b);

}  // namespace tephra
