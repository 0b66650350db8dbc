#include "tests/architecture/build_rules.hpp"

#include "core/files.hpp"
#include "tests/catch.hpp"

using tephra::test::command_breaches;
using tephra::test::preset_breaches;

namespace {

std::string text_of(const std::string& path) {
    const auto text = tephra::read_file(path);
    REQUIRE(text);
    return *text;
}

/// Breaches of one preset that has the given variables.
std::vector<std::string> breaches_of(const std::string& variables) {
    return preset_breaches(R"({"configurePresets": [{"name": "base", "hidden": true},
        {"name": "release", "cacheVariables": {"CMAKE_BUILD_TYPE": "Release"}},
        {"name": "p", "cacheVariables": {)" +
                           variables + "}}]}");
}

void check_none(const std::vector<std::string>& breaches) {
    for (const std::string& breach : breaches) UNSCOPED_INFO(breach);
    CHECK(breaches.empty());
}

}  // namespace

TEST_CASE("asserts run and undefined behaviour ends the program in every preset but release") {
    check_none(preset_breaches(text_of(TEPHRA_SOURCE "/CMakePresets.json")));
}

TEST_CASE("each rule of presets can fail") {
    const std::string sound = R"("CMAKE_BUILD_TYPE": "RelWithDebInfo", "CMAKE_CXX_FLAGS_RELWITHDEBINFO": "-O1 -g")";
    CHECK(breaches_of(sound).empty());
    CHECK(breaches_of(sound + R"(, "CMAKE_CXX_FLAGS": "-fsanitize=undefined -fno-sanitize-recover=all")").empty());
    using Breaches = std::vector<std::string>;
    const Breaches own_flags = {"p: must be RelWithDebInfo with flags of its own (CMake's define NDEBUG)"};
    CHECK(breaches_of(R"("CMAKE_BUILD_TYPE": "RelWithDebInfo")") == own_flags);
    CHECK(breaches_of(R"("CMAKE_BUILD_TYPE": "Release", "CMAKE_CXX_FLAGS_RELWITHDEBINFO": "-O1")") == own_flags);
    CHECK(breaches_of(sound + R"(, "CMAKE_CXX_FLAGS": "-DNDEBUG")") == Breaches{"p: defines NDEBUG"});
    CHECK(breaches_of(sound + R"(, "CMAKE_CXX_FLAGS": "-fsanitize=address,undefined")") ==
          Breaches{"p: UBSan prints and goes on without -fno-sanitize-recover=all"});
    CHECK(preset_breaches("{}") == Breaches{"no configure presets"});
}

TEST_CASE("every source of this build is compiled with the warnings that are errors") {
    check_none(command_breaches(text_of(TEPHRA_BUILD "/compile_commands.json"), TEPHRA_SOURCE));
}

TEST_CASE("the rule of warnings can fail") {
    const auto commands = [](const std::string& file, const std::string& flags) {
        return command_breaches(R"([{"file": "/t/)" + file + R"(", "command": "c++ )" + flags + " -c x.cpp\"}]", "/t");
    };
    const std::string all = "-Wall -Wextra -Werror=shadow -Werror=conversion -Werror=sign-conversion";
    CHECK(commands("core/json.cpp", all).empty());
    CHECK(commands("tests/core/json_test.cpp", all).empty());
    CHECK(commands("tests/backends/arithmetic_test.cpp", "-Wall -Wextra -Wshadow").empty());
    using Breaches = std::vector<std::string>;
    CHECK(commands("tools/map.cpp", "-Wall -Wextra -Werror=shadow -Wconversion -Werror=sign-conversion") ==
          Breaches{"tools/map.cpp: compiled without -Werror=conversion"});
    CHECK(commands("tests/core/json_test.cpp", "-Wall -Wextra -Werror=shadow -Werror=conversion") ==
          Breaches{"tests/core/json_test.cpp: compiled without -Werror=sign-conversion"});
    CHECK(commands("tests/backends/arithmetic_test.cpp", "-Wall -Wextra") ==
          Breaches{"tests/backends/arithmetic_test.cpp: compiled without -Wshadow"});
    CHECK(commands("build/generated.cpp", "") == Breaches{"no source of /t is compiled"});
}
