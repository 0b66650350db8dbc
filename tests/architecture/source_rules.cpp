#include "tests/architecture/source_rules.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <regex>

namespace tephra::test {
namespace {

namespace fs = std::filesystem;

/// A folder may include itself and folders of a lower level.
const std::map<std::string, int> levels = {{"core", 0},     {"neuro", 1}, {"mapper", 2}, {"simulator", 3},
                                           {"backends", 4}, {"tools", 5}, {"python", 5}, {"benchmarks", 5}};

constexpr int first_device_level = 4;   ///< below it are the libraries that are installed
constexpr int first_program_level = 5;  ///< below it are all libraries

struct ThirdParty {
    std::string prefix;                ///< of the include
    std::vector<std::string> folders;  ///< that may use it; or files
};
const std::vector<ThirdParty> third_parties = {
    {"tl/expected.hpp", {"core"}},
    {"nlohmann/", {"core"}},
    {"xxhash.h", {"core"}},
    {"zlib.h", {"core/npz.cpp"}},
    {"Eigen/", {"neuro"}},
    {"hdf5.h", {"neuro/spiking/hdf5.cpp"}},
    {"hwy/", {"neuro"}},
    {"sentencepiece_processor.h", {"neuro"}},
    {"boost/", {"neuro", "backends"}},
    {"cuda", {"backends"}},
    {"nvml.h", {"backends"}},
    {"verilated", {"backends"}},
    {"spdlog/", {"tools"}},
    {"mpi.h", {"tools/mpi/join.cpp"}},
    {"CLI/", {"tools"}},
    {"pybind11/", {"python"}},
    {"benchmark/", {"benchmarks"}},
    {"ggml.h", {"benchmarks/compare/ternary_gguf.cpp"}},
};

/// Families of models: whoever maps or simulates a program knows none of them.
const std::vector<std::string> families = {"neuro/lm/", "neuro/spiking/"};
const std::vector<std::string> general = {"mapper/", "simulator/"};
const std::vector<std::string> of_a_family = {"simulator/lm/", "simulator/spiking/"};  ///< about one by nature

/// The operating system's headers, for sources only.
const std::vector<std::string> system_headers = {"sys/",      "unistd.h", "fcntl.h", "sched.h",    "dlfcn.h",
                                                 "termios.h", "poll.h",   "cpuid.h", "immintrin.h"};

const std::vector<std::string> printing = {"iostream", "print", "syncstream"};

/// Macros that steer a third party's header.
const std::vector<std::string> macro_prefixes = {"HWY_", "XXH_", "BOOST_", "EIGEN_", "SPDLOG_", "JSON_", "CLI11_"};

bool starts_with_any(const std::string& text, const std::vector<std::string>& prefixes) {
    return std::ranges::any_of(prefixes, [&](const std::string& prefix) { return text.starts_with(prefix); });
}

bool contains(const std::vector<std::string>& values, const std::string& value) {
    return std::ranges::find(values, value) != values.end();
}

/// <vector>, not <unistd.h> and not <boost/asio.hpp>.
bool is_standard(const std::string& header) {
    return header.find_first_of("./") == std::string::npos;
}

struct File {
    std::string name;    ///< from the root, "core/json.hpp"
    std::string folder;  ///< "core"
    bool header = false;
    [[nodiscard]] int level() const { return levels.at(folder); }
    [[nodiscard]] bool library() const { return level() < first_program_level; }
    [[nodiscard]] bool public_header() const { return header && level() < first_device_level; }
};

/// What is wrong with one of our own files being included, if anything.
std::optional<std::string> own_include_fault(const File& file, const std::string& header) {
    const std::string folder = header.substr(0, header.find('/'));
    if (file.folder == "benchmarks" && folder == "tests") return std::nullopt;
    const auto level = levels.find(folder);
    if (header.find('/') == std::string::npos || level == levels.end())
        return "\"" + header + "\" is not named from the root of the tree";
    if (starts_with_any(file.name, general) && !starts_with_any(file.name, of_a_family) &&
        starts_with_any(header, families))
        return file.folder + " knows no family of models (\"" + header + "\")";
    if (folder != file.folder && level->second >= file.level())
        return file.folder + " may not depend on " + folder + " (\"" + header + "\")";
    return std::nullopt;
}

std::optional<std::string> foreign_include_fault(const File& file, const std::string& header) {
    const std::string shown = "<" + header + ">";
    if (header == "random") return shown + ": random numbers come from core/philox.hpp";
    if (file.library() && contains(printing, header)) return shown + ": libraries do not print";
    if (is_standard(header)) return std::nullopt;
    if (file.public_header() && header != "tl/expected.hpp") return shown + " shows in a public header";
    if (starts_with_any(header, system_headers)) return std::nullopt;
    for (const ThirdParty& party : third_parties) {
        if (!header.starts_with(party.prefix)) continue;
        if (contains(party.folders, file.folder) || contains(party.folders, file.name)) return std::nullopt;
        return shown + " belongs in " + party.folders.front() + " alone";
    }
    return shown + " is a third party without a place; give it one in tests/architecture/source_rules.cpp";
}

void check_file(const fs::path& root, const File& file, std::vector<std::string>& breaches) {
    static const std::regex include(R"re(^\s*#\s*include\s*([<"])([^>"]+)[>"].*)re");
    static const std::regex define(R"re(^\s*#\s*define\s+(\w+).*)re");
    std::string own_header = fs::path(file.name).replace_extension(".hpp").generic_string();
    if (file.name == own_header || !fs::exists(root / own_header)) own_header.clear();

    std::ifstream stream(root / file.name);
    std::string line;
    bool first = true;
    for (int number = 1; std::getline(stream, line); ++number) {
        const auto report = [&](const std::string& fault) {
            breaches.push_back(file.name + ":" + std::to_string(number) + ": " + fault);
        };
        std::smatch match;
        if (std::regex_match(line, match, define)) {
            // A header that Highway reads again for each instruction set cannot be guarded by #pragma once.
            const std::string name = match[1];
            const bool guard = file.name.ends_with("-inl.hpp") && name.ends_with("_INL");
            if (!guard && !starts_with_any(name, macro_prefixes)) report("macro " + name);
        } else if (std::regex_match(line, match, include)) {
            const std::string header = match[2];
            const bool own = match[1] == "\"";
            // Highway reads a source again for each instruction set, so it stands before what is read once.
            if (first && !own_header.empty() && header != own_header && !header.starts_with("hwy/"))
                report("\"" + own_header + "\" must come first");
            first = false;
            if (const auto fault = own ? own_include_fault(file, header) : foreign_include_fault(file, header))
                report(*fault);
        }
    }
}

}  // namespace

std::vector<std::string> source_rule_breaches(const fs::path& root) {
    std::vector<std::string> breaches;
    for (const auto& [folder, level] : levels) {
        if (!fs::exists(root / folder)) continue;
        for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / folder)) {
            const std::string extension = entry.path().extension().string();
            if (extension != ".hpp" && extension != ".cpp" && extension != ".cu" && extension != ".cuh") continue;
            File file;
            file.name = fs::relative(entry.path(), root).generic_string();
            file.folder = folder;
            file.header = extension == ".hpp" && !file.name.ends_with("-inl.hpp");
            check_file(root, file, breaches);
        }
    }
    std::ranges::sort(breaches);
    return breaches;
}

}  // namespace tephra::test
