#include "simulator/run.hpp"

#include <algorithm>
#include <array>

#include "core/file_kind.hpp"
#include "core/files.hpp"
#include "core/json.hpp"
#include "mapper/machine.hpp"
#include "neuro/program.hpp"
#include "simulator/json_fields.hpp"
#include "simulator/run_check.hpp"

namespace tephra {
namespace {

constexpr std::array<std::string_view, event_kinds> names = {
    "message_in",   "message_out", "synop_ternary", "synop_int8", "neuron_update", "hop_x",
    "hop_y",        "hop_local",   "chip_flit",     "host_flit",  "host_synop",    "host_update",
    "barrier_tile", "skipped",     "state_pass",    "evaluation", "message"};
static_assert(!names.back().empty(), "a kind of event has no name: add it where its enumerator stands");
constexpr std::int64_t most_events = INT64_MAX;
constexpr std::int64_t most_layers = 1 << 20;
constexpr std::int64_t largest_id = INT32_MAX;
constexpr std::int64_t run_format = 4;

// The fields of a run file, once for reading and writing. Io is a FieldReader or a FieldWriter; Record a value or a
// const one. Numbers name their range.

template <typename Row, typename Record>
void geometry_row(Row& row, Record& g) {
    for (auto* side : {&g.chips_x, &g.chips_y, &g.chips_z}) row.integer(*side, 1, most_chips_along);
    for (auto* side : {&g.tiles_x, &g.tiles_y}) row.integer(*side, 1, most_tiles_along);
    row.integer(g.cores_per_tile, 1, most_cores_per_tile);
}

template <typename Row, typename Record>
void token_row(Row& row, Record& token) {
    row.integer(token.stream, 0, most_tokens - 1);
    row.integer(token.position, 0, most_tokens - 1);
    row.integer(token.input, 0, largest_id);
    row.integer(token.output, -1, largest_id);
    row.time(token.entered);
    row.time(token.left);
}

template <typename Row, typename Record>
void link_row(Row& row, Record& link) {
    row.integer(link.from, 0, most_chips - 1);
    row.integer(link.to, 0, most_chips - 1);
    row.integer(link.flits, 0, most_events);
}

template <typename Row, typename Counts>
void counts_row(Row& row, Counts& counts) {
    for (auto& count : counts) row.integer(count, 0, most_events);
}

template <typename Io, typename Record>
void population_fields(Io& io, Record& population) {
    io.text("name", population.name);
    io.integer("layer", population.layer, 0, most_layers - 1);
    io.flag("on_host", population.on_host);
    io.integer("neurons", population.neurons, 1, max_population);
    io.row("counts", population.counts, [](auto& row, auto& counts) { counts_row(row, counts); });
    io.integers("messages", population.messages, 0, most_events);
}

template <typename Io, typename Record>
void core_fields(Io& io, Record& core) {
    io.integer("core", core.core, 0, most_cores - 1);
    io.integer("layer", core.layer, 0, most_layers - 1);
    io.time("busy_ps", core.busy);
    io.row("counts", core.counts, [](auto& row, auto& counts) { counts_row(row, counts); });
}

template <typename Io, typename Record>
void damage_fields(Io& io, Record& damage) {
    const auto ends = [&](const char* key, auto& links, int most) {
        io.rows(key, links, [most](auto& row, auto& link) {
            for (auto& end : link) row.integer(end, 0, most - 1);
        });
    };
    io.integers("dead_cores", damage.dead_cores, 0, most_cores - 1);
    ends("dead_links", damage.dead_links, most_chips);
    ends("dead_mesh_links", damage.dead_mesh_links, most_cores);
    io.integers("dead_routers", damage.dead_routers, 0, most_cores - 1);
    io.rows("slow_cores", damage.slow_cores, [](auto& row, auto& slow) {
        row.integer(slow[0], 0, most_cores - 1);
        row.integer(slow[1], sound_slowness + 1, most_slowness);
    });
}

template <typename Row, typename Record>
void link_fault_row(Row& row, Record& fault) {
    row.integer(fault.round, 0, most_tokens - 1);
    row.integer(fault.from, 0, most_chips - 1);
    row.integer(fault.to, 0, most_chips - 1);
    row.integer(fault.population, 0, max_population - 1);
    row.integer(fault.retries, 0, most_events);
    row.time(fault.added);
    row.integer(fault.lost, 0, most_events);
}

template <typename Row, typename Record>
void missed_row(Row& row, Record& missed) {
    row.integer(missed.round, 0, most_tokens - 1);
    row.integer(missed.population, 0, max_population - 1);
    row.integer(missed.core, -1, most_cores - 1);
    row.integer(missed.messages, 0, most_events);
    row.flag(missed.waited);
}

template <typename Io, typename Record>
void fault_fields(Io& io, Record& faults) {
    io.seed("seed", faults.seed);
    io.time("stall_ps", faults.stall);
    io.rows("links", faults.links, [](auto& row, auto& fault) { link_fault_row(row, fault); });
    io.rows("slices", faults.missed, [](auto& row, auto& missed) { missed_row(row, missed); });
}

template <typename Io, typename Record>
void run_fields(Io& io, Record& run) {
    io.constant("format", run_format, "the run is of another version: simulate again");
    io.text("version", run.version);
    io.text("model_name", run.model_name);
    io.text("machine_name", run.machine_name);
    io.text("machine_kind", run.machine_kind);
    io.hash("model", run.model);
    io.hash("machine", run.machine);
    io.hash("mapping", run.mapping);
    io.hash("trace", run.trace);
    io.integer("parameters", run.parameters, 0, most_events);
    io.choice("round", run.round, round_kind_names());
    io.choice("mode", run.mode, mode_names());
    io.choice("sync", run.sync, sync_names());
    io.choice("noc", run.noc, noc_names());
    io.integer("streams", run.streams, 1, most_tokens);
    io.seed("seed", run.seed);
    io.name("synapse_format", run.synapse_format, weight_storage_names());
    io.flag("head_on_host", run.head_on_host);
    io.integer("powered_chips", run.powered_chips, 0, most_chips);
    io.integer("machine_chips", run.machine_chips, 1, most_chips);
    io.row("geometry", run.geometry, [](auto& row, auto& geometry) { geometry_row(row, geometry); });
    io.time("elapsed_ps", run.elapsed);
    io.time("synapses_ps", run.synapses);
    io.time("neurons_ps", run.neurons);
    io.time("sending_ps", run.sending);
    io.time("network_ps", run.network);
    io.time("barrier_ps", run.barrier);
    io.time("management_ps", run.management);
    io.time("host_ps", run.host);
    io.integer("steps", run.steps, 0, most_events);
    io.text("text", run.text);
    io.constant("event_kinds", names, "event kinds differ from this version's: simulate again");
    io.rows("rounds", run.tokens, [](auto& row, auto& token) { token_row(row, token); });
    io.texts("layers", run.layers);
    io.objects("populations", run.populations, [](auto& in, auto& population) { population_fields(in, population); });
    io.rows("chip_links", run.links, [](auto& row, auto& link) { link_row(row, link); });
    io.objects("cores", run.cores, [](auto& in, auto& core) { core_fields(in, core); });
    io.optional("damage", run.damage, [](auto& in, auto& damage) { damage_fields(in, damage); });
    io.optional("faults", run.faults, [](auto& in, auto& faults) { fault_fields(in, faults); });
}

Result<Run> run_of(const Json& json, const std::string& place) {
    Run run;
    FieldReader reader(json, place);
    run_fields(reader, run);
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    if (auto sound = check_run(run, place + "#"); !sound) return tl::unexpected(sound.error());
    return run;
}

}  // namespace

std::string_view event_name(EventKind kind) {
    return names[static_cast<std::size_t>(kind)];
}

const std::vector<std::string>& mode_names() {
    static const std::vector<std::string> all = {"generate", "prefill"};
    return all;
}

const std::vector<std::string>& sync_names() {
    static const std::vector<std::string> all = {"barrier", "dataflow"};
    return all;
}

const std::vector<std::string>& noc_names() {
    static const std::vector<std::string> all = {"ideal", "contended"};
    return all;
}

const std::string& mode_name(RunMode mode) {
    return mode_names()[static_cast<std::size_t>(mode)];
}

const std::string& sync_name(SyncMode sync) {
    return sync_names()[static_cast<std::size_t>(sync)];
}

const std::string& noc_name(NocMode noc) {
    return noc_names()[static_cast<std::size_t>(noc)];
}

std::vector<PhaseTime> phases_of(const Run& run) {
    return {{"synapses", run.synapses}, {"neurons", run.neurons}, {"sending", run.sending},
            {"network", run.network},   {"barrier", run.barrier}, {"management", run.management},
            {"host", run.host}};
}

std::int64_t total(const Run& run, EventKind kind) {
    std::int64_t sum = 0;
    for (const auto& population : run.populations) sum += count_of(population.counts, kind);
    return sum;
}

Result<std::string> run_json(const Run& run) {
    FieldWriter writer;
    run_fields(writer, run);
    const Json json(std::move(writer.object));
    if (auto readable = run_of(json, "run"); !readable) return tl::unexpected(readable.error());
    return json.dump(1) + "\n";
}

Result<void> write_run(const Run& run, const std::string& path) {
    const auto text = run_json(run);
    if (!text) return tl::unexpected(text.error());
    return write_file(path, *text);
}

Result<Run> read_run(const std::string& path) {
    const auto text = read_file(path);
    if (!text) return tl::unexpected(text.error());
    return parse_run(*text, path);
}

Result<Run> parse_run(std::string_view text, const std::string& place) {
    const auto json = parse_json(text, place, FileKind::run);
    if (!json) return tl::unexpected(json.error());
    return run_of(*json, place);
}

}  // namespace tephra
