// parse_machine: a machine description, strictly. Every range is checked here, and nowhere else.
#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "core/file_kind.hpp"
#include "core/narrow.hpp"
#include "core/object_reader.hpp"
#include "mapper/machine.hpp"
#include "mapper/machine_faults.hpp"
#include "mapper/route.hpp"

namespace tephra {
namespace {

// Bounds of single times and sizes. work_bound (mapper/work.hpp) bounds their sums over a model.
constexpr std::int64_t longest_ps = 1'000'000'000'000;  // one second: no single time is longer
constexpr int most_neurons = 1 << 24;
constexpr std::int64_t most_bytes = std::int64_t{1} << 40;  // of a core's memory
constexpr int most_axons = 1 << 30;
constexpr int most_flit_bits = 4096;

const std::vector<std::string> provenance_kinds = {"measured", "cited", "derived", "assumed"};

/// One object of the file. Its numbers may be plain or {"value", "kind", "source"}; the second form adds a Provenance.
class Section {
public:
    Section(const Json& value, std::string place, std::vector<Provenance>& provenance)
        : reader_(value, std::move(place)), provenance_(provenance) {}

    std::int64_t integer(std::string_view key, std::int64_t min, std::int64_t max) {
        const Json& value = reader_.value(key);
        if (value.object() == nullptr) return reader_.integer(key, min, max);
        ObjectReader entry(value, reader_.place(key));
        const std::int64_t number = entry.integer("value", min, max);
        const std::size_t kind = entry.choice("kind", provenance_kinds);
        const std::string source = entry.string("source");
        if (auto done = entry.finish(); !done && !error_) error_ = done.error();
        const std::string place = reader_.place(key);
        provenance_.push_back({place.substr(place.find('#') + 1), provenance_kinds[kind], source});
        return number;
    }
    int count(std::string_view key, int min, int max) { return narrow<int>(integer(key, min, max)); }
    Picoseconds time(std::string_view key, std::int64_t min = 0) { return Picoseconds(integer(key, min, longest_ps)); }
    Section child(std::string_view key) { return {reader_.value(key), reader_.place(key), provenance_}; }
    ObjectReader& reader() { return reader_; }
    Result<void> finish() {
        auto done = reader_.finish();
        if (!done) return done;
        if (error_) return tl::unexpected(*error_);
        return {};
    }

private:
    ObjectReader reader_;
    std::vector<Provenance>& provenance_;
    std::optional<Error> error_;
};

Result<CoreLimits> read_limits(Section core) {
    CoreLimits limits;
    limits.neurons = core.count("neurons", 1, most_neurons);
    limits.synaptic_bytes = core.integer("synaptic_bytes", 1, most_bytes);
    limits.state_bytes = core.integer("state_bytes", 1, most_bytes);
    limits.axons_in = core.count("axons_in", 1, most_axons);
    limits.axons_out = core.count("axons_out", 1, most_axons);
    return core.finish().map([&] { return limits; });
}

Result<CoreTiming> read_timing(Section timing) {
    CoreTiming times;
    times.message_in = timing.time("message_in_ps");
    times.synop = timing.time("synop_ps");
    constexpr std::array<std::string_view, neuron_programs> neurons = {"neuron_fixed_function_ps",
                                                                       "neuron_microcode_ps", "neuron_special_ps"};
    if (timing.reader().has("neuron_update_ps")) {
        times.neuron.fill(timing.time("neuron_update_ps"));
    } else {
        for (std::size_t k = 0; k < neurons.size(); ++k) times.neuron[k] = timing.time(neurons[k]);
    }
    if (timing.reader().has("spike_ps")) times.spike = timing.time("spike_ps");
    times.message_out = timing.time("message_out_ps");
    return timing.finish().map([&] { return times; });
}

Result<MeshSpec> read_mesh(Section section) {
    MeshSpec mesh;
    mesh.tiles_x = section.count("tiles_x", 1, most_tiles_along);
    mesh.tiles_y = section.count("tiles_y", 1, most_tiles_along);
    mesh.cores_per_tile = section.count("cores_per_tile", 1, most_cores_per_tile);
    const int cores = mesh.tiles_x * mesh.tiles_y * mesh.cores_per_tile;
    mesh.usable_cores = section.reader().has("usable_cores") ? section.count("usable_cores", 1, cores) : cores;
    mesh.hop_x = section.time("hop_x_ps");
    mesh.hop_y = section.time("hop_y_ps");
    mesh.flit_x = section.time("flit_x_ps", 1);
    mesh.flit_y = section.time("flit_y_ps", 1);
    mesh.flit_local = section.time("flit_local_ps", 1);
    mesh.flit_bits = section.count("flit_bits", 1, most_flit_bits);
    mesh.buffer_packets = section.count("buffer_packets", 1, most_buffer_packets);
    if (section.reader().has("core_packets")) mesh.core_packets = section.count("core_packets", 1, most_buffer_packets);
    mesh.routing = static_cast<Routing>(section.reader().choice("routing", routing_names()));
    return section.finish().map([&] { return mesh; });
}

/// A rate of 0 is no errors, whatever else is said of them.
Result<LinkErrors> read_link_errors(Section section) {
    LinkErrors errors;
    errors.rate = section.integer("per_e18_bits", 0, bits_of_error_rate);
    const bool again = section.reader().choice("on_error", link_policy_names()) == 1;
    if (again) errors.attempts = section.count("attempts", 2, most_attempts);
    return section.finish().map([&] { return errors.rate > 0 ? errors : LinkErrors{}; });
}

Result<ChipLinkSpec> read_link(Section section) {
    ChipLinkSpec link;
    link.latency = section.time("latency_ps", 1);  // the parallel simulation looks ahead by this much
    link.flit = section.time("flit_ps", 1);
    if (section.reader().has("packet_ps")) link.packet = section.time("packet_ps");
    link.buffer_packets = section.count("buffer_packets", 1, most_buffer_packets);
    if (section.reader().has("errors")) {
        auto errors = read_link_errors(section.child("errors"));
        if (!errors) return tl::unexpected(errors.error());
        link.errors = *errors;
    }
    return section.finish().map([&] { return link; });
}

Result<BarrierSpec> read_barrier(Section section) {
    BarrierSpec barrier;
    barrier.base = section.time("base_ps");
    barrier.per_tile = section.time("per_tile_ps");
    barrier.per_chip = section.time("per_chip_ps");
    if (section.reader().has("management_ps")) barrier.management = section.time("management_ps");
    if (section.reader().has("stall_ps")) barrier.stall = section.time("stall_ps");
    return section.finish().map([&] { return barrier; });
}

Result<HostSpec> read_host(Section section, int chips) {
    HostSpec host;
    host.chip = ChipId(section.count("chip", 0, chips - 1));
    host.latency = section.time("latency_ps", 1);
    host.flit = section.time("flit_ps", 1);
    host.message = section.time("message_ps");
    host.synop = section.time("synop_ps");
    host.neuron_update = section.time("neuron_update_ps");
    host.token = section.time("token_ps");
    if (section.reader().has("errors"))
        section.reader().fault("errors", "the host's link does not err",
                               "only links between chips do: give errors to chip_link or faulty_links");
    return section.finish().map([&] { return host; });
}

void read_formats(ObjectReader& top, Machine& machine) {
    const Json::Array& names = top.array("synapse_formats");
    if (names.empty()) top.fault("synapse_formats", "no synapse format", "one or both of: ternary2, int8");
    for (std::size_t k = 0; k < names.size(); ++k) {
        const std::string place = "synapse_formats/" + std::to_string(k);
        const auto* name = names[k].string();
        const auto format = name == nullptr ? std::nullopt : weight_storage_of(*name);
        if (!format) return top.fault(place, "not a synapse format", "one of: ternary2, int8");
        if (std::ranges::count(machine.formats, *format) != 0) top.fault(place, "listed twice", "remove one");
        machine.formats.push_back(*format);
    }
}

/// Links with errors of their own. One whose errors are those of all links is none.
Result<void> read_faulty_links(ObjectReader& top, Machine& machine) {
    if (!top.has("faulty_links")) return {};
    const Json::Array& links = top.array("faulty_links");
    std::set<std::pair<ChipId, ChipId>> listed;
    for (std::size_t k = 0; k < links.size(); ++k) {
        const std::string place = top.place("faulty_links/" + std::to_string(k));
        Section entry(links[k], place, machine.provenance);
        const ChipId from(entry.count("from", 0, machine.chips() - 1));
        const ChipId to(entry.count("to", 0, machine.chips() - 1));
        auto errors = read_link_errors(entry.child("errors"));
        // A fault of the entry itself, such as a missing key, came first and says more.
        if (!errors && !entry.reader().failed()) return tl::unexpected(errors.error());
        if (auto done = entry.finish(); !done) return done;
        const std::string name = "chip " + std::to_string(from.value) + " to chip " + std::to_string(to.value);
        if (!are_neighbours(machine, from, to))
            return bad_input("there is no link from " + name + ": they are not neighbours", place,
                             "chip x + chips_x (y + chips_y z) is linked to those that differ by 1 in x, y or z");
        if (!listed.emplace(from, to).second)
            return bad_input("link from " + name + " is listed twice", place, "remove one");
        if (std::ranges::binary_search(machine.dead_links, Machine::DeadLink{from, to}))
            return bad_input("link from " + name + " is dead: it carries nothing", place,
                             "remove it here or from dead_links");
        if (*errors != machine.link.errors) machine.faulty_links.push_back({from, to, *errors});
    }
    std::ranges::sort(machine.faulty_links, {}, [](const auto& link) { return std::pair(link.from, link.to); });
    return {};
}

template <typename T>
Result<void> assign(T& to, Result<T> from) {
    if (!from) return tl::unexpected(from.error());
    to = std::move(*from);
    return {};
}

Result<void> read_shape(Section section, Machine& machine) {
    machine.chips_x = section.count("x", 1, most_chips_along);
    machine.chips_y = section.count("y", 1, most_chips_along);
    machine.chips_z = section.count("z", 1, most_chips_along);
    return section.finish();
}

/// The parts of the file in reading order; later parts need the shape that earlier ones give.
Result<void> read_parts(Section& top, Machine& machine) {
    ObjectReader& reader = top.reader();
    machine.name = reader.string("name");
    machine.kind = reader.string("kind");
    if (auto done = read_shape(top.child("chips"), machine); !done) return done;
    if (auto done = assign(machine.limits, read_limits(top.child("core"))); !done) return done;
    read_formats(reader, machine);
    if (auto done = assign(machine.timing, read_timing(top.child("timing"))); !done) return done;
    if (auto done = assign(machine.mesh, read_mesh(top.child("mesh"))); !done) return done;
    const std::int64_t chips = std::int64_t{machine.chips_x} * machine.chips_y * machine.chips_z;
    if (chips > most_chips)
        return bad_input(std::to_string(chips) + " chips", reader.place("chips"),
                         "allowed: " + std::to_string(most_chips) + " in all");
    if (chips * machine.cores_per_chip() > most_cores)
        return bad_input(std::to_string(chips * machine.cores_per_chip()) + " cores", reader.place("chips"),
                         "allowed: " + std::to_string(most_cores) + " in all: chips x tiles x cores_per_tile");
    if (reader.has("chip_link") || chips > 1)
        if (auto done = assign(machine.link, read_link(top.child("chip_link"))); !done) return done;
    if (auto done = assign(machine.barrier, read_barrier(top.child("barrier"))); !done) return done;
    if (auto done = assign(machine.host, read_host(top.child("host"), machine.chips())); !done) return done;
    if (auto done = read_machine_faults(reader, machine); !done) return done;
    return read_faulty_links(reader, machine);
}

}  // namespace

Result<Machine> parse_machine(std::string_view text, const std::string& place) {
    const auto json = parse_json(text, place, FileKind::machine);
    if (!json) return tl::unexpected(json.error());
    Machine machine;
    Section top(*json, place, machine.provenance);
    top.reader().ignore("notes");
    const auto parts = read_parts(top, machine);
    // A fault of the top object itself, such as a missing section, came first and says more.
    if (!parts && !top.reader().failed()) return tl::unexpected(parts.error());
    if (auto done = top.finish(); !done) return tl::unexpected(done.error());
    if (auto topology = Topology::create(machine); !topology)
        return bad_input(topology.error().message, place + "#/" + topology.error().place, topology.error().hint);
    machine.hash = machine_hash(machine);
    return machine;
}

}  // namespace tephra
