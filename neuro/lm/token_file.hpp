#pragma once
// Token files (.u16): tokenized text as little-endian 16-bit ids, nothing else.
#include <cstdint>
#include <string>
#include <vector>

#include "core/error.hpp"

namespace tephra {

/// All ids of a token file. Errors: bad_input (unreadable, empty, an odd number of bytes, an id outside
/// [0, vocabulary)).
Result<std::vector<std::int32_t>> read_token_file(const std::string& path, int vocabulary);

}  // namespace tephra
