#include "tools/outputs.hpp"

#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "core/text.hpp"
#include "tools/command.hpp"
#include "tools/ranks.hpp"

namespace tephra::tools {
namespace {

/// Whether standard output goes to this file. Streams may be shared: a pipe or a terminal keeps the order of writes.
bool is_standard_output(const std::string& path) {
    struct stat out {};
    struct stat file {};
    return ::fstat(STDOUT_FILENO, &out) == 0 && S_ISREG(out.st_mode) && ::stat(path.c_str(), &file) == 0 &&
           out.st_dev == file.st_dev && out.st_ino == file.st_ino;
}

}  // namespace

void Outputs::reads(const std::string& path) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) return;
    if (!std::filesystem::is_directory(path, ignored)) {
        uses_.push_back({path, "an input of this verb"});
        return;
    }
    for (const auto& entry : std::filesystem::directory_iterator(path, ignored))
        uses_.push_back({entry.path().string(), "an input of this verb"});
}

void Outputs::claim(const std::string& option, const std::string& path) {
    const auto refuse = [&](const std::string& what) {
        throw Failure{{ErrorCode::usage, "'" + path + "' is also " + what, option, "give another path"}};
    };
    for (const Use& use : uses_)
        if (same_file(use.path, path)) refuse(use.what);
    if (is_standard_output(path)) refuse("where standard output goes");
    uses_.push_back({path, "the output of " + option});
}

std::optional<OutputFile> Outputs::open(const std::string& option, const std::string& path) {
    if (path.empty()) return std::nullopt;
    claim(option, path);
    if (!is_root()) return std::nullopt;
    return require(OutputFile::create(path, [&] { spdlog::info("waiting for a reader of {}", printable(path)); }));
}

void finish(std::optional<OutputFile>& output, const std::string& text) {
    if (!output) return;
    require(output->write(text));
    require(output->commit());
}

}  // namespace tephra::tools
