#pragma once
// Small text functions shared by messages and reports.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tephra {

/// Number of letters to insert, remove or replace to make `b` of `a`.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `word` by edit distance, or one that begins with it; "" when none is within a third of the
/// word's length.
std::string nearest_name(std::string_view word, std::span<const std::string> candidates);

/// The texts with ", " between them.
std::string joined(std::span<const std::string> texts);

/// Shortest decimal text that reads back as the same double (locale-free).
std::string number_text(double value);

/// Fixed number of digits after the point (locale-free): fixed_text(3.14159, 2) = "3.14".
std::string fixed_text(double value, int digits);

/// Byte count for people: 1536 -> "1.5 KiB".
std::string bytes_text(std::uint64_t bytes);

/// An integer in groups of three digits: -1234567 -> "-1 234 567".
std::string grouped(std::int64_t value);

/// Length of the UTF-8 character that starts with this byte; 0: none does.
std::size_t character_length(unsigned char first);

/// Whether `bytes` are a UTF-8 character or the start of one (RFC 3629, section 4); not empty.
bool is_prefix_of_character(std::string_view bytes);

/// Number of characters of a UTF-8 text (code points), as Python's len() counts them.
std::size_t character_count(std::string_view text);

/// A UTF-8 text without the white space at its end, as Python's str.rstrip() leaves it.
std::string_view without_trailing_space(std::string_view text);

/// `text` without bytes that steer a terminal: control characters (but line ends) and bytes that are no UTF-8 become
/// "\\x1b". For strings of files that are printed for people.
std::string printable(std::string_view text);

}  // namespace tephra
