#pragma once
// The files that a verb reads and writes: each output is opened before work begins, and lies on no other file.
#include <optional>
#include <string>
#include <vector>

#include "core/files.hpp"

namespace tephra::tools {

class Outputs {
public:
    /// A file that the verb reads; a path where nothing is counts for nothing.
    void reads(const std::string& path);

    /// Claims the path that an option names, for whoever opens it. Ends the verb with exit code 2 when it names an
    /// input, another output, or the file that standard output goes to.
    void claim(const std::string& option, const std::string& path);

    /// Claims and opens; none when the option was not given (an empty path), and
    /// on ranks that write nothing. Says so when it waits for a pipe's reader.
    std::optional<OutputFile> open(const std::string& option, const std::string& path);

private:
    struct Use {
        std::string path, what;
    };
    std::vector<Use> uses_;
};

/// Writes the whole text and commits, when the output is wanted. Ends the verb with the error.
void finish(std::optional<OutputFile>& output, const std::string& text);

}  // namespace tephra::tools
