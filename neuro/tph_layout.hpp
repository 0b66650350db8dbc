#pragma once
// Layout of a deployment file that its writer and its reader share.
#include <array>
#include <cstdint>
#include <string>

#include "core/hash.hpp"
#include "neuro/tph.hpp"

namespace tephra::tph {

inline constexpr std::uint32_t version = 1;
inline constexpr std::size_t name_bytes = 8;     ///< of a section in the table, filled with zeros
inline constexpr std::size_t table_offset = 24;  ///< after magic, version, number of sections, file size
inline constexpr std::size_t entry_bytes = name_bytes + 8 + 8 + 16;
inline constexpr std::size_t hash_offset = table_offset + tph_sections * entry_bytes;
inline constexpr std::size_t header_bytes = hash_offset + 16;

constexpr std::uint64_t align(std::uint64_t offset) {
    return (offset + tph_alignment - 1) / tph_alignment * tph_alignment;
}

constexpr std::size_t index(TphSection section) {
    return static_cast<std::size_t>(section);
}

using Table = std::array<TphSpan, tph_sections>;
using Sections = std::array<std::span<const std::byte>, tph_sections>;

/// A graph whose views point into the sections; blocks, shapes and sizes are checked, values too.
Result<LayerGraph> read_graph(const Sections& sections, const Table& table, const std::string& place);

/// The section that holds the configuration.
std::string encode_config(const TphHead& head);

/// Errors: bad_input when the text is not one JSON object.
Result<void> check_origin(const std::string& origin, const std::string& place);

/// Bytes that a tensor section must have.
std::uint64_t expected_bytes(TphSection section, LayerGraph& graph);

}  // namespace tephra::tph
