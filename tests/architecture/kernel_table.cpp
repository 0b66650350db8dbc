#include "tests/architecture/kernel_table.hpp"

#include <fstream>
#include <iterator>
#include <regex>
#include <set>

namespace tephra::test {
namespace {

std::string text_of(const std::filesystem::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// Names of the kernels that a source defines: what stands before the parameters of a __global__ function.
void add_kernels(const std::string& source, std::set<std::string>& names) {
    for (std::size_t at = source.find("__global__"); at != std::string::npos; at = source.find("__global__", at)) {
        at += std::string("__global__").size();
        std::string words = source.substr(at, source.find('{', at) - at);
        const std::size_t bounds = words.find("__launch_bounds__");
        if (bounds != std::string::npos) {
            std::size_t end = words.find('(', bounds);
            for (int depth = 0; end < words.size(); ++end) {
                depth += words[end] == '(' ? 1 : (words[end] == ')' ? -1 : 0);
                if (depth == 0) break;
            }
            words.erase(bounds, end + 1 - bounds);
        }
        static const std::regex name(R"(([A-Za-z_][A-Za-z_0-9]*)\s*\()");
        std::smatch match;
        if (std::regex_search(words, match, name)) names.insert(match[1]);
    }
}

std::set<std::string> rows_of(const std::string& readme) {
    std::set<std::string> names;
    const std::size_t heading = readme.find("\n## Kernels\n");
    if (heading == std::string::npos) return names;
    static const std::regex row(R"(\n\| `([^`]+)` \|)");
    const std::string table = readme.substr(heading);
    for (std::sregex_iterator it(table.begin(), table.end(), row), end; it != end; ++it) names.insert((*it)[1]);
    return names;
}

}  // namespace

std::vector<std::string> kernel_table_faults(const std::filesystem::path& root) {
    const std::filesystem::path folder = root / "backends" / "cuda";
    std::set<std::string> kernels;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        const auto extension = entry.path().extension();
        if (extension == ".cu" || extension == ".cuh") add_kernels(text_of(entry.path()), kernels);
    }
    const std::set<std::string> rows = rows_of(text_of(folder / "README.md"));
    std::set<std::string> faults;
    for (const std::string& name : kernels)
        if (!rows.contains(name)) faults.insert(name + ": not in the table");
    for (const std::string& name : rows)
        if (!kernels.contains(name)) faults.insert(name + ": no such kernel");
    return {faults.begin(), faults.end()};
}

}  // namespace tephra::test
