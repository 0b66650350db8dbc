#include "neuro/lm/quantizer.hpp"

#include <vector>

namespace tephra {

std::optional<int> Quantizer::fire(const SliceRound& slice) const {
    const auto n = static_cast<std::size_t>(slice.neurons.size());
    std::ranges::fill(slice.messages, 0);
    std::vector<std::int8_t> q(n);
    for (std::size_t k = 0; k < static_cast<std::size_t>(norm_->outputs); ++k) {
        const auto gain = std::span(norm_->gain[k]).subspan(static_cast<std::size_t>(slice.neurons.begin), n);
        quantize_states(slice.ports[0], gain, scale(slice, k), q);
        for (std::size_t j = 0; j < n; ++j)
            slice.messages[j] |=
                static_cast<std::int32_t>(static_cast<std::uint32_t>(static_cast<std::uint8_t>(q[j])) << (8 * k));
    }
    return std::nullopt;
}

}  // namespace tephra
