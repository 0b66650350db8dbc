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
};

/// By FileKind.
const std::array<Kind, file_kinds> kinds = {{
    {"a machine", {"mesh", "core"}, "machines/ has examples"},
    {"a mapping", {"tephra_mapping"}, "tephra map -o writes one"},
    {"a run", {"event_kinds", "tokens"}, "tephra simulate -o writes one"},
    {"a cost table", {"machine_kinds", "events"}, "machines/costs/ has examples"},
    {"a file of baselines", {"rows"}, "tephra measure -o writes one, benchmarks/baselines/ has examples"},
    {"a GPU description", {"bandwidth_gb_s"}, "machines/gpus/ has examples"},
    {"the config.json of a checkpoint", {"model_type"}, "it lies beside the checkpoint's tensors"},
    {"a report", {"summary", "energy", "prices"}, "tephra report --format json writes one"},
}};

bool has_marks(const Json& json, const Kind& kind) {
    return std::ranges::all_of(kind.marks, [&](std::string_view key) { return json.find(key) != nullptr; });
}

}  // namespace

Result<Json> parse_json(std::string_view text, const std::string& place, FileKind kind) {
    auto json = parse_json(text, place);
    const Kind& wanted = kinds[static_cast<std::size_t>(kind)];
    if (!json || has_marks(*json, wanted)) return json;
    for (const Kind& other : kinds)
        if (has_marks(*json, other))
            return bad_input("this is " + std::string(other.name) + ", " + std::string(wanted.name) + " is needed",
                             place, std::string(wanted.origin));
    return json;
}

}  // namespace tephra
