#pragma once
// The rules of the build: what presets and compile commands must hold, so that nets that are spread do catch.
#include <string>
#include <string_view>
#include <vector>

namespace tephra::test {

/// Breaches of the rules in the text of a CMakePresets.json, one line each. Every visible configure preset but
/// "release" is one that asserts run in: its flags must not define NDEBUG (CMake's own flags of its build types do),
/// and where it has UBSan, undefined behaviour must end the program.
std::vector<std::string> preset_breaches(std::string_view presets);

/// Breaches of the rules in the text of a compile_commands.json, one line each: every .cpp of the tree at `root` is
/// compiled with the warnings that are errors (tests/backends need not, and -Wshadow is enough for them).
std::vector<std::string> command_breaches(std::string_view commands, const std::string& root);

}  // namespace tephra::test
