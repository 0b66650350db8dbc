#pragma once
// The processes that run this program together: mpirun starts them. Without it there is one, and MPI is never called.
#include <memory>
#include <optional>
#include <string>

#include "core/error.hpp"
#include "simulator/ranks.hpp"

namespace tephra::tools {

/// Finds out whether mpirun started this process, and joins the others. On ranks other than the root nothing is printed
/// from now on. Errors: usage, when this build has no MPI.
Result<void> join_ranks();

/// Who runs with this process; nullptr: nobody.
Ranks* ranks();
/// Whether this process prints and writes: the root, or the only one.
bool is_root();

/// The last call before the process ends: all ranks come to the same end. Returns this rank's error or the first that
/// any rank has.
std::optional<Error> leave_ranks(std::optional<Error> error);

/// "Open MPI v4.1.4", or "no MPI".
std::string mpi_version();

/// How this build joins: tools/mpi/join.cpp, or absent.cpp. nullptr when there is one process.
Result<std::unique_ptr<RankExchange>> join_mpi();

}  // namespace tephra::tools
