#pragma once
// Records of norms, as words: the statistics that a slice of a vector sends, and the scales that a Normalizer answers.
#include <cstdint>
#include <span>

#include "neuro/lm/neuron_math.hpp"

namespace tephra {

/// 64-bit sums at the head of a norm's record: of a_j^2 and, where second_epsilon is not zero, of g_j^2.
int record_sums(const NormParameters& norm);
/// Words of a norm's record: two for each sum, low word first, then a peak for each output.
int record_words(const NormParameters& norm);
/// `words`: [record_words(norm)].
void write_record(const NormParameters& norm, const NormRecord& record, std::span<std::uint32_t> words);
NormRecord read_record(const NormParameters& norm, std::span<const std::uint32_t> words);

/// The statistics for `norm` of elements [begin, begin + n) of a vector, with a second sum that their neurons know.
void write_statistics(const NormParameters& norm, std::span<const std::int32_t> x, int begin, std::uint64_t second,
                      std::span<std::uint32_t> words);

/// A scale as one word: mantissa in the low half, exponent (two's complement) in the high half.
constexpr std::uint32_t scale_word(Scale scale) {
    return scale.mantissa | static_cast<std::uint32_t>(static_cast<std::uint16_t>(scale.exponent)) << 16;
}
constexpr Scale word_scale(std::uint32_t word) {
    return {static_cast<std::uint16_t>(word & 0xFFFFU), static_cast<std::int16_t>(word >> 16)};
}

}  // namespace tephra
