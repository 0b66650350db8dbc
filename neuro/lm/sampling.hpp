#pragma once
// Sampling: from logits to the next token, in integers, so that one seed gives one text on every machine
// (docs/numerics.md, "Sampling").
#include <cstdint>
#include <span>
#include <vector>

#include "core/error.hpp"

namespace tephra {

inline constexpr double min_temperature = 0x1p-16;
inline constexpr double max_temperature = 0x1p15;
inline constexpr double min_top_p = 0x1p-16;

struct SamplingOptions {
    bool greedy = false;     ///< the largest logit, the lowest id among equals; the rest is ignored
    double temperature = 1;  ///< logits are divided by it; [min_temperature, max_temperature], to 16 fraction bits
    int top_k = 0;           ///< candidates are the k largest logits; 0: all
    double top_p =
        1;  ///< of these the fewest that hold this share of their weight; [min_top_p, 1], to 16 fraction bits
    std::uint64_t seed = 0;
};

class Sampler {
public:
    /// fraction_bits: of the logits (QuantizedModel::logits), [0, 23]. Errors: usage, with the option's name as place;
    /// bad_input for other fraction bits.
    static Result<Sampler> create(const SamplingOptions& options, int fraction_bits);

    /// Token that follows 24-bit logits [V]. The choice depends on logits, options, stream and position alone, where
    /// `position` counts the tokens of the stream.
    std::int32_t next(std::span<const std::int32_t> logits, std::uint32_t stream, std::uint64_t position);

    /// Weight of a token whose logit lies `distance` >= 0 below the largest: 2^30 exp(-distance / T).
    [[nodiscard]] std::uint32_t weight(std::int32_t distance) const;

private:
    Sampler() = default;
    void keep_largest(std::span<const std::int32_t> logits);
    void keep_share(std::span<const std::int32_t> logits, std::int32_t peak);

    SamplingOptions options_;
    std::uint64_t rate_ = 0;         ///< log2(e) / T as a fraction of 2^30
    int shift_ = 0;                  ///< from distance x rate to 16 fraction bits
    std::uint64_t share_ = 0;        ///< top_p as a fraction of 2^16
    std::vector<std::int32_t> ids_;  ///< candidates
};

/// Id of the largest logit, the lowest among equals; there must be a logit.
std::int32_t greedy_token(std::span<const std::int32_t> logits);

}  // namespace tephra
