#pragma once
// Synaptic weights as a neurocore holds them. Law: docs/numerics.md 11.4.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "neuro/synapse_format.hpp"

namespace tephra::spiking {

using SynapseFormatPtr = std::shared_ptr<const SynapseFormat>;

enum class SignMode : std::uint8_t { mixed, excitatory, inhibitory };

/// "mixed", "excitatory" or "inhibitory".
std::string_view to_string(SignMode mode);

/// The mode that Lava chooses for weights: excitatory when none is negative, inhibitory when none is positive.
SignMode sign_mode_of(std::span<const std::int32_t> weights);

inline constexpr int most_weight_bits = 8;
inline constexpr int most_stored_bits = 16;  ///< of weights that are stored as they are
inline constexpr int least_weight_exponent = -8, most_weight_exponent = 7;
/// Most weights of a projection.
inline constexpr std::int64_t most_weights = std::int64_t{1} << 26;
/// What every format stores a weight in.
inline constexpr std::int32_t least_weight = -(1 << 15), largest_weight = (1 << 15) - 1;

/// How the weights of a dense, sparse or one-to-one projection are stored.
struct WeightPrecision {
    int bits = most_weight_bits;        ///< magnitude and, of mixed signs, sign: in [1, 8]
    int exponent = 0;                   ///< sums are multiplied by 2^exponent, rounded down
    std::optional<SignMode> sign = {};  ///< none: sign_mode_of()
};

struct StoredWeights {
    std::vector<std::int16_t> values;
    int bits = most_weight_bits;  ///< that one takes in a core's memory
    int exponent = 0;             ///< sums are multiplied by 2^exponent, rounded down
    std::int64_t changed = 0;     ///< weights that precision or range made another number
    [[nodiscard]] std::int64_t largest_magnitude() const;
    /// Largest magnitude times 2^exponent, where the exponent is positive.
    [[nodiscard]] std::int64_t largest_product() const;
};

/// Weights as a neurocore stores them: within [-256, 255] (mixed), [0, 255] or [-255, 0], without the low bits that the
/// precision does not reach (towards minus infinity; of inhibitory weights towards zero). Errors: bad_input for a
/// precision out of its range.
Result<StoredWeights> store_weights(std::span<const std::int32_t> weights, WeightPrecision precision);

/// Weights that are stored as they are: 8 bits each within [-256, 255], else 16. Errors: bad_input with the index of a
/// weight that 16 bits do not hold.
Result<StoredWeights> store_plain(std::span<const std::int32_t> weights);

/// Adds weights to the parameters of a format: "weights" and "bits".
void store_weights(StoredParameters& out, std::vector<std::int32_t> values, int bits);
/// Reads them again; `exponent`: of the format. Errors: bad_input for weights that no core stores in so many bits.
Result<StoredWeights> read_weights(ParameterReader& in, int exponent);

/// Multiplies sums by 2^exponent, rounded down.
void scale_sums(std::span<std::int32_t> sums, int exponent);

}  // namespace tephra::spiking
