#pragma once
// Data files that ship with tephra: machines, cost tables, GPU descriptions, baselines.
#include <string>
#include <vector>

#include "core/error.hpp"

namespace tephra {

/// Path of `folder`/`name`.json in $TEPHRA_DATA, beside the installed program or the shared library that holds this
/// function (Python's module), in the source tree or where tephra was installed, in this order; a name with a slash or
/// the ending .json is a path and is returned as it is.
/// Errors: bad_input naming `what` and the known names.
Result<std::string> find_data_file(const std::string& folder, const std::string& what, const std::string& name);

/// Path of a file that ships with tephra, by its path from there ("models/pilotnet-lif/network.net"), in the same
/// directories. Errors: bad_input.
Result<std::string> find_shipped_file(const std::string& path);

/// Names of the files that find_data_file knows in a folder, sorted, without their ending.
std::vector<std::string> data_file_names(const std::string& folder);

}  // namespace tephra
