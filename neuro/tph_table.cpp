#include "neuro/tph_table.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

#include "core/bytes.hpp"
#include "core/file_kind.hpp"
#include "core/json.hpp"
#include "core/stream_hash.hpp"
#include "core/text.hpp"

namespace tephra {
namespace {

constexpr std::size_t version_offset = deployment_magic.size(), kind_offset = version_offset + 2,
                      sections_offset = kind_offset + 2;

/// What of the program takes each kind.
constexpr std::array<std::string_view, tph_kinds> uses = {
    "info, lower, map, simulate, generate, eval and measure take language models",
    "info, lower, map, simulate and run take networks"};

tl::unexpected<Error> damaged(const std::string& place, std::uint64_t offset, std::string what) {
    return bad_input(std::move(what), tph::at_byte(place, offset),
                     "the file is damaged or cut: write or fetch it again");
}

Hash128 hash_in_pieces(std::span<const std::byte> bytes, const tph::Passed& passed) {
    constexpr std::size_t most = std::size_t{16} << 20;
    StreamHash hash;
    while (!bytes.empty()) {
        const auto piece = bytes.first(std::min(most, bytes.size()));
        hash.add(piece);
        if (passed) passed(piece);
        bytes = bytes.subspan(piece.size());
    }
    return hash.value();
}

Hash128 get_hash(ByteReader& in) {
    Hash128 hash;
    hash.low = in.get<std::uint64_t>();
    hash.high = in.get<std::uint64_t>();
    return hash;
}

}  // namespace

std::string_view to_string(TphKind kind) {
    return kind == TphKind::network ? "a spiking or graded network" : "a language model";
}

std::string tph::at_byte(const std::string& place, std::uint64_t offset) {
    return place + " byte " + std::to_string(offset);
}

Result<TphKind> tph_kind(std::span<const std::byte> bytes, const std::string& place) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (text.substr(0, deployment_magic.size()) !=
            deployment_magic.substr(0, std::min(text.size(), deployment_magic.size())) ||
        text.empty())
        return tl::unexpected(no_deployment(text, place));
    if (bytes.size() < sections_offset) return damaged(place, bytes.size(), "the file ends inside its header");
    ByteReader in(bytes.subspan(version_offset));
    if (const auto version = in.get<std::uint16_t>(); version != tph::version)
        return bad_input("deployment file of version " + std::to_string(version) + "; this program reads version " +
                             std::to_string(tph::version),
                         tph::at_byte(place, version_offset), "import the model again with this version of tephra");
    const auto kind = in.get<std::uint16_t>();
    if (kind >= tph_kinds)
        return bad_input("deployment file of kind " + std::to_string(kind) + "; this program knows kinds 0 to " +
                             std::to_string(tph_kinds - 1),
                         tph::at_byte(place, kind_offset), "import the model again with this version of tephra");
    return static_cast<TphKind>(kind);
}

Result<TphKind> tph_kind(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::array<char, sections_offset> begin{};
    file.read(begin.data(), begin.size());
    return tph_kind(std::as_bytes(std::span(begin)).first(static_cast<std::size_t>(file.gcount())), path);
}

Result<void> tph::read_table(std::span<const std::byte> bytes, const std::string& place, const Frame& frame,
                             HashCheck check, std::span<TphSpan> table) {
    const auto kind = tph_kind(bytes, place);
    if (!kind) return tl::unexpected(kind.error());
    if (*kind != frame.kind)
        return bad_input("this deployment file holds " + std::string(to_string(*kind)) + ", " +
                             std::string(to_string(frame.kind)) + " is needed",
                         at_byte(place, kind_offset), std::string(uses[static_cast<std::size_t>(*kind)]));
    const std::size_t sections = frame.names.size();
    if (bytes.size() < header_bytes(sections))
        return damaged(place, bytes.size(),
                       "the file ends inside its header of " + std::to_string(header_bytes(sections)) + " bytes");
    if (check == HashCheck::verify && hash128(bytes.first(hash_offset(sections))) != header_hash(bytes, frame))
        return damaged(place, 0, "the header does not match its hash");
    ByteReader in(bytes.subspan(sections_offset));
    if (in.get<std::uint32_t>() != sections) return damaged(place, sections_offset, "wrong number of sections");
    const auto size = in.get<std::uint64_t>();
    if (size != bytes.size())
        return damaged(
            place, std::min<std::uint64_t>(size, bytes.size()),
            "the file has " + std::to_string(bytes.size()) + " bytes, its header says " + std::to_string(size));
    std::uint64_t end = header_bytes(sections);
    for (std::size_t k = 0; k < sections; ++k) {
        std::array<char, name_bytes> name{};
        in.get_all(std::span<char>(name));
        table[k].offset = in.get<std::uint64_t>();
        table[k].size = in.get<std::uint64_t>();
        get_hash(in);
        std::string expected(frame.names[k]);
        expected.resize(name_bytes, '\0');
        if (!std::equal(name.begin(), name.end(), expected.begin()) || table[k].offset != align(end) ||
            table[k].offset > size || table[k].size > size - table[k].offset)
            return damaged(place, table_offset + k * entry_bytes, "wrong entry in the table of sections");
        end = table[k].offset + table[k].size;
    }
    if (end != size) return damaged(place, end, "bytes after the last section");
    return {};
}

Result<void> tph::verify_sections(std::span<const std::byte> bytes, const Frame& frame, std::span<const TphSpan> table,
                                  const std::string& place, const Passed& passed) {
    std::uint64_t end = header_bytes(frame.names.size());
    for (std::size_t k = 0; k < table.size(); ++k) {
        for (std::uint64_t b = end; b < table[k].offset; ++b)
            if (bytes[b] != std::byte{0}) return damaged(place, b, "padding that is not zero");
        ByteReader entry(bytes.subspan(table_offset + k * entry_bytes + name_bytes + 16));
        if (hash_in_pieces(bytes.subspan(table[k].offset, table[k].size), passed) != get_hash(entry))
            return damaged(place, table[k].offset,
                           "section \"" + std::string(frame.names[k]) + "\" does not match its hash");
        end = table[k].offset + table[k].size;
    }
    return {};
}

Hash128 tph::header_hash(std::span<const std::byte> bytes, const Frame& frame) {
    ByteReader stored(bytes.subspan(hash_offset(frame.names.size())));
    return get_hash(stored);
}

std::string tph::header(const Frame& frame, std::span<const TphSpan> table, std::span<const Hash128> hashes,
                        std::uint64_t size) {
    ByteWriter out;
    out.put_all(std::span(deployment_magic.data(), deployment_magic.size()));
    out.put<std::uint16_t>(version);
    out.put<std::uint16_t>(static_cast<std::uint16_t>(frame.kind));
    out.put<std::uint32_t>(static_cast<std::uint32_t>(frame.names.size()));
    out.put<std::uint64_t>(size);
    const auto put_hash = [&](const Hash128& hash) {
        out.put<std::uint64_t>(hash.low);
        out.put<std::uint64_t>(hash.high);
    };
    for (std::size_t k = 0; k < table.size(); ++k) {
        std::string name(frame.names[k]);
        name.resize(name_bytes, '\0');
        out.put_all(std::span<const char>(name));
        out.put<std::uint64_t>(table[k].offset);
        out.put<std::uint64_t>(table[k].size);
        put_hash(hashes[k]);
    }
    put_hash(hash128(out.bytes()));
    return out.bytes();
}

Result<void> check_name(std::string_view name, const std::string& place) {
    const std::string hint = "a name is 1 to " + std::to_string(max_name_bytes) +
                             " bytes of UTF-8 without control characters: rename the directory or write the file again";
    if (name.empty() || name.size() > max_name_bytes)
        return bad_input("a model's name of " + std::to_string(name.size()) + " bytes", place, hint);
    if (printable(name) != name || name.find('\n') != std::string_view::npos)
        return bad_input("the model's name \"" + printable(name) + "\" holds control characters or is no UTF-8", place,
                         hint);
    return {};
}

Result<void> check_tph_bytes(std::uint64_t bytes, const std::string& place) {
    if (bytes > max_tph_bytes)
        return bad_input("the model would take " + bytes_text(bytes), place,
                         "a deployment file has at most " + bytes_text(max_tph_bytes) + ": make the model smaller");
    return {};
}

Result<void> tph::check_origin(const std::string& origin, const std::string& place) {
    const auto json = parse_json(origin, place);
    if (json && json->object() != nullptr) return {};
    return bad_input("the file's origin is not a JSON object", place, "write the file again");
}

Result<void> tph::check_room(std::uint64_t bytes, const std::string& path) {
    std::error_code unknown;  // where the system cannot tell, writing will
    const auto folder = std::filesystem::absolute(path, unknown).parent_path();
    const auto space = std::filesystem::space(folder, unknown);
    if (!unknown && bytes > space.available)
        return bad_input(
            "the model would take " + bytes_text(bytes) + ", the disk has " + bytes_text(space.available) + " free",
            path, "make room or write elsewhere");
    return {};
}

}  // namespace tephra
