#pragma once
// The frame of every deployment file: a header that says which kind of model the file holds and where its sections lie,
// and their hashes. docs/formats.md describes every byte.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "core/hash.hpp"

namespace tephra {

inline constexpr std::size_t tph_alignment = 64;
inline constexpr std::size_t max_name_bytes = 255;                      ///< of a model's name
inline constexpr std::uint64_t max_tph_bytes = std::uint64_t{1} << 40;  ///< 1 TiB, 300 times the published models

/// What a deployment file holds.
enum class TphKind : std::uint16_t {
    language_model,  ///< neuro/lm/tph.hpp
    network,         ///< spiking or graded; neuro/spiking/network_file.hpp
};
inline constexpr std::uint16_t tph_kinds = 2;

/// "a language model", "a spiking or graded network".
std::string_view to_string(TphKind kind);

/// Place of a section.
struct TphSpan {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

enum class HashCheck : std::uint8_t { verify, skip };  ///< skip: for fuzzing what lies behind the hashes

/// Kind of the model in a file that begins with these bytes. Errors: bad_input when they begin no deployment file of
/// this version.
Result<TphKind> tph_kind(std::span<const std::byte> bytes, const std::string& place);
Result<TphKind> tph_kind(const std::string& path);

/// Errors: bad_input when a name has more than max_name_bytes bytes, is empty, no UTF-8, or holds control characters,
/// which a terminal would obey.
Result<void> check_name(std::string_view name, const std::string& place);

/// Errors: bad_input when a deployment file of so many bytes is larger than max_tph_bytes.
Result<void> check_tph_bytes(std::uint64_t bytes, const std::string& place);

namespace tph {

inline constexpr std::uint16_t version = 1;      ///< of both kinds
inline constexpr std::size_t name_bytes = 8;     ///< of a section in the table, filled with zeros
inline constexpr std::size_t table_offset = 24;  ///< after magic, version, kind, number of sections, file size
inline constexpr std::size_t entry_bytes = name_bytes + 8 + 8 + 16;

constexpr std::size_t hash_offset(std::size_t sections) {
    return table_offset + sections * entry_bytes;
}
constexpr std::size_t header_bytes(std::size_t sections) {
    return hash_offset(sections) + 16;
}
constexpr std::uint64_t align(std::uint64_t offset) {
    return (offset + tph_alignment - 1) / tph_alignment * tph_alignment;
}

/// "file byte 24".
std::string at_byte(const std::string& place, std::uint64_t offset);

/// A model's kind and the names of its sections, in file order.
struct Frame {
    TphKind kind;
    std::span<const std::string_view> names;
};

/// Reads and checks the header; `table`: written, an entry a section. With HashCheck::verify its hash is checked, too.
/// Errors: bad_input with the byte; a file of another kind is called what it is.
Result<void> read_table(std::span<const std::byte> bytes, const std::string& place, const Frame& frame, HashCheck check,
                        std::span<TphSpan> table);
/// Takes bytes that have been looked at and are not needed soon: pages of a mapped file may leave memory. May be empty.
using Passed = std::function<void(std::span<const std::byte>)>;

/// Padding between sections is zero and sections match their hashes. Errors: bad_input with the byte.
Result<void> verify_sections(std::span<const std::byte> bytes, const Frame& frame, std::span<const TphSpan> table,
                             const std::string& place, const Passed& passed = {});
/// The hash of the header, which names the file's content.
Hash128 header_hash(std::span<const std::byte> bytes, const Frame& frame);

/// The header of a file of `size` bytes.
std::string header(const Frame& frame, std::span<const TphSpan> table, std::span<const Hash128> hashes,
                   std::uint64_t size);

/// Errors: bad_input when the text is not one JSON object.
Result<void> check_origin(const std::string& origin, const std::string& place);

/// Errors: bad_input when the disk of this path has less room.
Result<void> check_room(std::uint64_t bytes, const std::string& path);

}  // namespace tph
}  // namespace tephra
