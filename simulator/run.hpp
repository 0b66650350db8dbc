#pragma once
// Run: what a simulation counted and when things happened. Integers only; joules are made in price().
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/hash.hpp"
#include "core/units.hpp"
#include "neuro/round.hpp"

namespace tephra {

/// Rounds of a run (tokens or time steps), all streams together: packets number them in 32 bits, records in an int.
inline constexpr std::int64_t most_tokens = INT32_MAX;

/// Most bins of a run's messages over time.
inline constexpr int most_time_bins = 128;

/// Rounds of a time bin: the least number for which a run of `rounds` has at most most_time_bins.
constexpr std::int64_t time_bin_width(std::int64_t rounds) {
    return (rounds + most_time_bins - 1) / most_time_bins;
}
/// Bins of a run of `rounds`; the last may be shorter.
constexpr std::int64_t time_bins(std::int64_t rounds) {
    const std::int64_t width = time_bin_width(rounds);
    return (rounds + width - 1) / width;
}

/// Kinds of counted events. Each has a price in a cost table, which may leave out the last two.
enum class EventKind : std::uint8_t {
    message_in,     ///< packet served by a core
    message_out,    ///< packet sent by a core (per destination core under unicast, per tree under multicast)
    synop_ternary,  ///< 2-bit weight that a message is multiplied by
    synop_int8,     ///< 8-bit weight that a message is multiplied by
    neuron_update,  ///< neuron that fired
    hop_x,          ///< flit over an east-west link
    hop_y,          ///< flit over a north-south link
    hop_local,      ///< flit between a core and its router
    chip_flit,      ///< flit over a link between chips
    host_flit,      ///< flit over the host link
    host_synop,     ///< weight that a message is multiplied by on the host
    host_update,    ///< neuron that fired on the host
    barrier_tile,   ///< mapped tile in one barrier
    skipped,        ///< neuron that fired and sent nothing, because its message was zero
    state_pass,     ///< state passed to a population on the same core, no packet
    evaluation,  ///< neuron evaluated by a core: in barrier runs every mapped one in every step, else those that fire
    message,     ///< neuron that fired and whose message was not zero, whether or not anybody listens
    count_       ///< number of kinds
};
inline constexpr std::size_t event_kinds = static_cast<std::size_t>(EventKind::count_);
using EventCounts = std::array<std::int64_t, event_kinds>;

inline std::int64_t count_of(const EventCounts& counts, EventKind kind) {
    return counts[static_cast<std::size_t>(kind)];
}

/// Name of a kind as in cost tables and run files: "message_in".
std::string_view event_name(EventKind kind);

enum class RunMode : std::uint8_t { generate, prefill };
enum class SyncMode : std::uint8_t { barrier, dataflow };
enum class NocMode : std::uint8_t { ideal, contended };

/// Names in files, reports and options, in the order of the enumerators: "generate", "prefill"; "barrier", "dataflow";
/// "ideal", "contended".
const std::vector<std::string>& mode_names();
const std::vector<std::string>& sync_names();
const std::vector<std::string>& noc_names();
const std::string& mode_name(RunMode mode);
const std::string& sync_name(SyncMode sync);
const std::string& noc_name(NocMode noc);

/// One round that went through the machine: a token, or a time step of stream 0, which has no ids.
struct TokenRecord {
    int stream = 0;
    int position = 0;          ///< in its stream
    std::int32_t input = 0;    ///< token id that entered
    std::int32_t output = -1;  ///< token id sampled from its logits; -1: none (prefill before the last)
    Picoseconds entered, left;
};

struct PopulationRecord {
    std::string name;
    int layer = 0;  ///< index into Run::layers
    bool on_host = false;
    std::int64_t neurons = 0;
    EventCounts counts{};  ///< events caused by this population: its updates, the packets it sends and their hops,
                           ///< the synops of its input projections
    std::vector<std::int64_t> messages;  ///< [time_bins()] EventKind::message by round: bin k has the rounds from
                                         ///< k x time_bin_width() on. Empty in runs of tokens, and where none is sent
};

struct CoreRecord {
    std::int32_t core = 0;
    int layer = 0;  ///< of its largest population
    EventCounts counts{};
    Picoseconds busy;  ///< time in which any of its units works
};

/// Arrangement of the machine, so that a run can be drawn without it (mapper/machine.hpp: core ids are chip-major,
/// then tile = x + y tiles_x, then core in tile).
struct Geometry {
    int chips_x = 1, chips_y = 1, chips_z = 1;
    int tiles_x = 1, tiles_y = 1, cores_per_tile = 1;
    [[nodiscard]] int cores_per_chip() const { return tiles_x * tiles_y * cores_per_tile; }
    friend bool operator==(const Geometry&, const Geometry&) = default;
};

/// What of the machine was dead or slow, so that a run can be drawn without it. Numbers are those of machine files.
struct DamageRecord {
    using Pair = std::array<int, 2>;
    std::vector<std::int64_t> dead_cores, dead_routers;
    std::vector<Pair> dead_links;       ///< chips, from and to
    std::vector<Pair> dead_mesh_links;  ///< routers, from and to
    std::vector<Pair> slow_cores;       ///< core, thousandths of the times of a sound one
};

/// What a link did in one round to the packets of one population.
struct LinkFaultRecord {
    std::int64_t round = 0;  ///< index into Run::tokens
    int from = 0, to = 0;    ///< chips
    int population = 0;      ///< that sent them, index into Run::populations
    std::int64_t retries = 0;
    Picoseconds added;      ///< that retries took the link
    std::int64_t lost = 0;  ///< packets
};

/// What a slice did not get of one round.
struct MissedRecord {
    std::int64_t round = 0;     ///< in which it was sent, index into Run::tokens
    int population = 0;         ///< that missed it, index into Run::populations
    std::int32_t core = -1;     ///< -1: on the host
    std::int64_t messages = 0;  ///< messages, records, markers and credits; a packet counts for each input it is for
    bool waited = false;        ///< self-timed runs: the slice waited for it until the time-out
};

/// Errors of links between chips.
struct FaultRecords {
    std::uint64_t seed = 0;
    Picoseconds stall;                   ///< time-out of a self-timed run
    std::vector<LinkFaultRecord> links;  ///< by round, from, to, population: where anything happened
    std::vector<MissedRecord> missed;    ///< by round, then by core (the host last), then by population
};

struct Run {
    std::string version;  ///< of tephra
    std::string model_name, machine_name, machine_kind;
    Hash128 model, machine, mapping, trace;
    std::int64_t parameters = 0;
    RoundKind round = RoundKind::token;
    RunMode mode = RunMode::generate;  ///< time steps: prefill, since none waits for the output of another
    SyncMode sync = SyncMode::barrier;
    NocMode noc = NocMode::ideal;
    int streams = 1;
    std::uint64_t seed = 0;
    std::string synapse_format;  ///< "ternary2" or "int8"
    bool head_on_host = false;
    int powered_chips = 0;  ///< chips that hold at least one slice
    int machine_chips = 0;
    Geometry geometry;
    Picoseconds elapsed;  ///< from the entry of the first round to the end of the last
    // Elapsed, split by what the critical path waited for.
    Picoseconds synapses;    ///< a core receives messages and applies their weights
    Picoseconds neurons;     ///< a core evaluates neurons
    Picoseconds sending;     ///< a core sends messages
    Picoseconds network;     ///< packets are under way, in the mesh and over links between chips
    Picoseconds barrier;     ///< machine-wide barriers
    Picoseconds management;  ///< embedded processors, in every step (BarrierSpec::management)
    Picoseconds host;
    std::int64_t steps = 0;  ///< barriers passed
    std::vector<TokenRecord> tokens;
    std::vector<std::string> layers;  ///< names, in the order of data flow
    std::vector<PopulationRecord> populations;
    std::vector<CoreRecord> cores;  ///< mapped cores only
    struct ChipLinkRecord {
        int from = 0, to = 0;
        std::int64_t flits = 0;
    };
    std::vector<ChipLinkRecord> links;   ///< chip links that carried anything
    std::optional<DamageRecord> damage;  ///< of machines with dead or slow parts
    std::optional<FaultRecords> faults;  ///< of machines whose links err
    std::string text;                    ///< generated text, streams separated by a form feed
};

/// The parts of elapsed with their names in reports, in the order of the fields above.
struct PhaseTime {
    std::string name;  ///< "synapses"
    Picoseconds time;
};
std::vector<PhaseTime> phases_of(const Run& run);

/// Sum of a kind over the populations.
std::int64_t total(const Run& run, EventKind kind);

/// The run as JSON (docs/formats.md). Errors: as parse_run, so that what is written can be read.
Result<std::string> run_json(const Run& run);
Result<void> write_run(const Run& run, const std::string& path);
Result<Run> read_run(const std::string& path);
/// Errors: bad_input with the JSON pointer: unknown keys, numbers out of range, records that contradict each other.
/// A run that is accepted can be priced and drawn: no sum of its numbers overflows.
Result<Run> parse_run(std::string_view text, const std::string& place);

}  // namespace tephra
