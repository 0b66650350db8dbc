#include "neuro/lm/gated_recurrence.hpp"

namespace tephra {

std::optional<int> GatedRecurrence::fire(const SliceRound& slice) const {
    const auto n = static_cast<std::size_t>(slice.neurons.size());
    const auto lower = std::span(block_->one_minus_lower).subspan(static_cast<std::size_t>(slice.neurons.begin), n);
    const std::uint64_t second =
        gated_recurrence(block_->formats, {scale(slice, 0), scale(slice, 1), scale(slice, 2)},
                         {sums(slice, 0, 0), sums(slice, 0, 1), sums(slice, 0, 2), lower, slice.state, slice.messages});
    write_statistics(block_->output_norm, slice.messages, slice.neurons.begin, second, slice.record);
    return std::nullopt;
}

}  // namespace tephra
