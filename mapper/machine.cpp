#include "mapper/machine.hpp"

#include <algorithm>

#include "core/data_files.hpp"
#include "core/files.hpp"
#include "core/json.hpp"

namespace tephra {
namespace {

Json entry(Picoseconds time) {
    return {time.value()};
}

Json::Object shape_json(const Machine& machine) {
    return {{"x", machine.chips_x}, {"y", machine.chips_y}, {"z", machine.chips_z}};
}

Json::Object limits_json(const CoreLimits& limits) {
    return {{"neurons", limits.neurons},
            {"synaptic_bytes", limits.synaptic_bytes},
            {"state_bytes", limits.state_bytes},
            {"axons_in", limits.axons_in},
            {"axons_out", limits.axons_out}};
}

Json::Object timing_json(const Machine& machine) {
    const CoreTiming& timing = machine.timing;
    return {{"message_in_ps", entry(timing.message_in)},
            {"synop_ps", entry(timing.synop)},
            {"neuron_fixed_function_ps", entry(timing.of(NeuronProgram::fixed_function))},
            {"neuron_microcode_ps", entry(timing.of(NeuronProgram::microcode))},
            {"neuron_special_ps", entry(timing.of(NeuronProgram::special))},
            {"spike_ps", entry(timing.spike)},
            {"message_out_ps", entry(timing.message_out)}};
}

Json::Object mesh_json(const MeshSpec& mesh) {
    Json::Object out{{"tiles_x", mesh.tiles_x},
                     {"tiles_y", mesh.tiles_y},
                     {"cores_per_tile", mesh.cores_per_tile},
                     {"usable_cores", mesh.usable_cores},
                     {"hop_x_ps", entry(mesh.hop_x)},
                     {"hop_y_ps", entry(mesh.hop_y)},
                     {"flit_x_ps", entry(mesh.flit_x)},
                     {"flit_y_ps", entry(mesh.flit_y)},
                     {"flit_local_ps", entry(mesh.flit_local)},
                     {"flit_bits", mesh.flit_bits},
                     {"buffer_packets", mesh.buffer_packets}};
    if (mesh.core_packets > 0) out.emplace_back("core_packets", mesh.core_packets);
    out.emplace_back("routing", routing_names()[static_cast<std::size_t>(mesh.routing)]);
    return out;
}

Json::Object errors_json(const LinkErrors& errors) {
    Json::Object out{{"per_e18_bits", errors.rate}, {"on_error", link_policy_names()[errors.attempts > 1 ? 1 : 0]}};
    if (errors.attempts > 1) out.emplace_back("attempts", errors.attempts);
    return out;
}

Json::Object link_json(const ChipLinkSpec& link) {
    Json::Object out{{"latency_ps", entry(link.latency)},
                     {"flit_ps", entry(link.flit)},
                     {"packet_ps", entry(link.packet)},
                     {"buffer_packets", link.buffer_packets}};
    if (link.errors.rate > 0) out.emplace_back("errors", errors_json(link.errors));
    return out;
}

Json::Array faulty_json(const std::vector<Machine::FaultyLink>& links) {
    Json::Array out;
    for (const auto& link : links)
        out.emplace_back(
            Json::Object{{"from", link.from.value}, {"to", link.to.value}, {"errors", errors_json(link.errors)}});
    return out;
}

Json::Object barrier_json(const BarrierSpec& barrier) {
    Json::Object out{{"base_ps", entry(barrier.base)},
                     {"per_tile_ps", entry(barrier.per_tile)},
                     {"per_chip_ps", entry(barrier.per_chip)},
                     {"management_ps", entry(barrier.management)}};
    if (barrier.stall) out.emplace_back("stall_ps", entry(*barrier.stall));
    return out;
}

Json::Object host_json(const HostSpec& host) {
    return {{"chip", host.chip.value},       {"latency_ps", entry(host.latency)},
            {"flit_ps", entry(host.flit)},   {"message_ps", entry(host.message)},
            {"synop_ps", entry(host.synop)}, {"neuron_update_ps", entry(host.neuron_update)},
            {"token_ps", entry(host.token)}};
}

template <typename Link>
Json::Array links_json(const std::vector<Link>& dead) {
    Json::Array links;
    for (const auto& link : dead) links.emplace_back(Json::Object{{"from", link.from.value}, {"to", link.to.value}});
    return links;
}

/// What is dead or slow. Keys that came after dead_links stand only where they say something: hashes stay as they were.
void add_faults(const Machine& machine, Json::Object& out) {
    Json::Array cores, routers, slow;
    for (const CoreId core : machine.dead_cores) cores.emplace_back(core.value);
    for (const RouterId router : machine.dead_routers) routers.emplace_back(router.value);
    for (const auto& [core, thousandths] : machine.slow_cores)
        slow.emplace_back(
            Json::Object{{"core", core.value}, {"factor", static_cast<double>(thousandths) / sound_slowness}});
    out.emplace_back("dead_cores", std::move(cores));
    out.emplace_back("dead_links", links_json(machine.dead_links));
    if (!machine.dead_mesh_links.empty()) out.emplace_back("dead_mesh_links", links_json(machine.dead_mesh_links));
    if (!routers.empty()) out.emplace_back("dead_routers", std::move(routers));
    if (!slow.empty()) out.emplace_back("slow_cores", std::move(slow));
}

CoreTiming slowed(CoreTiming timing, int thousandths) {
    if (thousandths == sound_slowness) return timing;
    const auto slow = [thousandths](Picoseconds& time) {
        time = Picoseconds((time.value() * thousandths + sound_slowness - 1) / sound_slowness);
    };
    for (Picoseconds* time : {&timing.message_in, &timing.synop, &timing.spike, &timing.message_out}) slow(*time);
    for (Picoseconds& time : timing.neuron) slow(time);
    return timing;
}

/// All of the file but name, kind, notes and sources, in a fixed order.
Json::Object numbers_json(const Machine& machine) {
    Json::Array formats;
    for (const WeightStorage format : machine.formats) formats.emplace_back(weight_storage_name(format));
    Json::Object out{{"chips", shape_json(machine)},
                     {"core", limits_json(machine.limits)},
                     {"synapse_formats", std::move(formats)},
                     {"timing", timing_json(machine)},
                     {"mesh", mesh_json(machine.mesh)}};
    if (machine.link.buffer_packets > 0) out.emplace_back("chip_link", link_json(machine.link));
    out.emplace_back("barrier", barrier_json(machine.barrier));
    out.emplace_back("host", host_json(machine.host));
    add_faults(machine, out);
    if (!machine.faulty_links.empty()) out.emplace_back("faulty_links", faulty_json(machine.faulty_links));
    return out;
}

}  // namespace

const std::vector<std::string>& routing_names() {
    static const std::vector<std::string> names = {"unicast", "multicast"};
    return names;
}

const std::vector<std::string>& link_policy_names() {
    static const std::vector<std::string> names = {"loss", "retry"};
    return names;
}

LinkErrors Machine::link_errors(ChipId from, ChipId to) const {
    const auto own = std::ranges::lower_bound(faulty_links, std::pair(from, to), {},
                                              [](const FaultyLink& l) { return std::pair(l.from, l.to); });
    const bool listed = own != faulty_links.end() && own->from == from && own->to == to;
    return listed ? own->errors : link.errors;
}

bool Machine::has_link_errors() const {
    return (link.errors.rate > 0 && chips() > 1) ||
           std::ranges::any_of(faulty_links, [](const auto& l) { return l.errors.rate > 0; });
}

bool Machine::usable(CoreId core) const {
    return core.value % cores_per_chip() < mesh.usable_cores && !std::ranges::binary_search(dead_cores, core) &&
           !std::ranges::binary_search(dead_routers, router_of(core));
}

int Machine::slowness(CoreId core) const {
    const auto found = std::ranges::lower_bound(slow_cores, core, {}, &SlowCore::core);
    return found != slow_cores.end() && found->core == core ? found->thousandths : sound_slowness;
}

CoreTiming Machine::timing_of(CoreId core) const {
    return slowed(timing, slowness(core));
}

CoreTiming Machine::slowest_timing() const {
    int most = sound_slowness;
    for (const SlowCore& slow : slow_cores) most = std::max(most, slow.thousandths);
    return slowed(timing, most);
}

std::vector<ChipId> snake_order(const Machine& machine) {
    std::vector<ChipId> order;
    for (int z = 0; z < machine.chips_z; ++z)
        for (int i = 0; i < machine.chips_y; ++i) {
            const int y = z % 2 == 0 ? i : machine.chips_y - 1 - i;
            for (int k = 0; k < machine.chips_x; ++k) {
                const int row = z * machine.chips_y + i;  // rows turn at their ends
                const int x = row % 2 == 0 ? k : machine.chips_x - 1 - k;
                order.emplace_back(x + machine.chips_x * (y + machine.chips_y * z));
            }
        }
    return order;
}

std::string machine_json(const Machine& machine) {
    Json::Object out{{"name", machine.name}, {"kind", machine.kind}};
    for (auto& member : numbers_json(machine)) out.push_back(std::move(member));
    return Json(std::move(out)).dump() + "\n";
}

Hash128 machine_hash(const Machine& machine) {
    return hash128(Json(numbers_json(machine)).dump());
}

Result<Machine> read_machine(const std::string& path) {
    auto text = read_file(path);
    if (!text) return tl::unexpected(text.error());
    return parse_machine(*text, path);
}

std::vector<std::string> machine_names() {
    return data_file_names("machines");
}

Result<Machine> find_machine(const std::string& name_or_path) {
    auto path = find_data_file("machines", "machine", name_or_path);
    if (!path) return tl::unexpected(path.error());
    return read_machine(*path);
}

}  // namespace tephra
