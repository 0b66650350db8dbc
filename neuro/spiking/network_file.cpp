#include "neuro/spiking/network_file.hpp"

#include <utility>

namespace tephra::spiking {
namespace {

constexpr std::array<std::string_view, network_sections> names = {"name", "origin", "network", "values"};
constexpr tph::Frame frame{TphKind::network, names};

using Table = std::array<TphSpan, network_sections>;

std::size_t index(NetworkSection section) {
    return static_cast<std::size_t>(section);
}

std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::string_view section_name(NetworkSection section) {
    return names[index(section)];
}

Result<NamedNetwork> name_network(Network network, std::string name, std::string origin) {
    const auto encoded = encode_network(network);
    if (!encoded) return tl::unexpected(encoded.error());
    return NamedNetwork{std::move(network), std::move(name), std::move(origin), content_hash(*encoded)};
}

Result<void> write_network(const NamedNetwork& named, OutputFile& file) {
    const std::string& path = file.path();
    if (auto good = check_name(named.name, path); !good) return good;
    if (auto good = tph::check_origin(named.origin, path); !good) return good;
    const auto encoded = encode_network(named.network);
    if (!encoded) return tl::unexpected(encoded.error());
    const std::array<std::string_view, network_sections> sections = {named.name, named.origin, encoded->structure,
                                                                     encoded->values};
    Table table;
    std::array<Hash128, network_sections> hashes;
    std::uint64_t end = tph::header_bytes(network_sections);
    for (std::size_t k = 0; k < network_sections; ++k) {
        table[k] = {tph::align(end), sections[k].size()};
        end = table[k].offset + table[k].size;
        hashes[k] = hash128(sections[k]);
    }
    if (auto good = check_tph_bytes(end, path); !good) return good;
    if (auto good = tph::check_room(end, path); !good) return good;
    if (auto written = file.write(tph::header(frame, table, hashes, end)); !written) return written;
    for (std::size_t k = 0; k < network_sections; ++k) {
        const std::string padding(table[k].offset - file.size(), '\0');
        if (auto written = file.write(padding); !written) return written;
        if (auto written = file.write(sections[k]); !written) return written;
    }
    return file.commit();
}

Result<NamedNetwork> parse_network(std::span<const std::byte> bytes, const std::string& place, HashCheck check) {
    Table table;
    if (auto read = tph::read_table(bytes, place, frame, check, table); !read) return tl::unexpected(read.error());
    if (check == HashCheck::verify)
        if (auto verified = tph::verify_sections(bytes, frame, table, place); !verified)
            return tl::unexpected(verified.error());
    const auto bytes_of = [&](NetworkSection section) {
        return bytes.subspan(table[index(section)].offset, table[index(section)].size);
    };
    const auto place_of = [&](NetworkSection section) { return tph::at_byte(place, table[index(section)].offset); };
    std::string name = text_of(bytes_of(NetworkSection::name)), origin = text_of(bytes_of(NetworkSection::origin));
    if (auto good = check_name(name, place_of(NetworkSection::name)); !good) return tl::unexpected(good.error());
    if (auto good = tph::check_origin(origin, place_of(NetworkSection::origin)); !good)
        return tl::unexpected(good.error());
    const std::string structure = text_of(bytes_of(NetworkSection::network));
    auto network = decode_network(structure, bytes_of(NetworkSection::values), place_of(NetworkSection::network));
    if (!network) return tl::unexpected(network.error());
    return name_network(std::move(*network), std::move(name), std::move(origin));
}

Result<NamedNetwork> load_network(const std::string& path) {
    const auto mapped = MappedFile::open(path);
    if (!mapped) return tl::unexpected(mapped.error());
    return parse_network(mapped->bytes(), path);
}

Result<std::array<TphSpan, network_sections>> read_network_table(const std::string& path) {
    const auto mapped = MappedFile::open(path);
    if (!mapped) return tl::unexpected(mapped.error());
    Table table;
    if (auto read = tph::read_table(mapped->bytes(), path, frame, HashCheck::verify, table); !read)
        return tl::unexpected(read.error());
    return table;
}

}  // namespace tephra::spiking
