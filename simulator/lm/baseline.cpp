#include "simulator/lm/baseline.hpp"

#include <array>
#include <iterator>

#include "core/data_files.hpp"
#include "core/file_kind.hpp"
#include "core/files.hpp"
#include "core/narrow.hpp"
#include "core/object_reader.hpp"

namespace tephra {
namespace {

constexpr double max_rate = 1e15;
const std::vector<std::string> classes = {"gpu", "neuromorphic", "fpga", "cpu"};
constexpr std::int64_t max_batch = 1 << 20;
constexpr std::int64_t max_length = INT32_MAX;
constexpr std::array published_evidence = {Evidence::measured, Evidence::cited, Evidence::derived};
constexpr double least_rate = 1e-9;  // ratios divide by rates

/// An optional key may be absent or null.
bool given(ObjectReader& reader, std::string_view key) {
    return reader.has(key) && !reader.value(key).is_null();
}

Result<Baseline> parse_row(const Json& json, const std::string& place) {
    ObjectReader reader(json, place);
    Baseline row;
    row.device = reader.string("device");
    row.device_class = classes[reader.choice("device_class", classes)];
    row.software = reader.string("software");
    row.model = reader.string("model");
    row.mode = static_cast<RunMode>(reader.choice("mode", mode_names()));
    if (!reader.value("batch").is_null()) row.batch = narrow<int>(reader.integer("batch", 1, max_batch));
    if (given(reader, "length")) row.length = reader.integer("length", 1, max_length);
    row.tokens_per_s = reader.number("tokens_per_s", least_rate, max_rate);
    row.mj_per_token = reader.number("mj_per_token", least_rate, max_rate);
    if (given(reader, "watts")) row.watts = reader.number("watts", 0, max_rate);
    row.scope = read_scope(reader, "power_includes");
    row.kind = read_evidence(reader, "kind", published_evidence);
    row.source = reader.string("source");
    if (row.source.empty()) reader.fault("source", "a baseline needs its source");
    if (given(reader, "date")) row.date = reader.string("date");
    row.machine_kind = reader.string_or("machine_kind", "");
    row.calibrates = reader.boolean_or("calibrates", false);
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    return row;
}

}  // namespace

Result<std::vector<Baseline>> parse_baselines(std::string_view text, const std::string& place) {
    auto json = parse_json(text, place, FileKind::baselines);
    if (!json) return tl::unexpected(json.error());
    ObjectReader reader(*json, place);
    reader.ignore("about");
    std::vector<Baseline> rows;
    const Json::Array& array = reader.array("rows");
    for (std::size_t k = 0; k < array.size(); ++k) {
        auto row = parse_row(array[k], reader.place("rows") + "/" + std::to_string(k));
        if (!row) return tl::unexpected(row.error());
        rows.push_back(std::move(*row));
    }
    if (auto done = reader.finish(); !done) return tl::unexpected(done.error());
    return rows;
}

Result<std::vector<Baseline>> read_baselines(const std::string& path) {
    auto text = read_file(path);
    if (!text) return tl::unexpected(text.error());
    return parse_baselines(*text, path);
}

Result<std::vector<Baseline>> shipped_baselines() {
    const std::string folder = "benchmarks/baselines";
    std::vector<Baseline> all;
    for (const std::string& name : data_file_names(folder)) {
        auto path = find_data_file(folder, "baselines file", name);
        if (!path) return tl::unexpected(path.error());
        auto rows = read_baselines(*path);
        if (!rows) return tl::unexpected(rows.error());
        all.insert(all.end(), std::make_move_iterator(rows->begin()), std::make_move_iterator(rows->end()));
    }
    if (all.empty()) return bad_input("no baselines are installed", folder, "give --baselines");
    return all;
}

}  // namespace tephra
