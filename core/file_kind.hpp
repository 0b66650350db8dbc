#pragma once
// Which of our files a text is, so that a reader can say "this is a mapping" and not that a key is missing.
#include <cstdint>
#include <string>
#include <string_view>

#include "core/json.hpp"

namespace tephra {

enum class FileKind : std::uint8_t {
    machine,
    mapping,
    run,
    cost_table,
    baselines,
    gpu,
    fpga,
    config,
    report,
    deployment
};
inline constexpr std::size_t file_kinds = 10;

/// First bytes of a deployment file, the one kind that is no JSON.
inline constexpr std::string_view deployment_magic = "\x89TPH\r\n\x1a\n";

/// First bytes of an HDF5 file: NetX and NIR networks.
inline constexpr std::string_view hdf5_magic = "\x89HDF\r\n\x1a\n";

/// parse_json() of a file of this kind. Errors: bad_input, also when the text is of another kind: it has the keys of
/// that one and lacks those of this one.
Result<Json> parse_json(std::string_view text, const std::string& place, FileKind kind);

/// Why a text that does not begin with deployment_magic is no deployment file: bad_input, by its kind where it has one.
Error no_deployment(std::string_view text, const std::string& place);

}  // namespace tephra
