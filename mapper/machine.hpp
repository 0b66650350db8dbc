#pragma once
// Machine: chips with links, each chip a mesh of tiles with cores; limits and timing. Read from JSON (docs/formats.md).
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/hash.hpp"
#include "core/id.hpp"
#include "core/units.hpp"
#include "mapper/provenance.hpp"
#include "mapper/weight_storage.hpp"
#include "neuro/neuron_model.hpp"

namespace tephra {

using RouterId = Id<struct RouterTag>;  ///< chip x tiles_per_chip + tile

enum class Routing : std::uint8_t { unicast, multicast };  ///< a packet per destination core, or one tree per chip set

inline constexpr int most_chips_along = 1024;
inline constexpr int most_chips = 4096;
inline constexpr int most_tiles_along = 256;
inline constexpr int most_cores_per_tile = 64;
/// Senders count the free slots of a buffer with 16 bits.
inline constexpr int most_buffer_packets = 65'535;
/// Rates of bit errors are counts in 10^18 bits: 10^6 is a rate of 1e-12.
inline constexpr std::int64_t bits_of_error_rate = 1'000'000'000'000'000'000;
inline constexpr int most_attempts = 1000;
/// The largest neuromorphic machines have a million cores. Tables of a core each stay below some hundred megabytes.
inline constexpr int most_cores = 1 << 22;

struct CoreLimits {
    int neurons = 0;
    std::int64_t synaptic_bytes = 0;
    std::int64_t state_bytes = 0;  ///< neuron state, parameters and message buffers
    int axons_in = 0;              ///< distinct source neurons that a core listens to
    int axons_out = 0;             ///< (neuron, destination core) pairs
};

/// "unicast", "multicast": in the order of the enumerators.
const std::vector<std::string>& routing_names();

/// What a link does with a packet that arrived wrong: "loss", "retry".
const std::vector<std::string>& link_policy_names();

/// A slow core takes at most so many thousandths of the times of a sound one.
inline constexpr int most_slowness = 1'000'000;
inline constexpr int sound_slowness = 1000;

/// Times of the units of one neurocore, which work side by side (docs/decisions/0010-units-of-a-core.md).
struct CoreTiming {
    Picoseconds message_in;                             ///< per arriving message: looking up its synapses
    Picoseconds synop;                                  ///< per weight that an arriving message uses (either format)
    std::array<Picoseconds, neuron_programs> neuron{};  ///< [NeuronProgram] per neuron that is evaluated
    Picoseconds spike;                                  ///< further, per neuron that sends a message
    Picoseconds message_out;                            ///< per message sent, before it enters the mesh

    [[nodiscard]] Picoseconds of(NeuronProgram program) const { return neuron[static_cast<std::size_t>(program)]; }
};

/// On-chip mesh of routers, tiles_x x tiles_y, dimension-ordered (X then Y), packets are buffered whole.
struct MeshSpec {
    int tiles_x = 0, tiles_y = 0;
    int cores_per_tile = 0;
    int usable_cores = 0;        ///< the first cores of a chip that take work; the rest are reserved (spares, monitors)
    Picoseconds hop_x, hop_y;    ///< router and wire latency of one hop
    Picoseconds flit_x, flit_y;  ///< occupancy of a link per flit
    Picoseconds flit_local;      ///< occupancy of the port between core and router per flit
    int flit_bits = 32;          ///< payload of a flit
    int buffer_packets = 0;      ///< packets that each router input port holds
    int core_packets = 0;        ///< packets that wait in front of a core; 0: buffer_packets
    Routing routing = Routing::unicast;

    /// Flits of a packet with a payload of `bits`: one header and ceil(bits / flit_bits). A marker (a packet without
    /// payload) is its header alone.
    [[nodiscard]] int packet_flits(int bits) const { return 1 + (bits + flit_bits - 1) / flit_bits; }
};

/// Errors of a link between chips. The far end finds every one of them by a checksum: a wrong packet is thrown away
/// there (docs/decisions/0012-links-with-errors.md).
struct LinkErrors {
    std::int64_t rate = 0;  ///< wrong bits in bits_of_error_rate; 0: none
    int attempts = 1;       ///< how often a packet is sent until it is lost; 1: it is not sent again. Rate 0: 1
    friend bool operator==(const LinkErrors&, const LinkErrors&) = default;
};

/// Links between chips that are neighbours in the 3-D arrangement, each direction its own.
struct ChipLinkSpec {
    Picoseconds latency;
    Picoseconds flit;    ///< occupancy per flit
    Picoseconds packet;  ///< occupancy per packet beside its flits
    int buffer_packets = 0;
    LinkErrors errors;  ///< of links that are not among Machine::faulty_links
};

/// End of a step. Machine-wide barrier: base + per_tile x mapped tiles of the fullest chip + per_chip x mapped chips.
struct BarrierSpec {
    Picoseconds base, per_tile, per_chip;
    Picoseconds management;  ///< beside the barrier: embedded processors that take part in every step
    /// Self-timed runs: how long nothing in the machine moves before those who wait go on without what was lost. None:
    /// time() of a barrier, which is what the machine needs to learn that all of it is idle.
    std::optional<Picoseconds> stall = std::nullopt;
    /// Time of one barrier, without management, of so many chips, the fullest with so many tiles.
    [[nodiscard]] Picoseconds time(std::int64_t tiles, std::int64_t chips) const {
        return base + per_tile * tiles + per_chip * chips;
    }
};

/// Host node, attached to `chip`.
struct HostSpec {
    ChipId chip{0};
    Picoseconds latency;        ///< of its link
    Picoseconds flit;           ///< occupancy per flit
    Picoseconds message;        ///< per message received or sent
    Picoseconds synop;          ///< per weight, for populations that run on the host
    Picoseconds neuron_update;  ///< per neuron, likewise
    Picoseconds token;          ///< per token: lookup and sampling
};

struct Machine {
    std::string name;
    std::string kind;  ///< cost tables name the kinds they price: "loihi1", "loihi2", "generic"
    int chips_x = 1, chips_y = 1, chips_z = 1;
    CoreLimits limits;
    std::vector<WeightStorage> formats;  ///< supported, the default first
    CoreTiming timing;
    MeshSpec mesh;
    ChipLinkSpec link;
    BarrierSpec barrier;
    HostSpec host;
    std::vector<CoreId> dead_cores;  ///< sorted
    struct DeadLink {
        ChipId from, to;
        friend auto operator<=>(const DeadLink&, const DeadLink&) = default;
    };
    std::vector<DeadLink> dead_links;  ///< chip links, directed, both ends neighbours; sorted
    struct FaultyLink {
        ChipId from, to;
        LinkErrors errors;
    };
    std::vector<FaultyLink> faulty_links;  ///< with errors of their own, directed, both ends neighbours; sorted
    struct DeadMeshLink {
        RouterId from, to;
        friend auto operator<=>(const DeadMeshLink&, const DeadMeshLink&) = default;
    };
    std::vector<DeadMeshLink> dead_mesh_links;  ///< directed, both ends neighbours on one chip; sorted
    std::vector<RouterId> dead_routers;         ///< no link of theirs works, so their cores are lost too; sorted
    struct SlowCore {
        CoreId core;
        int thousandths = sound_slowness;  ///< of the times of a sound core: above sound_slowness
        friend auto operator<=>(const SlowCore&, const SlowCore&) = default;
    };
    std::vector<SlowCore> slow_cores;    ///< each core once; sorted
    std::vector<Provenance> provenance;  ///< of every number that has one
    Hash128 hash;                        ///< machine_hash() of this machine

    [[nodiscard]] int chips() const { return chips_x * chips_y * chips_z; }
    [[nodiscard]] int tiles_per_chip() const { return mesh.tiles_x * mesh.tiles_y; }
    [[nodiscard]] int cores_per_chip() const { return tiles_per_chip() * mesh.cores_per_tile; }
    [[nodiscard]] int cores() const { return chips() * cores_per_chip(); }
    [[nodiscard]] ChipId chip_of(CoreId core) const { return ChipId(core.value / cores_per_chip()); }
    /// Tile of a core within its chip: x + y tiles_x.
    [[nodiscard]] int tile_of(CoreId core) const { return core.value % cores_per_chip() / mesh.cores_per_tile; }
    /// Whether a core, a link or a router is dead, or a core slow.
    [[nodiscard]] bool damaged() const {
        return !dead_cores.empty() || !dead_links.empty() || !dead_mesh_links.empty() || !dead_routers.empty() ||
               !slow_cores.empty();
    }
    [[nodiscard]] LinkErrors link_errors(ChipId from, ChipId to) const;
    /// Whether any link between chips has errors.
    [[nodiscard]] bool has_link_errors() const;
    [[nodiscard]] RouterId router_of(CoreId core) const { return RouterId(core.value / mesh.cores_per_tile); }
    /// Whether a core works and is not reserved: neither it nor its router is dead. Whether the host reaches it:
    /// Topology::takes_work.
    [[nodiscard]] bool usable(CoreId core) const;
    /// Thousandths of the times of a sound core that a core takes.
    [[nodiscard]] int slowness(CoreId core) const;
    /// `timing` of a core: each time of a slow one is multiplied, and rounded up to a whole picosecond.
    [[nodiscard]] CoreTiming timing_of(CoreId core) const;
    /// The same of the slowest core.
    [[nodiscard]] CoreTiming slowest_timing() const;
};

/// Reads a machine description. Errors: bad_input with file and JSON pointer (unknown key, range, dead core twice ...).
Result<Machine> read_machine(const std::string& path);
Result<Machine> parse_machine(std::string_view text, const std::string& place);

/// A machine by path, or by the name of a file in the machines/ directory that ships ("alia-point").
/// Names are looked up in $TEPHRA_DATA/machines, in the source tree and where tephra was installed.
Result<Machine> find_machine(const std::string& name_or_path);

/// Names of the machines that find_machine knows, sorted.
std::vector<std::string> machine_names();

/// Chips in the order that blocks are laid out: each is a neighbour of the one before.
std::vector<ChipId> snake_order(const Machine& machine);

/// Hash of all that a run depends on: shape, limits, formats, times, routing, dead, faulty and slow parts. Name, kind,
/// notes and sources are left out: a copy of a machine file under another name is the same machine.
Hash128 machine_hash(const Machine& machine);

/// Canonical JSON: every key in a fixed order, plain numbers. parse_machine reads it back with an equal hash.
std::string machine_json(const Machine& machine);

}  // namespace tephra
