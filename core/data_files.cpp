#include "core/data_files.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "core/text.hpp"

namespace tephra {
namespace {

/// The program or the shared library that this function was linked into; empty where the system does not say.
std::filesystem::path own_file() {
    Dl_info info{};
    if (::dladdr(reinterpret_cast<const void*>(&own_file), &info) == 0 || info.dli_fname == nullptr) return {};
    return info.dli_fname;
}

/// Where data files may lie, the first that has one wins.
std::vector<std::string> data_directories() {
    std::vector<std::string> directories;
    if (const char* given = std::getenv("TEPHRA_DATA"); given != nullptr && *given != '\0')
        directories.emplace_back(given);
    std::error_code ignored;
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", ignored);
    for (const std::filesystem::path& file : {program, own_file()})
        if (file.has_parent_path()) directories.push_back((file.parent_path() / TEPHRA_DATA_BESIDE_PROGRAM).string());
    directories.emplace_back(TEPHRA_SOURCE_DATA_DIR);
    directories.emplace_back(TEPHRA_INSTALL_DATA_DIR);
    return directories;
}

}  // namespace

std::vector<std::string> data_file_names(const std::string& folder) {
    std::vector<std::string> names;
    for (const std::string& directory : data_directories()) {
        std::error_code ignored;
        for (const auto& file : std::filesystem::directory_iterator(directory + "/" + folder, ignored))
            if (file.path().extension() == ".json") names.push_back(file.path().stem().string());
    }
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

Result<std::string> find_data_file(const std::string& folder, const std::string& what, const std::string& name) {
    if (name.find('/') != std::string::npos || name.ends_with(".json")) return name;
    for (const std::string& directory : data_directories()) {
        std::string path = directory;
        path.append("/").append(folder).append("/").append(name).append(".json");
        std::error_code ignored;
        if (std::filesystem::exists(path, ignored)) return path;
    }
    const auto known = data_file_names(folder);
    const std::string nearest = nearest_name(name, known);
    return bad_input("no " + what + " is called \"" + name + "\"", what,
                     (nearest.empty() ? "" : "did you mean \"" + nearest + "\"? ") + "known: " + joined(known) +
                         "; or give the path of a .json file");
}

Result<std::string> find_shipped_file(const std::string& path) {
    for (const std::string& directory : data_directories()) {
        std::string there = directory;
        there.append("/").append(path);
        std::error_code ignored;
        if (std::filesystem::exists(there, ignored)) return there;
    }
    return bad_input("this file of tephra's own is not there", path, "run the program where its data files lie");
}

}  // namespace tephra
