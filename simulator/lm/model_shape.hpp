#pragma once
// Published shapes of models. A synthetic model costs the same as a trained one of its shape, except for its activity.
#include <cstdint>
#include <string>
#include <vector>

namespace tephra {

struct ModelShape {
    std::string name;  ///< "mmfree-370m"
    int vocab = 0, hidden = 0, layers = 0, intermediate = 0;
    /// Weights of the ternary projections, head included.
    [[nodiscard]] std::int64_t projection_weights() const;
    [[nodiscard]] std::int64_t parameters() const;  ///< parameter_count of the shape
};

/// The shapes that baselines name: the published ones (arXiv 2406.02528) and the small models that ship.
const std::vector<ModelShape>& known_shapes();

/// The known shape with this number of parameters, or nullptr.
const ModelShape* shape_of(std::int64_t parameters);
/// The known shape of this name, or nullptr.
const ModelShape* shape_named(const std::string& name);

}  // namespace tephra
