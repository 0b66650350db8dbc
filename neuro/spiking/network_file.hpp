#pragma once
// The deployment file .tph of a spiking or graded network. docs/formats.md describes every byte.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/files.hpp"
#include "neuro/spiking/network_codec.hpp"
#include "neuro/tph_table.hpp"

namespace tephra::spiking {

/// Sections in file order.
enum class NetworkSection : std::uint8_t {
    name,     ///< text
    origin,   ///< how the file was made, one JSON object
    network,  ///< EncodedNetwork::structure
    values,   ///< EncodedNetwork::values
};
inline constexpr std::size_t network_sections = 4;

/// A network with what its file says beside it.
struct NamedNetwork {
    Network network;
    std::string name;
    std::string origin;  ///< JSON text
    Hash128 hash;        ///< content_hash()
};

/// Puts a name and the content hash to a network. Errors: as of encode_network().
Result<NamedNetwork> name_network(Network network, std::string name, std::string origin);

/// Writes and commits the file. Errors: bad_input for a name or an origin that parse_network() would refuse, a kind
/// that can't be stored, and as of OutputFile.
Result<void> write_network(const NamedNetwork& named, OutputFile& file);

/// Reads a deployment file from memory. Errors: bad_input with the byte, or with the section and a JSON pointer.
Result<NamedNetwork> parse_network(std::span<const std::byte> bytes, const std::string& place,
                                   HashCheck check = HashCheck::verify);
Result<NamedNetwork> load_network(const std::string& path);

/// Name of a section as in the file's table, and the place of each in a file that load_network() accepts.
std::string_view section_name(NetworkSection section);
Result<std::array<TphSpan, network_sections>> read_network_table(const std::string& path);

}  // namespace tephra::spiking
