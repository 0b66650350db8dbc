#include "neuro/lm/norm_record.hpp"

#include <algorithm>
#include <cassert>

#include "neuro/record.hpp"

namespace tephra {

int record_sums(const NormParameters& norm) {
    return norm.second_epsilon.mantissa != 0 ? 2 : 1;
}

int record_words(const NormParameters& norm) {
    return 2 * record_sums(norm) + norm.outputs;
}

void write_record(const NormParameters& norm, const NormRecord& record, std::span<std::uint32_t> words) {
    assert(words.size() == static_cast<std::size_t>(record_words(norm)));
    set_record_sum(words, 0, record.sum);
    const int sums = record_sums(norm);
    if (sums == 2) set_record_sum(words, 1, record.second);
    std::copy_n(record.peak.begin(), norm.outputs, words.begin() + 2 * sums);
}

NormRecord read_record(const NormParameters& norm, std::span<const std::uint32_t> words) {
    NormRecord record;
    record.sum = record_sum(words, 0);
    const int sums = record_sums(norm);
    if (sums == 2) record.second = record_sum(words, 1);
    std::copy_n(words.begin() + 2 * sums, norm.outputs, record.peak.begin());
    return record;
}

void write_statistics(const NormParameters& norm, std::span<const std::int32_t> x, int begin, std::uint64_t second,
                      std::span<std::uint32_t> words) {
    NormRecord partial = norm_statistics(norm, x, begin);
    partial.second = second;
    write_record(norm, partial, words);
}

}  // namespace tephra
