#pragma once
// mpirun is called as a user would.
#include <cstdlib>
#include <string>

#include "tests/tools/program.hpp"

namespace tephra::test {

inline const std::string mpirun = TEPHRA_MPIRUN;  ///< empty: this build has no MPI

/// The settings of mpirun, for a shell, and its options for many ranks on few processors, also as root in a container.
/// Open MPI leaves memory behind, of plugins that have no names any more at the end: a leak sanitizer could not pass
/// over them alone.
inline const std::string launch_settings =
    "ASAN_OPTIONS=detect_leaks=0 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 ";
inline std::string launcher(int ranks) {
    return mpirun + " --oversubscribe --bind-to none -n " + std::to_string(ranks);
}

/// Whether processes can be launched here; says so if not.
inline bool can_launch() {
    static const int exit_code =
        mpirun.empty() ? 1 : std::system((launch_settings + launcher(2) + " true </dev/null >/dev/null 2>&1").c_str());
    if (mpirun.empty()) WARN("skipped: built without MPI (install libopenmpi-dev and openmpi-bin, configure again)");
    if (!mpirun.empty() && exit_code != 0)
        WARN("skipped: mpirun starts no two processes here: " << launcher(2) << " true");
    return exit_code == 0;
}

/// `before`: what the shell of each process does first. `input`: a command whose output is standard input.
inline Outcome on_ranks(int ranks, const std::string& arguments, const std::string& before = "",
                        const std::string& input = "true") {
    const std::string script = before + " exec " + std::string(TEPHRA_PROGRAM) + " " + arguments;
    // run_program() puts the program before its arguments: here it only says its version.
    return run_program("--version >/dev/null; " + input + " | " + launch_settings + launcher(ranks) + " sh -c \"" +
                       script + "\"");
}

}  // namespace tephra::test
