#include "neuro/lm/dense_ternary.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "neuro/lm/kernels.hpp"

namespace tephra {

DenseTernary::DenseTernary(std::vector<TernaryInput> inputs, std::shared_ptr<const void> storage)
    : inputs_(std::move(inputs)), storage_(std::move(storage)) {
    assert(!inputs_.empty());
    for (const TernaryInput& input : inputs_) {
        assert(input.matrix.rows == targets() && input.matrix.cols == sources());
        fields_ = std::max(fields_, input.field + 1);
    }
}

std::size_t DenseTernary::field_bytes() const {
    return padded_activations(sources());
}

SynapseMemory DenseTernary::memory(NeuronRange targets) const {
    const std::int64_t weights = std::int64_t{sums()} * sources() * targets.size();
    return {weights, weights * weight_bits(), sources()};
}

void DenseTernary::accumulate(const Arrived& arrived, NeuronRange targets, std::span<std::int32_t> sums) const {
    const auto n = static_cast<std::size_t>(targets.size());
    for (std::size_t m = 0; m < inputs_.size(); ++m) {
        const TernaryInput& input = inputs_[m];
        const auto q = arrived.bytes.subspan(static_cast<std::size_t>(input.field) * field_bytes(), field_bytes());
        ternary_matvec(input.matrix, targets.begin, targets.end, q, activation_sum(q), sums.subspan(m * n, n));
    }
}

}  // namespace tephra
