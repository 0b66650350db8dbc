#pragma once
// How a network's file was read, as a deployment file keeps it.
#include <string>

#include "core/error.hpp"
#include "neuro/spiking/netx.hpp"
#include "neuro/spiking/nir_import.hpp"

namespace tephra::spiking {

/// JSON text: tool, file with its hash, and the options. Errors: those of read_file().
Result<std::string> netx_origin(const std::string& path, const NetxOptions& options);
Result<std::string> nir_origin(const std::string& path, const NirOptions& options);

}  // namespace tephra::spiking
