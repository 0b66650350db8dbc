#include "neuro/lm/gated_unit.hpp"

namespace tephra {

std::optional<int> GatedUnit::fire(const SliceRound& slice) const {
    gated_unit(block_->formats, scale(slice, 0), sums(slice, 0, 0), sums(slice, 0, 1), slice.messages);
    write_statistics(block_->down_norm, slice.messages, slice.neurons.begin, 0, slice.record);
    return std::nullopt;
}

}  // namespace tephra
