#include "mapper/mapping.hpp"

#include <algorithm>

#include "core/file_kind.hpp"
#include "core/files.hpp"
#include "core/narrow.hpp"
#include "core/object_reader.hpp"
#include "mapper/partition.hpp"
#include "mapper/place.hpp"
#include "mapper/route.hpp"
#include "mapper/work.hpp"

namespace tephra {
namespace {

constexpr int file_version = 1;

/// Slices of one population: [core, begin, end, core, begin, end ...].
void read_slices(ObjectReader& reader, const Json& values, const std::string& key, std::vector<Slice>& slices) {
    const Json::Array* numbers = values.array();
    if (numbers == nullptr || numbers->size() % 3 != 0)
        return reader.fault(key, "expected an array of core, begin, end, core, begin, end ...");
    for (std::size_t k = 0; k < numbers->size(); k += 3) {
        std::array<int, 3> slice{};
        for (std::size_t i = 0; i < 3; ++i) {
            const auto* number = (*numbers)[k + i].integer();
            const int most = i == 0 ? most_cores - 1 : max_population;
            if (number == nullptr || *number < 0 || *number > most)
                return reader.fault(key + "/" + std::to_string(k + i),
                                    "expected an integer from 0 to " + std::to_string(most),
                                    i == 0 ? "the number of a core" : "a neuron of the population");
            slice[i] = narrow<int>(*number);
        }
        slices.push_back({CoreId(slice[0]), slice[1], slice[2]});
    }
}

}  // namespace

Result<Mapping> map_program(const Program& program, const Machine& machine, const MapOptions& options) {
    const WeightStorage format = options.format.value_or(machine.formats.front());
    if (std::ranges::count(machine.formats, format) == 0)
        return bad_input(machine.name + " has no " + std::string(weight_storage_name(format)) + " synapses",
                         "synapse format",
                         "its default is " + std::string(weight_storage_name(machine.formats.front())));
    if (options.streams < 1 || options.streams > most_streams)
        return bad_input(std::to_string(options.streams) + " streams", "streams",
                         "allowed: 1 to " + std::to_string(most_streams));
    if (options.cores_per_chip < 0) return bad_input("the number of cores per chip is negative", "cores per chip");
    if (auto done = work_bound(program, machine); !done) return tl::unexpected(done.error());
    const auto topology = Topology::create(machine);
    if (!topology) return tl::unexpected(topology.error());
    MapOptions chosen = options;
    chosen.format = format;
    const auto map = [&](const Machine& balanced) -> Result<Mapping> {
        auto mapping = partition(program, balanced, *topology, chosen);
        if (!mapping) return mapping;
        mapping->model = program.model;
        mapping->machine = machine.hash;
        mapping->machine_name = machine.name;
        mapping->format = format;
        mapping->head_on_host = options.head_on_host;
        mapping->streams = options.streams;
        if (options.improve) improve_placement(program, balanced, *topology, *mapping);
        if (auto fits = accept_mapping(program, machine, *mapping, program.model_name); !fits)
            return tl::unexpected(fits.error());
        return mapping;
    };
    auto mapping = map(machine);
    if (mapping || machine.slow_cores.empty()) return mapping;
    // Shares by speed may break a limit that equal parts keep: the clusters' axons are counted for equal parts.
    Machine even = machine;
    even.slow_cores.clear();
    return map(even);
}

std::string mapping_json(const Mapping& mapping) {
    Json::Array populations;
    for (const auto& slices : mapping.slices) {
        Json::Array numbers;
        for (const Slice& slice : slices)
            for (const int number : {slice.core.value, slice.begin, slice.end}) numbers.emplace_back(number);
        populations.emplace_back(std::move(numbers));
    }
    const Json::Object out{{"tephra_mapping", file_version},
                           {"model", to_string(mapping.model)},
                           {"machine", to_string(mapping.machine)},
                           {"machine_name", mapping.machine_name},
                           {"synapse_format", std::string(weight_storage_name(mapping.format))},
                           {"head_on_host", mapping.head_on_host},
                           {"streams", mapping.streams},
                           {"slices", std::move(populations)}};
    return Json(out).dump() + "\n";
}

Hash128 mapping_hash(const Mapping& mapping) {
    return hash128(mapping_json(mapping));
}

Result<Mapping> parse_mapping(std::string_view text, const std::string& place) {
    const auto json = parse_json(text, place, FileKind::mapping);
    if (!json) return tl::unexpected(json.error());
    ObjectReader reader(*json, place);
    Mapping mapping;
    reader.integer("tephra_mapping", file_version, file_version);
    mapping.model = reader.hash("model");
    mapping.machine = reader.hash("machine");
    mapping.machine_name = reader.string("machine_name");
    mapping.format = static_cast<WeightStorage>(reader.choice("synapse_format", weight_storage_names()));
    mapping.head_on_host = reader.boolean("head_on_host");
    mapping.streams = narrow<int>(reader.integer("streams", 1, most_streams));
    const Json::Array& populations = reader.array("slices");
    for (std::size_t p = 0; p < populations.size(); ++p)
        read_slices(reader, populations[p], "slices/" + std::to_string(p), mapping.slices.emplace_back());
    return reader.finish().map([&] { return std::move(mapping); });
}

Result<void> write_mapping(const Mapping& mapping, const std::string& path) {
    return write_file(path, mapping_json(mapping));
}

Result<Mapping> read_mapping(const std::string& path) {
    auto text = read_file(path);
    if (!text) return tl::unexpected(text.error());
    return parse_mapping(*text, path);
}

}  // namespace tephra
