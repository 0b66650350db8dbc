#include "simulator/run.hpp"

#include <algorithm>
#include <cstdlib>

#include "core/file_kind.hpp"
#include "core/files.hpp"

namespace tephra {
namespace {

constexpr std::array<std::string_view, event_kinds> names = {
    "message_in", "message_out", "synop_ternary", "synop_int8",  "neuron_update", "hop_x",   "hop_y",     "hop_local",
    "chip_flit",  "host_flit",   "host_synop",    "host_update", "barrier_tile",  "skipped", "state_pass"};
const std::vector<std::string> mode_names = {"generate", "prefill"};
const std::vector<std::string> sync_names = {"barrier", "dataflow"};
const std::vector<std::string> noc_names = {"ideal", "contended"};
constexpr std::int64_t any_max = INT64_MAX;
constexpr std::int64_t run_format = 1;

Json hash_json(const Hash128& hash) {
    return to_string(hash);
}

Json counts_json(const EventCounts& counts) {
    Json::Array array;
    for (const std::int64_t count : counts) array.emplace_back(count);
    return array;
}

/// One row of integers from an array member; faults are the reader's.
template <std::size_t N>
std::array<std::int64_t, N> read_row(ObjectReader& reader, const std::string& key, const Json& row) {
    std::array<std::int64_t, N> values{};
    const auto* array = row.array();
    if (array == nullptr || array->size() != N) {
        reader.fault(key, "expected rows of " + std::to_string(N) + " integers");
        return values;
    }
    for (std::size_t k = 0; k < N; ++k) {
        const auto* number = (*array)[k].integer();
        if (number == nullptr)
            reader.fault(key, "expected rows of " + std::to_string(N) + " integers");
        else
            values[k] = *number;
    }
    return values;
}

Picoseconds read_time(ObjectReader& reader, const std::string& key) {
    return Picoseconds(reader.integer(key, 0, any_max));
}

}  // namespace

std::string_view event_name(EventKind kind) {
    return names[static_cast<std::size_t>(kind)];
}

std::int64_t total(const Run& run, EventKind kind) {
    std::int64_t sum = 0;
    for (const auto& population : run.populations) sum += population.counts[static_cast<std::size_t>(kind)];
    return sum;
}

Result<void> write_run(const Run& run, const std::string& path) {
    Json::Array kinds, tokens, populations, cores, links;
    for (const auto name : names) kinds.emplace_back(std::string(name));
    for (const auto& t : run.tokens)
        tokens.emplace_back(Json::Array{t.stream, t.position, std::int64_t{t.input}, std::int64_t{t.output},
                                        t.entered.value(), t.left.value()});
    for (const auto& p : run.populations)
        populations.emplace_back(Json::Object{
            {"name", p.name}, {"block", p.block}, {"on_host", p.on_host}, {"counts", counts_json(p.counts)}});
    for (const auto& c : run.cores)
        cores.emplace_back(Json::Object{{"core", std::int64_t{c.core}},
                                        {"block", c.block},
                                        {"busy_ps", c.busy.value()},
                                        {"counts", counts_json(c.counts)}});
    for (const auto& l : run.links) links.emplace_back(Json::Array{l.from, l.to, l.flits});
    const Json json = Json::Object{
        {"format", run_format},
        {"version", run.version},
        {"model_name", run.model_name},
        {"machine_name", run.machine_name},
        {"machine_kind", run.machine_kind},
        {"model", hash_json(run.model)},
        {"machine", hash_json(run.machine)},
        {"mapping", hash_json(run.mapping)},
        {"trace", hash_json(run.trace)},
        {"parameters", run.parameters},
        {"mode", mode_names[static_cast<std::size_t>(run.mode)]},
        {"sync", sync_names[static_cast<std::size_t>(run.sync)]},
        {"noc", noc_names[static_cast<std::size_t>(run.noc)]},
        {"streams", run.streams},
        {"seed", std::to_string(run.seed)},
        {"synapse_format", run.synapse_format},
        {"head_on_host", run.head_on_host},
        {"powered_chips", run.powered_chips},
        {"machine_chips", run.machine_chips},
        {"geometry", Json::Array{run.geometry.chips_x, run.geometry.chips_y, run.geometry.chips_z, run.geometry.tiles_x,
                                 run.geometry.tiles_y, run.geometry.cores_per_tile}},
        {"elapsed_ps", run.elapsed.value()},
        {"compute_ps", run.compute.value()},
        {"network_ps", run.network.value()},
        {"barrier_ps", run.barrier.value()},
        {"host_ps", run.host.value()},
        {"steps", run.steps},
        {"text", run.text},
        {"event_kinds", std::move(kinds)},
        {"tokens", std::move(tokens)},
        {"populations", std::move(populations)},
        {"chip_links", std::move(links)},
        {"cores", std::move(cores)},
    };
    return write_file(path, json.dump(1) + "\n");
}

Result<Run> read_run(const std::string& path) {
    const auto text = read_file(path);
    if (!text) return tl::unexpected(text.error());
    return parse_run(*text, path);
}

Result<Run> parse_run(std::string_view text, const std::string& place) {
    const auto json = parse_json(text, place, FileKind::run);
    if (!json) return tl::unexpected(json.error());
    ObjectReader reader(*json, place);
    Run run;
    reader.integer("format", run_format, run_format);
    run.version = reader.string("version");
    run.model_name = reader.string("model_name");
    run.machine_name = reader.string("machine_name");
    run.machine_kind = reader.string("machine_kind");
    run.model = reader.hash("model");
    run.machine = reader.hash("machine");
    run.mapping = reader.hash("mapping");
    run.trace = reader.hash("trace");
    run.parameters = reader.integer("parameters", 0, any_max);
    run.mode = static_cast<RunMode>(reader.choice("mode", mode_names));
    run.sync = static_cast<SyncMode>(reader.choice("sync", sync_names));
    run.noc = static_cast<NocMode>(reader.choice("noc", noc_names));
    run.streams = static_cast<int>(reader.integer("streams", 1, INT32_MAX));
    const std::string seed = reader.string("seed");
    if (seed.empty() || seed.size() > 20 || seed.find_first_not_of("0123456789") != std::string::npos)
        reader.fault("seed", "expected a decimal number in a string");
    else
        run.seed = std::strtoull(seed.c_str(), nullptr, 10);
    run.synapse_format = reader.string("synapse_format");
    run.head_on_host = reader.boolean("head_on_host");
    run.powered_chips = static_cast<int>(reader.integer("powered_chips", 0, INT32_MAX));
    run.machine_chips = static_cast<int>(reader.integer("machine_chips", 0, INT32_MAX));
    const auto sides = read_row<6>(reader, "geometry", reader.value("geometry"));
    for (const std::int64_t side : sides)
        if (side < 1 || side > 4096) reader.fault("geometry", "expected sides from 1 to 4096");
    run.geometry = {static_cast<int>(sides[0]), static_cast<int>(sides[1]), static_cast<int>(sides[2]),
                    static_cast<int>(sides[3]), static_cast<int>(sides[4]), static_cast<int>(sides[5])};
    run.elapsed = read_time(reader, "elapsed_ps");
    run.compute = read_time(reader, "compute_ps");
    run.network = read_time(reader, "network_ps");
    run.barrier = read_time(reader, "barrier_ps");
    run.host = read_time(reader, "host_ps");
    run.steps = reader.integer("steps", 0, any_max);
    run.text = reader.string("text");
    const Json::Array& kinds = reader.array("event_kinds");
    const bool same_kinds =
        std::equal(kinds.begin(), kinds.end(), names.begin(), names.end(),
                   [](const Json& a, std::string_view b) { return a.string() && *a.string() == b; });
    if (!same_kinds) reader.fault("event_kinds", "event kinds differ from this version's", "simulate again");
    for (const Json& row : reader.array("tokens")) {
        const auto v = read_row<6>(reader, "tokens", row);
        run.tokens.push_back({static_cast<int>(v[0]), static_cast<int>(v[1]), static_cast<std::int32_t>(v[2]),
                              static_cast<std::int32_t>(v[3]), Picoseconds(v[4]), Picoseconds(v[5])});
    }
    for (const Json& row : reader.array("chip_links")) {
        const auto v = read_row<3>(reader, "chip_links", row);
        run.links.push_back({static_cast<int>(v[0]), static_cast<int>(v[1]), v[2]});
    }
    const Json::Array& populations = reader.array("populations");
    for (std::size_t k = 0; k < populations.size(); ++k) {
        ObjectReader member(populations[k], reader.place("populations") + "/" + std::to_string(k));
        PopulationRecord record;
        record.name = member.string("name");
        record.block = static_cast<int>(member.integer("block", -1, INT32_MAX));
        record.on_host = member.boolean("on_host");
        record.counts = read_row<event_kinds>(member, "counts", member.value("counts"));
        if (auto done = member.finish(); !done) return tl::unexpected(done.error());
        run.populations.push_back(std::move(record));
    }
    const Json::Array& cores = reader.array("cores");
    for (std::size_t k = 0; k < cores.size(); ++k) {
        ObjectReader member(cores[k], reader.place("cores") + "/" + std::to_string(k));
        CoreRecord record;
        record.core = static_cast<std::int32_t>(member.integer("core", 0, INT32_MAX));
        record.block = static_cast<int>(member.integer("block", -1, INT32_MAX));
        record.busy = read_time(member, "busy_ps");
        record.counts = read_row<event_kinds>(member, "counts", member.value("counts"));
        if (auto done = member.finish(); !done) return tl::unexpected(done.error());
        run.cores.push_back(record);
    }
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    return run;
}

}  // namespace tephra
