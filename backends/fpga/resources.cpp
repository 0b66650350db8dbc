#include "backends/fpga/resources.hpp"

#include <algorithm>

#include "backends/fpga/device.hpp"
#include "core/data_files.hpp"
#include "core/files.hpp"
#include "core/object_reader.hpp"

namespace tephra::fpga {
namespace {

constexpr double most_count = 1e9;

MeasuredCore parse_core(ObjectReader& reader) {
    MeasuredCore core;
    core.lanes = static_cast<int>(reader.integer("lanes", 1, max_lanes));
    core.packing = static_cast<Packing>(reader.choice("packing", packing_names()));
    core.streams = static_cast<int>(reader.integer("streams", 1, max_streams));
    core.needs.luts = reader.number("luts", 1, most_count);
    core.needs.registers = reader.number("registers", 1, most_count);
    core.needs.dsps = reader.number("dsps", 0, most_count);
    core.needs.block_rams = reader.number("block_rams", 0, most_count);
    reader.ignore("cells");  // as the tool counts them
    reader.ignore("seconds");
    return core;
}

const MeasuredCore* find_core(const FamilyTable& family, int lanes, bool several_streams) {
    const auto found = std::ranges::find_if(family.cores, [&](const MeasuredCore& core) {
        return core.packing == Packing::two_bits && core.lanes == lanes && (core.streams > 1) == several_streams;
    });
    return found == family.cores.end() ? nullptr : &*found;
}

/// Blocks of the memories of a core whose number depends on its shape: x, h, p and the activations of each stream.
double memory_blocks(const FamilyTable& family, const CoreShape& shape) {
    const std::int64_t streams = shape.streams, words = std::int64_t{1} << shape.q_bits;
    const std::int64_t activations =
        words <= family.lut_ram_depth ? 0 : streams * block_rams_of(std::int64_t{8} * shape.lanes, words);
    return static_cast<double>(activations + block_rams_of(24, streams << shape.x_bits) +
                               block_rams_of(24, streams << shape.h_bits) + block_rams_of(31, streams << shape.p_bits));
}

}  // namespace

std::int64_t block_rams_of(std::int64_t width, std::int64_t depth) {
    constexpr std::int64_t widths[] = {36, 18, 9, 4, 2, 1};  // of words of a block of 18 kbit, 512 to 16384 deep
    std::int64_t least = 0, words = 512;
    for (const std::int64_t each : widths) {
        const std::int64_t blocks = (width + each - 1) / each * ((depth + words - 1) / words);
        if (least == 0 || blocks < least) least = blocks;
        words *= 2;
    }
    return least;
}

Result<FamilyTable> parse_family(std::string_view text, const std::string& place) {
    auto json = parse_json(text, place);
    if (!json) return tl::unexpected(json.error());
    ObjectReader reader(*json, place);
    reader.ignore("about");
    FamilyTable family;
    family.family = reader.string("family");
    family.tool = reader.string("tool");
    family.unit = reader.string("lut");
    family.lane_luts = reader.number("lane_luts", 0, most_count);
    family.lane_registers = reader.number("lane_registers", 0, most_count);
    family.trits_luts = reader.number("trits_luts", 0, most_count);
    family.trits_registers = reader.number("trits_registers", 0, most_count);
    family.lut_ram_depth = reader.integer("lut_ram_depth", 0, 1 << 20);
    auto placed = read_entry(reader, "placed", 0.5, 10);
    if (!placed) return tl::unexpected(placed.error());
    family.placed = std::move(*placed);
    const Json::Array& cores = reader.array("cores");
    for (std::size_t k = 0; k < cores.size() && !reader.failed(); ++k) {
        ObjectReader core(cores[k], reader.place("cores") + "/" + std::to_string(k));
        family.cores.push_back(parse_core(core));
        if (auto done = core.finish(); !done) return tl::unexpected(done.error());
    }
    if (!reader.failed() &&
        (find_core(family, base_lanes, false) == nullptr || find_core(family, wide_lanes, false) == nullptr ||
         find_core(family, base_lanes, true) == nullptr))
        reader.fault("cores",
                     "cores of two bits with 16 and 64 lanes of one stream and 16 lanes of several are needed");
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    return family;
}

Result<FamilyTable> find_family(const std::string& name_or_path) {
    auto path = find_data_file("machines/fpgas/families", "FPGA family", name_or_path);
    if (!path) return tl::unexpected(path.error());
    auto text = read_file(*path);
    if (!text) return tl::unexpected(text.error());
    return parse_family(*text, *path);
}

Resources resources_of(const FamilyTable& family, const CoreShape& shape) {
    const MeasuredCore &base = *find_core(family, base_lanes, false), &wide = *find_core(family, wide_lanes, false),
                       &many = *find_core(family, base_lanes, true);
    const double lanes = shape.lanes - base_lanes, streams = shape.streams - 1;
    // Of a lane of a further stream: the product. Of a further stream: the rest, with 16 lanes.
    const auto plane = [&](double Resources::*what, double further) {
        const double lane = (wide.needs.*what - base.needs.*what) / (wide_lanes - base_lanes);
        const double stream = (many.needs.*what - base.needs.*what) / (many.streams - 1);
        return base.needs.*what + lanes * lane + streams * stream + lanes * streams * further;
    };
    const double bytes = shape.packing == Packing::five_trits ? shape.lanes / 5.0 : 0;
    Resources needs;
    needs.luts = plane(&Resources::luts, family.lane_luts) + bytes * family.trits_luts;
    needs.registers = plane(&Resources::registers, family.lane_registers) + bytes * family.trits_registers;
    needs.dsps = plane(&Resources::dsps, 0);
    needs.block_rams = base.needs.block_rams - memory_blocks(family, CoreShape{}) + memory_blocks(family, shape);
    return needs;
}

}  // namespace tephra::fpga
