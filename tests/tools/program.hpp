#pragma once
// Runs the built program as a user does.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include "core/files.hpp"
#include "neuro/lm/synth.hpp"
#include "tests/catch.hpp"

namespace tephra::test {

struct Outcome {
    int exit_code = -1;
    std::string out, log;  ///< stdout, stderr
};

/// The model that ships.
inline const std::string shipped_model = std::string(TEPHRA_MODELS) + "/mmf-7m.tph";

/// Runs `tephra` with arguments as a shell reads them.
inline Outcome run_program(const std::string& arguments) {
    const TemporaryPath log("stderr.txt");
    // The braces let arguments redirect standard output and error, too.
    const std::string command = std::string("{ ") + TEPHRA_PROGRAM + " " + arguments + "; } 2>" + log.str();
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

/// An empty folder with what small tests need.
class Workplace {
public:
    Workplace() {
        std::filesystem::create_directories(folder_.str());
        REQUIRE(write_synthetic_model(synth_shape(96, 1, 96, 300), file("tiny.tph")));
        std::string ids;
        for (int k = 0; k < 64; ++k) ids.append({static_cast<char>(k), '\0'});
        REQUIRE(write_file(file("ids.u16"), ids));
        REQUIRE(write_file(file("task.jsonl"), R"({"context": "It was a", "choices": ["day", "spoon"], "label": 0})"));
    }
    [[nodiscard]] std::string folder() const { return folder_.str(); }
    [[nodiscard]] std::string file(const std::string& name) const { return folder_.str() + "/" + name; }
    /// A model of 300 tokens without a tokenizer.
    [[nodiscard]] std::string model() const { return file("tiny.tph"); }
    /// Files in the folder beside those that were there at the start.
    [[nodiscard]] std::ptrdiff_t new_files() const {
        return std::distance(std::filesystem::directory_iterator(folder_.str()), {}) - 3;
    }

private:
    TemporaryPath folder_{"workplace"};
};

/// A file of tests/cases.
inline std::string case_file(const std::string& name) {
    return std::string(TEPHRA_TEST_DATA) + "/" + name;
}

}  // namespace tephra::test
