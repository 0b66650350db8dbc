#include "core/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace tephra {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

namespace {

/// C0 but line ends, DEL and C1 (U+0080 to U+009F).
bool is_control(std::string_view character) {
    const auto first = static_cast<unsigned char>(character[0]);
    if (character.size() == 2) return first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
    return character.size() == 1 && ((first < 0x20 && first != '\n') || first == 0x7f);
}

}  // namespace

std::string nearest_name(std::string_view word, std::span<const std::string> candidates) {
    constexpr std::size_t shortest_start = 3;  // "gen" may stand for "generate", "g" for nothing
    std::string best;
    std::size_t best_distance = (word.size() + 2) / 3 + 1;
    for (const std::string& candidate : candidates) {
        const bool start = word.size() >= shortest_start && candidate.starts_with(word);
        const std::size_t distance = start ? 1 : edit_distance(word, candidate);
        if (distance < best_distance) best_distance = distance, best = candidate;
    }
    return best;
}

std::string joined(std::span<const std::string> texts) {
    std::string out;
    for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + text;
    return out;
}

std::string number_text(double value) {
    char buffer[40];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    return {buffer, end};
}

std::string fixed_text(double value, int digits) {
    if (!std::isfinite(value)) return std::isnan(value) ? "nan" : (value > 0 ? "inf" : "-inf");
    char buffer[400];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, digits).ptr;
    return {buffer, end};
}

std::string bytes_text(std::uint64_t bytes) {
    constexpr std::string_view units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < std::size(units)) value /= 1024, ++unit;
    return fixed_text(value, unit == 0 ? 0 : 1) + " " + std::string(units[unit]);
}

std::size_t character_length(unsigned char first) {
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first < 0xe0) return 2;
    if (first >= 0xe0 && first < 0xf0) return 3;
    return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

bool is_prefix_of_character(std::string_view bytes) {
    const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(bytes[k]); };
    const std::size_t length = character_length(byte(0));
    if (length == 0 || bytes.size() > length) return false;
    for (std::size_t k = 1; k < bytes.size(); ++k)
        if ((byte(k) & 0xc0) != 0x80) return false;
    if (bytes.size() < 2) return true;
    switch (byte(0)) {
        case 0xe0:
            return byte(1) >= 0xa0;
        case 0xed:
            return byte(1) < 0xa0;
        case 0xf0:
            return byte(1) >= 0x90;
        case 0xf4:
            return byte(1) < 0x90;
        default:
            return true;
    }
}

std::size_t character_count(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }));
}

std::string_view without_trailing_space(std::string_view text) {
    using namespace std::string_view_literals;
    static constexpr std::array spaces = {
        "\t"sv,           "\n"sv,           "\v"sv,           "\f"sv,           "\r"sv,
        "\x1c"sv,         "\x1d"sv,         "\x1e"sv,         "\x1f"sv,         " "sv,
        "\xc2\x85"sv,     "\xc2\xa0"sv,     "\xe1\x9a\x80"sv, "\xe2\x80\x80"sv, "\xe2\x80\x81"sv,
        "\xe2\x80\x82"sv, "\xe2\x80\x83"sv, "\xe2\x80\x84"sv, "\xe2\x80\x85"sv, "\xe2\x80\x86"sv,
        "\xe2\x80\x87"sv, "\xe2\x80\x88"sv, "\xe2\x80\x89"sv, "\xe2\x80\x8a"sv, "\xe2\x80\xa8"sv,
        "\xe2\x80\xa9"sv, "\xe2\x80\xaf"sv, "\xe2\x81\x9f"sv, "\xe3\x80\x80"sv};
    for (const auto* space = spaces.begin(); space != spaces.end();)
        if (text.ends_with(*space)) {
            text.remove_suffix(space->size());
            space = spaces.begin();
        } else {
            ++space;
        }
    return text;
}

std::string grouped(std::int64_t value) {
    std::string digits = std::to_string(value);
    for (auto at = std::ssize(digits) - 3; at > (value < 0 ? 1 : 0); at -= 3)
        digits.insert(static_cast<std::size_t>(at), " ");
    return digits;
}

std::string printable(std::string_view text) {
    constexpr char digits[] = "0123456789abcdef";
    std::string out;
    while (!text.empty()) {
        const std::size_t length = character_length(static_cast<unsigned char>(text[0]));
        std::string_view character = text.substr(0, length);
        const bool whole = length > 0 && character.size() == length && is_prefix_of_character(character);
        if (!whole) character = text.substr(0, 1);
        text.remove_prefix(character.size());
        if (whole && !is_control(character)) {
            out += character;
            continue;
        }
        for (const char c : character) {
            const auto byte = static_cast<unsigned char>(c);
            out.append("\\x").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
        }
    }
    return out;
}

}  // namespace tephra
