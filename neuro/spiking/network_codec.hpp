#pragma once
// A network as two strings of bytes, and back: its structure as JSON, and the arrays that the structure speaks of.
// docs/formats.md describes both.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/hash.hpp"
#include "neuro/spiking/network.hpp"
#include "neuro/spiking/weights.hpp"

namespace tephra::spiking {

/// Most values of one parameter in a file: those of the largest projection.
inline constexpr std::int64_t most_stored_values = most_weights;

struct EncodedNetwork {
    std::string structure;  ///< one JSON object
    std::string values;     ///< arrays one behind the other, in the order in which the structure names them
};

/// Equal networks give equal bytes. Errors: bad_input with the layer or the connection whose kind can't be stored.
Result<EncodedNetwork> encode_network(const Network& network);

/// `place`: of the structure, for errors, which are bad_input with a JSON pointer. Every factory checks what it makes.
Result<Network> decode_network(const std::string& structure, std::span<const std::byte> values,
                               const std::string& place);

/// Content hash of what a network computes, whatever file it came from; it names the network in mappings and runs.
Hash128 content_hash(const EncodedNetwork& network);

}  // namespace tephra::spiking
