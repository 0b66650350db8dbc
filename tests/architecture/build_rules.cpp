#include "tests/architecture/build_rules.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include "core/json.hpp"

namespace tephra::test {
namespace {

std::string text_of(const Json* object, std::string_view key) {
    const Json* value = object == nullptr ? nullptr : object->find(key);
    return value == nullptr || value->string() == nullptr ? std::string() : *value->string();
}

bool has_word(const std::string& text, const std::string& word) {
    return (" " + text + " ").find(" " + word + " ") != std::string::npos;
}

const Json::Array& elements(const Json* value) {
    static const Json::Array none;
    return value == nullptr || value->array() == nullptr ? none : *value->array();
}

}  // namespace

std::vector<std::string> preset_breaches(std::string_view presets) {
    const Result<Json> json = parse_json(presets, "presets");
    if (!json) return {to_string(json.error())};
    std::vector<std::string> breaches;
    const Json::Array& all = elements(json->find("configurePresets"));
    if (all.empty()) breaches.emplace_back("no configure presets");
    for (const Json& preset : all) {
        const std::string name = text_of(&preset, "name");
        const Json* hidden = preset.find("hidden");
        if (name == "release" || (hidden != nullptr && hidden->boolean() != nullptr && *hidden->boolean())) continue;
        const Json* variables = preset.find("cacheVariables");
        const std::string flags = text_of(variables, "CMAKE_CXX_FLAGS");
        const std::string type_flags = text_of(variables, "CMAKE_CXX_FLAGS_RELWITHDEBINFO");
        if (text_of(variables, "CMAKE_BUILD_TYPE") != "RelWithDebInfo" || type_flags.empty())
            breaches.push_back(name + ": must be RelWithDebInfo with flags of its own (CMake's define NDEBUG)");
        if ((flags + type_flags).find("NDEBUG") != std::string::npos) breaches.push_back(name + ": defines NDEBUG");
        if (flags.find("undefined") != std::string::npos && !has_word(flags, "-fno-sanitize-recover=all"))
            breaches.push_back(name + ": UBSan prints and goes on without -fno-sanitize-recover=all");
    }
    return breaches;
}

std::vector<std::string> command_breaches(std::string_view commands, const std::string& root) {
    const Result<Json> json = parse_json(commands, "commands");
    if (!json) return {to_string(json.error())};
    constexpr std::array ours = {"core", "neuro", "mapper", "simulator", "backends", "tools", "benchmarks", "tests"};
    std::vector<std::string> breaches;
    std::size_t checked = 0;
    for (const Json& entry : elements(&*json)) {
        const std::filesystem::path file(text_of(&entry, "file"));
        const std::string name = file.lexically_relative(root).generic_string();
        const std::string folder = name.substr(0, name.find('/'));
        if (file.extension() != ".cpp" || std::ranges::find(ours, folder) == ours.end()) continue;
        std::vector<std::string> flags = {"-Wall", "-Wextra", "-Wshadow"};
        if (!name.starts_with("tests/backends/"))
            flags = {"-Wall", "-Wextra", "-Werror=shadow", "-Werror=conversion", "-Werror=sign-conversion"};
        for (const std::string& flag : flags)
            if (!has_word(text_of(&entry, "command"), flag)) breaches.push_back(name + ": compiled without " + flag);
        ++checked;
    }
    if (checked == 0) breaches.push_back("no source of " + root + " is compiled");
    return breaches;
}

}  // namespace tephra::test
