#include "simulator/lm/model_shape.hpp"

#include <algorithm>

#include "neuro/lm/layer_graph.hpp"

namespace tephra {

std::int64_t ModelShape::projection_weights() const {
    const std::int64_t d = hidden, f = intermediate;
    return layers * (4 * d * d + 3 * d * f) + std::int64_t{vocab} * d;
}

std::int64_t ModelShape::parameters() const {
    ModelConfig config;
    config.vocab_size = vocab;
    config.hidden_size = hidden;
    config.num_layers = layers;
    config.intermediate_size = intermediate;
    return parameter_count(config);
}

const std::vector<ModelShape>& known_shapes() {
    static const std::vector<ModelShape> shapes = {{"mmfree-370m", 32000, 1024, 24, 2816},
                                                   {"mmfree-1.3b", 32000, 2048, 24, 5632},
                                                   {"mmfree-2.7b", 32000, 2560, 32, 6912},
                                                   {"mmf-7m", 4096, 256, 6, 768},
                                                   {"mmf-25m", 4096, 512, 6, 1536}};
    return shapes;
}

const ModelShape* shape_of(std::int64_t parameters) {
    const auto& shapes = known_shapes();
    const auto found = std::ranges::find(shapes, parameters, [](const ModelShape& s) { return s.parameters(); });
    return found == shapes.end() ? nullptr : &*found;
}

const ModelShape* shape_named(const std::string& name) {
    const auto& shapes = known_shapes();
    const auto found = std::ranges::find(shapes, name, &ModelShape::name);
    return found == shapes.end() ? nullptr : &*found;
}

}  // namespace tephra
