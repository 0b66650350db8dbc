#include "neuro/lm/residual.hpp"

namespace tephra {

std::optional<int> Residual::fire(const SliceRound& slice) const {
    add_residual(slice.ports[1], shift_, slice.ports[0], scale(slice, 0), slice.messages);
    write_statistics(*norm_, slice.messages, slice.neurons.begin, 0, slice.record);
    return std::nullopt;
}

}  // namespace tephra
