#include "core/file_kind.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

namespace tephra {
namespace {

struct Kind {
    std::string_view name;
    std::vector<std::string_view> marks;  ///< keys that together only this kind has
    std::string_view origin;              ///< where such a file comes from
    std::string_view use;                 ///< what takes it
};

/// By FileKind.
const std::array<Kind, file_kinds> kinds = {{
    {"a machine", {"mesh", "core"}, "machines/ has examples", "--machine takes this file"},
    {"a mapping", {"tephra_mapping"}, "tephra map -o writes one", "simulate --map and map --check take this file"},
    {"a run", {"event_kinds", "rounds"}, "tephra simulate -o writes one", "report and compare take this file"},
    {"a cost table", {"machine_kinds", "events"}, "machines/costs/ has examples", "--costs takes this file"},
    {"a file of baselines",
     {"rows"},
     "tephra measure -o writes one, benchmarks/baselines/ has examples",
     "compare --baselines takes this file"},
    {"a GPU description", {"bandwidth_gb_s"}, "machines/gpus/ has examples", "compare reads those of machines/gpus/"},
    {"an FPGA description", {"part", "memories"}, "machines/fpgas/ has examples", "fpga --device takes this file"},
    {"the config.json of a checkpoint",
     {"model_type"},
     "it lies beside the checkpoint's tensors",
     "import takes the directory around it"},
    {"a report", {"summary", "energy", "prices"}, "tephra report --format json writes one", "no verb takes this file"},
    {"a deployment file",
     {},
     "tephra import and tephra synth write one",
     "info, generate, map, simulate and others take this file"},
}};

const Kind& kind_of(FileKind kind) {
    return kinds[static_cast<std::size_t>(kind)];
}

bool has_marks(const Json& json, const Kind& kind) {
    return !kind.marks.empty() &&
           std::ranges::all_of(kind.marks, [&](std::string_view key) { return json.find(key) != nullptr; });
}

/// The first kind whose marks the value has, or nullptr.
const Kind* kind_of(const Json& json) {
    const auto found = std::ranges::find_if(kinds, [&](const Kind& kind) { return has_marks(json, kind); });
    return found == kinds.end() ? nullptr : &*found;
}

Error wrong_kind(const Kind& found, const Kind& wanted, const std::string& place) {
    const auto text = [](std::string_view part) { return std::string(part); };
    return {ErrorCode::bad_input, "this is " + text(found.name) + ", " + text(wanted.name) + " is needed", place,
            text(wanted.origin) + "; " + text(found.use)};
}

}  // namespace

Result<Json> parse_json(std::string_view text, const std::string& place, FileKind kind) {
    const Kind& wanted = kind_of(kind);
    if (text.starts_with(deployment_magic))
        return tl::unexpected(wrong_kind(kind_of(FileKind::deployment), wanted, place));
    auto json = parse_json(text, place);
    if (!json || has_marks(*json, wanted)) return json;
    if (const Kind* other = kind_of(*json)) return tl::unexpected(wrong_kind(*other, wanted, place));
    return json;
}

Error no_deployment(std::string_view text, const std::string& place) {
    const Kind& wanted = kind_of(FileKind::deployment);
    if (text.starts_with(hdf5_magic))
        return {ErrorCode::bad_input, "this is an HDF5 file, as NetX and NIR networks are, a deployment file is needed",
                place, "info, lower, map, simulate and run take networks; import makes a deployment file of one"};
    const auto json = parse_json(text, place);
    if (const Kind* other = json ? kind_of(*json) : nullptr) return wrong_kind(*other, wanted, place);
    return {ErrorCode::bad_input, "not a deployment file: it does not start as one", place + " byte 0",
            std::string(wanted.origin)};
}

}  // namespace tephra
