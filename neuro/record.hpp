#pragma once
// Records: words that a slice sends beside its neurons' messages, such as partial sums that a neuron merges.
#include <cstdint>
#include <span>

namespace tephra {

/// 64-bit sum number `sum` of a record: two words, low word first.
constexpr std::uint64_t record_sum(std::span<const std::uint32_t> words, int sum) {
    const auto k = static_cast<std::size_t>(2 * sum);
    return words[k] | std::uint64_t{words[k + 1]} << 32;
}
constexpr void set_record_sum(std::span<std::uint32_t> words, int sum, std::uint64_t value) {
    const auto k = static_cast<std::size_t>(2 * sum);
    words[k] = static_cast<std::uint32_t>(value);
    words[k + 1] = static_cast<std::uint32_t>(value >> 32);
}

/// Merges a record into another of the same projection: adds the `sums` 64-bit sums at its head, keeps the larger of
/// each other word. Exact, in any order.
void merge_record(std::span<std::uint32_t> into, std::span<const std::uint32_t> record, int sums);

}  // namespace tephra
