#pragma once
// Which of our JSON files a text is, so that a reader can say "this is a mapping" and not that a key is missing.
#include <cstdint>
#include <string>
#include <string_view>

#include "core/json.hpp"

namespace tephra {

enum class FileKind : std::uint8_t { machine, mapping, run, cost_table, baselines, gpu, config, report };
inline constexpr std::size_t file_kinds = 8;

/// parse_json() of a file of this kind. Errors: bad_input, also when the text has the keys of another kind and lacks
/// those of this one.
Result<Json> parse_json(std::string_view text, const std::string& place, FileKind kind);

}  // namespace tephra
