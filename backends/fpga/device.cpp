#include "backends/fpga/device.hpp"

#include <algorithm>

#include "core/data_files.hpp"
#include "core/file_kind.hpp"
#include "core/files.hpp"
#include "core/text.hpp"

namespace tephra::fpga {
namespace {

constexpr double most_count = 1e9;  // LUTs, registers, blocks
constexpr double most_bytes = 1e15;
constexpr double least_rate = 1e-3;  // divided by
constexpr double most_rate = 1e12;   // MB/s, MHz, W

Result<FpgaMemory> parse_memory(const Json& json, const std::string& place) {
    ObjectReader reader(json, place);
    FpgaMemory memory;
    memory.name = reader.string("name");
    if (memory.name.empty() && !reader.failed()) reader.fault("name", "it must not be empty");
    struct Entry {
        const char* key;
        Price* target;
        double least, most;
    };
    const Entry entries[] = {{"bytes", &memory.bytes, 1, most_bytes},
                             {"mb_per_s", &memory.mb_per_s, least_rate, most_rate},
                             {"efficiency", &memory.efficiency, least_rate, 1}};
    for (const Entry& each : entries) {
        auto entry = read_entry(reader, each.key, each.least, each.most);
        if (!entry) return tl::unexpected(entry.error());
        *each.target = std::move(*entry);
    }
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    return memory;
}

}  // namespace

Result<Price> read_entry(ObjectReader& parent, const std::string& key, double least, double most) {
    if (!parent.has(key)) {
        parent.value(key);  // the parent reports what is missing
        return Price{};
    }
    ObjectReader reader(parent.value(key), parent.place(key));
    Price entry;
    entry.value = reader.number("value", least, most);
    entry.low = reader.number_or("low", entry.value, least, most);
    entry.high = reader.number_or("high", entry.value, least, most);
    if (reader.has("low") != reader.has("high"))
        reader.fault(reader.has("low") ? "high" : "low", "a range needs both ends", "give low and high, or neither");
    else if (!reader.failed() && (entry.low > entry.value || entry.high < entry.value))
        reader.fault("value", "value lies outside of its range", "needed: low <= value <= high");
    entry.kind = read_evidence(reader, "kind", price_evidence);
    entry.source = reader.string("source");
    if (entry.source.empty() && !reader.failed()) reader.fault("source", "a number needs its source");
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    return entry;
}

Result<FpgaDevice> parse_fpga(std::string_view text, const std::string& place) {
    auto json = parse_json(text, place, FileKind::fpga);
    if (!json) return tl::unexpected(json.error());
    ObjectReader reader(*json, place);
    FpgaDevice device;
    device.device = reader.string("device");
    device.part = reader.string("part");
    device.family = reader.string("family");
    device.scope = read_scope(reader, "power_includes");
    struct Entry {
        const char* key;
        Price* target;
        double least, most;
    };
    const Entry entries[] = {
        {"luts", &device.luts, 1, most_count},          {"registers", &device.registers, 1, most_count},
        {"dsps", &device.dsps, 1, most_count},          {"block_rams", &device.block_rams, 1, most_count},
        {"usable", &device.usable, least_rate, 1},      {"clock_mhz", &device.clock_mhz, least_rate, most_rate},
        {"watts", &device.watts, least_rate, most_rate}};
    for (const Entry& each : entries) {
        auto entry = read_entry(reader, each.key, each.least, each.most);
        if (!entry) return tl::unexpected(entry.error());
        *each.target = std::move(*entry);
    }
    const Json::Array& memories = reader.array("memories");
    if (memories.empty() && !reader.failed()) reader.fault("memories", "a device needs a memory for the model");
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    for (std::size_t k = 0; k < memories.size(); ++k) {
        auto memory = parse_memory(memories[k], reader.place("memories") + "/" + std::to_string(k));
        if (!memory) return tl::unexpected(memory.error());
        device.memories.push_back(std::move(*memory));
    }
    return device;
}

Result<FpgaDevice> find_fpga(const std::string& name_or_path) {
    auto path = find_data_file("machines/fpgas", "FPGA", name_or_path);
    if (!path) return tl::unexpected(path.error());
    auto text = read_file(*path);
    if (!text) return tl::unexpected(text.error());
    return parse_fpga(*text, *path);
}

Result<std::vector<FpgaDevice>> shipped_fpgas() {
    std::vector<FpgaDevice> devices;
    for (const std::string& name : data_file_names("machines/fpgas")) {
        auto device = find_fpga(name);
        if (!device) return tl::unexpected(device.error());
        devices.push_back(std::move(*device));
    }
    return devices;
}

Result<FpgaMemory> find_memory(const FpgaDevice& device, const std::string& name) {
    std::vector<std::string> names;
    for (const FpgaMemory& memory : device.memories) {
        if (name.empty() || memory.name == name) return memory;
        names.push_back(memory.name);
    }
    return bad_input(device.device + " has no memory \"" + name + "\"", "--memory", "it has: " + joined(names));
}

}  // namespace tephra::fpga
