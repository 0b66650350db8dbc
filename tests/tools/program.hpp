#pragma once
// Runs the built program as a user does.
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>

#include "core/files.hpp"
#include "tests/catch.hpp"

namespace tephra::test {

struct Outcome {
    int exit_code = -1;
    std::string out, log;  ///< stdout, stderr
};

/// Runs `tephra` with arguments as a shell reads them.
inline Outcome run_program(const std::string& arguments) {
    const TemporaryPath log("stderr.txt");
    const std::string command = std::string(TEPHRA_PROGRAM) + " " + arguments + " 2>" + log.str();
    Outcome outcome;
    std::FILE* pipe = popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::array<char, 4096> buffer{};
    for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
        outcome.out.append(buffer.data(), n);
    outcome.exit_code = WEXITSTATUS(pclose(pipe));
    if (auto text = read_file(log.str())) outcome.log = *text;
    return outcome;
}

/// A file of tests/cases.
inline std::string case_file(const std::string& name) {
    return std::string(TEPHRA_TEST_DATA) + "/" + name;
}

}  // namespace tephra::test
