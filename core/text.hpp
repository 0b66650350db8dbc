#pragma once
// Small text functions shared by messages and reports.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tephra {

/// The candidate nearest to `word` by edit distance, or "" when none is within half of its length.
std::string nearest_name(std::string_view word, std::span<const std::string> candidates);

/// Shortest decimal text that reads back as the same double (locale-free).
std::string number_text(double value);

/// Fixed number of digits after the point (locale-free): fixed_text(3.14159, 2) = "3.14".
std::string fixed_text(double value, int digits);

/// Byte count for people: 1536 -> "1.5 KiB".
std::string bytes_text(std::uint64_t bytes);

}  // namespace tephra
