#pragma once
// Ways from one population of a NIR graph to another through linear nodes, each joined to one sparse matrix.
#include <vector>

#include "neuro/spiking/nir_float.hpp"

namespace tephra::spiking {

inline constexpr std::int64_t most_path_entries = std::int64_t{1} << 25;
inline constexpr int most_nir_paths = 1 << 12;

/// Element (channel, y, x) of a node as the number of a neuron of its layer, (x, y, channel).
int neuron_of_element(const std::vector<int>& shape, int element);

struct PathEntry {
    std::int32_t source = 0, target = 0;  ///< neurons
    double weight = 0;
    std::int32_t delay = 0;  ///< steps
};

struct NirPath {
    int source = -1, target = -1;    ///< nodes: the input or neurons, and neurons
    std::vector<int> nodes;          ///< linear nodes in between, but for those that change nothing
    std::vector<PathEntry> entries;  ///< by source, target, delay; each triple once
    double delay_error = 0;          ///< largest rounding of the delays on the way, steps
};

/// All paths of a graph. Errors: bad_input when there are too many, or a path has too many entries.
Result<std::vector<NirPath>> find_nir_paths(const NirGraph& graph, double dt);

/// What biases of linear nodes add to the input of each neuron node in every step: [node][neuron]; empty: nothing.
/// Errors: bad_input for a bias before a Delay, which would begin late.
Result<std::vector<std::vector<double>>> nir_constants(const NirGraph& graph);

}  // namespace tephra::spiking
