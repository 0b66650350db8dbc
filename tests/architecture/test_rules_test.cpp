#include "tests/architecture/test_rules.hpp"

#include <fstream>

#include "tests/catch.hpp"

using namespace tephra::test;
using Breaches = std::vector<std::string>;

TEST_CASE("every source has a test") {
    const Breaches breaches = test_rule_breaches(TEPHRA_SOURCE, covered_sources());
    for (const std::string& breach : breaches) UNSCOPED_INFO(breach);
    CHECK(breaches.empty());
}

TEST_CASE("the rule that every source has a test can fail") {
    const TemporaryPath root("tree");
    for (const std::string name : {"core/a.cpp", "tests/core/a_test.cpp", "mapper/page/b.cpp", "mapper/page/c.cu"}) {
        const std::filesystem::path file = std::filesystem::path(root.str()) / name;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file) << "\n";
    }
    const std::string a_test = "tests/core/a_test.cpp";
    const std::string missing = ": has no tests/.../<file>_test.cpp and is not in the list of covered sources";
    CHECK(test_rule_breaches(root.str(), {{"mapper/page/", a_test}}).empty());
    CHECK(test_rule_breaches(root.str(), {{"mapper/page/b.cpp", a_test}}) == Breaches{"mapper/page/c.cu" + missing});
    CHECK(test_rule_breaches(root.str(), {{"mapper/", "tests/none_test.cpp"}}) ==
          Breaches{"mapper/: tests/none_test.cpp does not exist"});
    CHECK(test_rule_breaches(root.str(), {{"mapper/", a_test}, {"core/a.cpp", a_test}}) ==
          Breaches{"core/a.cpp: is listed, but has a test of its own or is gone"});
}
