#include "neuro/record.hpp"

#include <algorithm>

namespace tephra {

void merge_record(std::span<std::uint32_t> into, std::span<const std::uint32_t> record, int sums) {
    for (int k = 0; k < sums; ++k) set_record_sum(into, k, record_sum(into, k) + record_sum(record, k));
    for (auto k = static_cast<std::size_t>(2 * sums); k < into.size(); ++k) into[k] = std::max(into[k], record[k]);
}

}  // namespace tephra
