#pragma once
// The rule that every source has a test: its own, or the one that a list names.
#include <filesystem>
#include <string>
#include <vector>

namespace tephra::test {

/// A source that is tested through others.
struct CoveredBy {
    std::string source;  ///< "mapper/check.cpp", or a folder with its "/"
    std::string test;    ///< the file that would fail
};

/// The sources of this tree that have no test file of their own.
const std::vector<CoveredBy>& covered_sources();

/// Breaches of the rule below `root`, sorted: each <folder>/<file>.cpp or .cu of core to tools has
/// tests/<folder>/<file>_test.cpp or stands in `covered`; each entry of `covered` is needed, and its test exists.
std::vector<std::string> test_rule_breaches(const std::filesystem::path& root, const std::vector<CoveredBy>& covered);

}  // namespace tephra::test
