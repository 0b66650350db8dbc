#pragma once
// What an FPGA core was built for, and whether a model fits it.
#include <cstdint>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "neuro/lm/deployment.hpp"

namespace tephra::fpga {

enum class Packing : std::uint8_t { two_bits = 0, five_trits = 1 };
/// "two-bits", "five-trits".
const std::vector<std::string>& packing_names();

/// Largest core that is reckoned with. Simulated ones have 16 to 64 lanes and 1 or 2 streams.
inline constexpr int max_lanes = 20480, max_streams = 64;
/// Least lanes: those of a word of 32 bits.
inline constexpr int base_lanes = 16, base_trit_lanes = 20;
inline constexpr int wide_lanes = 64;  ///< of the wide core that families have measured
inline constexpr int max_address_bits = 24;

/// Parameters of rtl/tephra_core.sv.
struct CoreShape {
    int lanes = 16;                       ///< columns of a row a cycle; of five trits a multiple of 20
    Packing packing = Packing::two_bits;  ///< of weights in memory
    int streams = 1;                      ///< that meet each word of weights
    int x_bits = 8;                       ///< 2^x_bits elements of the residual
    int p_bits = 10;                      ///< 2^p_bits products of a normalised vector, all its outputs
    int h_bits = 11;                      ///< 2^h_bits recurrent states of a stream, all blocks
    int q_bits = 6;                       ///< 2^q_bits words of activations

    /// Bits of a word of memory: what the lanes take in a cycle.
    [[nodiscard]] int word_bits() const { return packing == Packing::five_trits ? lanes / 5 * 8 : lanes * 2; }
    /// Words of a row of `columns` weights, the last one padded with zeros.
    [[nodiscard]] int row_words(int columns) const { return (columns + lanes - 1) / lanes; }
};

/// Whether there can be such a core: lanes, streams and address bits. Errors: usage; the message names what it has.
Result<void> check_shape(const CoreShape& shape);

/// The core of these lanes and streams with the fewest address bits that `config` needs. Errors: usage, when a word of
/// memory would not be 32 bits times a power of two.
Result<CoreShape> shape_for(const ModelConfig& config, int lanes, Packing packing, int streams);

/// Errors: does_not_fit, with the size that the core lacks.
Result<void> check_fits(const Deployment& model, const CoreShape& shape);

}  // namespace tephra::fpga
