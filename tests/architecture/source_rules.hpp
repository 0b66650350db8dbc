#pragma once
// The rules of the source tree that a reader of include lines can check.
#include <filesystem>
#include <string>
#include <vector>

namespace tephra::test {

/// Every breach of the rules below `root`, sorted, as "file:line: what is wrong". The rules:
/// - includes go one way: core <- neuro <- mapper <- simulator <- backends <- {tools, python, benchmarks}; benchmarks
/// may
///   check their answers by what tests/ has for it;
/// - files are included from the root of the tree, and a source includes its own header first;
/// - public headers (those of core to simulator, but for *-inl.hpp) show only the standard library and tl::expected;
/// - each third party lives in the folders that the table in source_rules.cpp gives it;
/// - libraries include nothing that prints; nobody includes <random> (core/philox.hpp draws our numbers);
/// - no macros of our own.
std::vector<std::string> source_rule_breaches(const std::filesystem::path& root);

}  // namespace tephra::test
