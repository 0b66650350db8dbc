#pragma once
// Sets of neurons as ranges in ascending order that do not touch.
#include <cstdint>
#include <span>
#include <vector>

#include "neuro/neuron_model.hpp"

namespace tephra {

using NeuronRanges = std::vector<NeuronRange>;

/// Neurons in all of some ranges.
constexpr std::int64_t total_size(std::span<const NeuronRange> ranges) {
    std::int64_t sum = 0;
    for (const NeuronRange range : ranges) sum += range.size();
    return sum;
}

/// Those of a set that lie in a range.
NeuronRanges clipped(std::span<const NeuronRange> ranges, NeuronRange within);

/// The set of the neurons in any of some ranges, which may lie in any order and overlap.
NeuronRanges united(NeuronRanges ranges);

}  // namespace tephra
