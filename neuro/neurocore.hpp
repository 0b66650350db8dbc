#pragma once
// What a neurocore computes when a slice of a population fires: inputs of one token -> messages and record. Pure
// functions on integers; the only state is the recurrent state that the caller passes in.
#include <cstdint>
#include <span>
#include <vector>

#include "neuro/program.hpp"

namespace tephra {

/// Inputs of one port for one token, for the n = end - begin neurons of a slice.
struct PortInput {
    std::vector<std::int32_t> values;  ///< identity: states [n]; ternary: accumulators [matrices x n], matrix-major
    std::vector<std::uint32_t> words;  ///< broadcast: the range sent; reduce: the merged record
};

struct SliceOutput {
    std::vector<std::uint32_t> messages;  ///< [n] payloads; 0: not sent. Empty when message_bits is 0
    std::vector<std::uint32_t> record;    ///< [record_words]
};

/// Fires neurons [begin, end) of a population. `inputs` in port order (credits may be left out at the end); `state` is
/// [n] of the token's stream for populations with state_bits, else empty. Not for TokenSource and TokenSink.
void fire(const Population& population, int begin, int end, std::span<const PortInput> inputs,
          std::span<std::int32_t> state, SliceOutput& output);

/// Fires the TokenSource for a token: all its neurons. The token must lie in the vocabulary.
void emit_token(const Population& source, std::int32_t token, SliceOutput& output);

/// 64-bit sums at the head of a norm's record: of a_j^2 and, where second_epsilon is not zero, of g_j^2.
int record_sums(const NormParameters& norm);
/// Words of a norm's record: two for each sum, low word first, then a peak for each output.
int record_words(const NormParameters& norm);

/// Merges a record into another of the same projection (Projection::sums): exact, in any order.
void merge_record(std::span<std::uint32_t> into, std::span<const std::uint32_t> record, int sums);

/// int8 activation number `field` of a message.
constexpr std::int8_t message_field(std::uint32_t payload, int field) {
    return static_cast<std::int8_t>(payload >> (8 * field) & 0xFFU);
}

/// A scale as one word: mantissa in the low half, exponent (two's complement) in the high half.
constexpr std::uint32_t scale_word(Scale scale) {
    return scale.mantissa | static_cast<std::uint32_t>(static_cast<std::uint16_t>(scale.exponent)) << 16;
}
constexpr Scale word_scale(std::uint32_t word) {
    return {static_cast<std::uint16_t>(word & 0xFFFFU), static_cast<std::int16_t>(word >> 16)};
}

}  // namespace tephra
