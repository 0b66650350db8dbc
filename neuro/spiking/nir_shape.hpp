#pragma once
// Shapes of the nodes of a NIR graph, and the geometry of those with windows.
#include "neuro/spiking/image.hpp"
#include "neuro/spiking/nir.hpp"

namespace tephra::spiking {

/// Finds the shape of every node from its parameters and its inputs. Errors: bad_input with the node: shapes that do
/// not fit, a node that nothing leads to, a parameter of another shape.
Result<void> find_nir_shapes(NirGraph& graph);

/// Window of a Conv1d (whose y is 1), Conv2d, SumPool2d or AvgPool2d node.
Result<Window> nir_window(const NirNode& node);

/// A shape (channel, y, x), (channel, x) or (neurons) as an image.
Result<Image> nir_image(const std::vector<int>& shape, const std::string& place);

/// One integer in [min, max] of a parameter.
Result<int> nir_integer(const NirNode& node, const std::string& parameter, std::size_t index, int min, int max);

}  // namespace tephra::spiking
