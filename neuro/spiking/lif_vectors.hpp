#pragma once
// Whole vectors of LIF neurons at once: the law of lif.hpp in double precision, where each number of it is exact: a
// state of 24 bits times a decay of 12 has 37, a sum times 2^6 has 38. The same bits on every instruction set
// (neuro/simd.hpp chooses it).
#include <cstddef>
#include <cstdint>
#include <optional>

#include "neuro/spiking/lif.hpp"

namespace tephra::spiking {

/// What `neurons` neurons from `first` of the population on read and write in a step.
struct LifRows {
    std::size_t first = 0, neurons = 0;
    const std::int32_t *current = nullptr, *bias = nullptr;        ///< by port: sums; null: zeros
    std::int32_t *u = nullptr, *v = nullptr, *messages = nullptr;  ///< of each neuron
};

/// Steps as many neurons, from the first on, as fill whole vectors, and returns how many these are. They have no
/// refractory period. `overflow`: the first neuron, counted from rows.first, that left the range of the law; what was
/// written then has no meaning.
std::size_t step_lif_vectors(const LifParameters& parameters, const LifRows& rows,
                             std::optional<std::size_t>& overflow);

}  // namespace tephra::spiking
