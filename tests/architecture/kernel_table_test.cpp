#include "tests/architecture/kernel_table.hpp"

#include <fstream>

#include "tests/catch.hpp"

using tephra::test::kernel_table_faults;

TEST_CASE("every kernel of the CUDA engine is in its README's table") {
    const std::vector<std::string> faults = kernel_table_faults(TEPHRA_SOURCE);
    for (const std::string& fault : faults) UNSCOPED_INFO(fault);
    CHECK(faults.empty());
}

TEST_CASE("a kernel without a row and a row without a kernel are faults") {
    const tephra::test::TemporaryPath root("tree");
    const auto folder = std::filesystem::path(root.str()) / "backends" / "cuda";
    std::filesystem::create_directories(folder / "batch");
    std::ofstream(folder / "batch" / "a.cu")
        << "__global__ void known(int* x) {}\n"
           "template <int n>\n__global__ void __launch_bounds__(f(n), 2)\n    unknown(int* x) { g(x); }\n";
    std::ofstream(folder / "README.md") << "| `folder` | not a kernel |\n\n## Kernels\n| kernel | when |\n|---|---|\n"
                                           "| `known` | always |\n| `gone` | never |\n";
    CHECK(kernel_table_faults(root.str()) ==
          std::vector<std::string>{"gone: no such kernel", "unknown: not in the table"});
}
