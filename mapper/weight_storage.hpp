#pragma once
// WeightStorage: how many bits a neurocore keeps a weight in, and the names of the ways in files and options.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tephra {

/// ternary2: a weight takes its own bits, two if it is ternary. int8: it takes a whole byte at least.
enum class WeightStorage : std::uint8_t { ternary2, int8 };

/// "ternary2", "int8": in the order of the enumerators.
const std::vector<std::string>& weight_storage_names();
const std::string& weight_storage_name(WeightStorage format);

/// The way of a name; none when there is no such way.
std::optional<WeightStorage> weight_storage_of(std::string_view name);

}  // namespace tephra
