#include "tests/architecture/source_rules.hpp"

#include <fstream>

#include "tests/catch.hpp"

using tephra::test::source_rule_breaches;

namespace {

/// Breaches of a tree that holds just the given file.
std::vector<std::string> breaches_of(const std::string& name, const std::string& text) {
    const tephra::test::TemporaryPath root("tree");
    const std::filesystem::path file = std::filesystem::path(root.str()) / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
    return source_rule_breaches(root.str());
}

}  // namespace

TEST_CASE("the source tree keeps its rules") {
    const std::vector<std::string> breaches = source_rule_breaches(TEPHRA_SOURCE);
    for (const std::string& breach : breaches) UNSCOPED_INFO(breach);
    CHECK(breaches.empty());
}

TEST_CASE("a file that keeps the rules has no breach") {
    CHECK(breaches_of("mapper/place.cpp", "#include <sys/mman.h>\n#include <vector>\n#include \"neuro/program.hpp\"\n")
              .empty());
    CHECK(breaches_of("neuro/simd-inl.hpp",
                      "#define TEPHRA_SIMD_INL\n#define HWY_TARGET_INCLUDE \"x\"\n#include <hwy/highway.h>\n")
              .empty());
    CHECK(breaches_of("backends/cuda/device.hpp", "#include <cuda_runtime_api.h>\n").empty());
    CHECK(breaches_of("benchmarks/micro/a.cpp", "#include \"tests/simulator/closed_form.hpp\"\n").empty());
    CHECK(breaches_of("simulator/lm/a.cpp", "#include \"neuro/lm/readout.hpp\"\n").empty());
    CHECK(breaches_of("tools/main.cpp", "#include <spdlog/spdlog.h>\n#include \"simulator/run.hpp\"\n").empty());
}

TEST_CASE("each rule of the source tree can fail") {
    struct Case {
        std::string file, text, breach;
    };
    const std::vector<Case> cases = {
        {"core/a.hpp", "\n#include \"neuro/lm/lower.hpp\"\n",
         "core/a.hpp:2: core may not depend on neuro (\"neuro/lm/lower.hpp\")"},
        {"mapper/a.cpp", "#include \"neuro/lm/readout.hpp\"\n",
         "mapper/a.cpp:1: mapper knows no family of models (\"neuro/lm/readout.hpp\")"},
        {"simulator/a.cpp", "#include \"neuro/spiking/lif.hpp\"\n",
         "simulator/a.cpp:1: simulator knows no family of models (\"neuro/spiking/lif.hpp\")"},
        {"benchmarks/micro/a.cpp", "#include \"tools/command.hpp\"\n",
         "benchmarks/micro/a.cpp:1: benchmarks may not depend on tools (\"tools/command.hpp\")"},
        {"core/a.cpp", "#include \"json.hpp\"\n", "core/a.cpp:1: \"json.hpp\" is not named from the root of the tree"},
        {"core/a.cpp", "#include \"tests/catch.hpp\"\n",
         "core/a.cpp:1: \"tests/catch.hpp\" is not named from the root of the tree"},
        {"neuro/a.hpp", "#include <Eigen/Core>\n", "neuro/a.hpp:1: <Eigen/Core> shows in a public header"},
        {"core/a.hpp", "#include <sys/mman.h>\n", "core/a.hpp:1: <sys/mman.h> shows in a public header"},
        {"mapper/a.cpp", "#  include <Eigen/Core>\n", "mapper/a.cpp:1: <Eigen/Core> belongs in neuro alone"},
        {"simulator/a.cpp", "#include <spdlog/spdlog.h>\n",
         "simulator/a.cpp:1: <spdlog/spdlog.h> belongs in tools alone"},
        {"core/a.cpp", "#include <lzma.h>\n",
         "core/a.cpp:1: <lzma.h> is a third party without a place; give it one in tests/architecture/source_rules.cpp"},
        {"core/a.cpp", "#include <iostream>\n", "core/a.cpp:1: <iostream>: libraries do not print"},
        {"tools/a.cpp", "#include <random>\n", "tools/a.cpp:1: <random>: random numbers come from core/philox.hpp"},
        {"core/a.cpp", "#define TWICE(x) (2 * (x))\n", "core/a.cpp:1: macro TWICE"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.file, c.text);
        CHECK(breaches_of(c.file, c.text) == std::vector<std::string>{c.breach});
    }
}

TEST_CASE("a source includes its own header first") {
    const tephra::test::TemporaryPath root("tree");
    const std::filesystem::path folder = std::filesystem::path(root.str()) / "core";
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "a.hpp") << "#include <vector>\n";
    std::ofstream(folder / "a.cpp") << "#include <string>\n#include \"core/a.hpp\"\n";
    CHECK(source_rule_breaches(root.str()) == std::vector<std::string>{"core/a.cpp:1: \"core/a.hpp\" must come first"});
}
