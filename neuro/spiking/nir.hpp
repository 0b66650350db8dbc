#pragma once
// Reads NIR files (.nir): a graph of continuous-time primitives with real parameters. Format: docs/formats.md.
// Source: Pedersen et al., "Neuromorphic intermediate representation", Nature Communications 15, 2024, and the
// documentation of its primitives.
#include <map>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "neuro/spiking/hdf5.hpp"

namespace tephra::spiking {

inline constexpr int most_nir_nodes = 1 << 14;
inline constexpr int deepest_nir_graph = 16;

/// A primitive. Arrays and neurons are in the order of the file: (channel, y, x), x varying fastest.
struct NirNode {
    std::string name;                         ///< those of nested graphs are "graph/node"
    std::string type;                         ///< "LIF", "Affine" ...
    std::string place;                        ///< in the file
    std::map<std::string, Hdf5Array> values;  ///< parameters; a missing v_reset is 0
    std::vector<int> shape;                   ///< of its output
    std::vector<int> from;                    ///< nodes whose outputs add up to its input, each once
    [[nodiscard]] const Hdf5Array& at(const std::string& parameter) const { return values.at(parameter); }
    [[nodiscard]] int size() const;
    /// Whether its output depends on the past: a neuron model. All others are functions of their input, but Delay.
    [[nodiscard]] bool is_neuron() const;
};

/// A checked graph: every node has a shape that fits its inputs, there is one input and one output, and no cycle
/// without neurons.
struct NirGraph {
    std::vector<NirNode> nodes;
    int input = -1, output = -1;
    std::vector<int> order;  ///< nodes that are no neurons, each after the ones it takes its input from
};

/// All 17 primitives are read; nested graphs are taken apart. Errors: bad_input with the node.
Result<NirGraph> read_nir(const std::string& path);

}  // namespace tephra::spiking
