#pragma once
// SynapseFormat: how a neurocore stores dense weights, and the names of the formats in files and options.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tephra {

enum class SynapseFormat : std::uint8_t { ternary2, int8 };  ///< 2 or 8 bits a dense weight

/// "ternary2", "int8": in the order of the enumerators.
const std::vector<std::string>& synapse_format_names();
const std::string& synapse_format_name(SynapseFormat format);

/// The format of a name; none when there is no such format.
std::optional<SynapseFormat> synapse_format_of(std::string_view name);

}  // namespace tephra
