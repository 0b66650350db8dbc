// A build without MPI: several processes would do the same work and write over each other's files.
#include <cstdlib>
#include <string>

#include "tools/ranks.hpp"

namespace tephra::tools {

Result<std::unique_ptr<RankExchange>> join_mpi() {
    const char* size = std::getenv("OMPI_COMM_WORLD_SIZE");
    if (size == nullptr || std::string(size) == "1") return nullptr;
    return fail(ErrorCode::usage,
                "this program was built without MPI, so it cannot run as " + std::string(size) + " ranks", "mpirun",
                "install libopenmpi-dev and build it again (option TEPHRA_MPI), or start it without mpirun");
}

std::string mpi_version() {
    return "no MPI";
}

}  // namespace tephra::tools
