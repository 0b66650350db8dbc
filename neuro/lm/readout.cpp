#include "neuro/lm/readout.hpp"

namespace tephra {

std::optional<int> Readout::fire(const SliceRound& slice) const {
    read_out(slice.ports[0], scale(slice, 0), slice.messages);
    return std::nullopt;
}

}  // namespace tephra
