#pragma once
// The table of kernels in backends/cuda/README.md.
#include <filesystem>
#include <string>
#include <vector>

namespace tephra::test {

/// Every difference between the __global__ functions below root/backends/cuda and the rows of the table in its
/// README.md (lines that begin with "| `name` |" after the heading "## Kernels"), sorted: "name: not in the table" or
/// "name: no such kernel".
std::vector<std::string> kernel_table_faults(const std::filesystem::path& root);

}  // namespace tephra::test
