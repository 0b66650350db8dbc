#pragma once
// Catch2 2 and 3 under one name.
#ifdef TEPHRA_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <vector>

namespace tephra::test {

/// Matcher for CHECK_THAT: the text holds `part`.
inline auto contains(const std::string& part) {
#ifdef TEPHRA_CATCH2_V3
    return Catch::Matchers::ContainsSubstring(part);
#else
    return Catch::Matchers::Contains(part);
#endif
}

/// Path of a file of the shared data folder, or "" with a clear line when this checkout has none: the caller returns.
inline std::string shared_file(const std::string& name) {
    const std::string path = (std::filesystem::path(TEPHRA_SHARED) / name).string();
    if (std::filesystem::exists(path)) return path;
    WARN("skipped: " << name << " is not here (shared data folder absent)");
    return {};
}

/// Values that a test repeats one path with. Where a sanitizer watches, which takes ten times as long, the last of them
/// alone: the sanitizer looks for faults of the path, and the ordinary build takes every value.
template <typename T>
std::vector<T> repeats(std::initializer_list<T> values) {
#ifdef TEPHRA_SANITIZED
    return {*(values.end() - 1)};
#else
    return values;
#endif
}

/// Whether a test takes the k-th of its many like cases: every one, and where a sanitizer watches each n-th.
constexpr bool takes_case([[maybe_unused]] std::size_t k, [[maybe_unused]] std::size_t n) {
#ifdef TEPHRA_SANITIZED
    return k % n == 0;
#else
    return true;
#endif
}

/// A fresh path in the system's temporary folder, removed at the end.
class TemporaryPath {
public:
    explicit TemporaryPath(const std::string& name)
        : path_(std::filesystem::temp_directory_path() /
                (std::to_string(reinterpret_cast<std::uintptr_t>(this)) + "-" + name)) {}
    TemporaryPath(const TemporaryPath&) = delete;
    TemporaryPath& operator=(const TemporaryPath&) = delete;
    ~TemporaryPath() { std::filesystem::remove_all(path_); }
    [[nodiscard]] std::string str() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

}  // namespace tephra::test
