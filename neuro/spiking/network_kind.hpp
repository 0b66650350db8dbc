#pragma once
// Which tool wrote a network file: told by what it holds, not by its name.
#include <cstdint>
#include <string>

#include "core/error.hpp"

namespace tephra::spiking {

enum class NetworkKind : std::uint8_t { netx, nir };

/// Errors: bad_input when the file can't be read, or is neither.
Result<NetworkKind> network_kind(const std::string& path);

}  // namespace tephra::spiking
