#include "backends/fpga/core_shape.hpp"

#include <algorithm>
#include <string>

namespace tephra::fpga {

Result<void> check_fits(const Deployment& model, const CoreShape& shape) {
    const ModelConfig& config = model.graph.config;
    const std::int64_t d = config.hidden_size, f = config.intermediate_size;
    struct Need {
        const char* what;
        std::int64_t needed;
        int bits;
    };
    const Need needs[] = {
        {"elements of the residual", d, shape.x_bits},
        {"products of a normalised vector", std::max(3 * d, f), shape.p_bits},
        {"recurrent states", d * config.num_layers, shape.h_bits},
        {"words of activations",
         std::max(3 * shape.row_words(config.hidden_size), shape.row_words(config.intermediate_size)), shape.q_bits},
    };
    for (const Need& need : needs)
        if (need.needed > std::int64_t{1} << need.bits)
            return fail(ErrorCode::does_not_fit,
                        "the core holds " + std::to_string(std::int64_t{1} << need.bits) + " " + need.what +
                            ", the model needs " + std::to_string(need.needed),
                        "fpga core of " + std::to_string(shape.lanes) + " lanes",
                        "build a core with more address bits (backends/fpga/README.md) or take a smaller model");
    return {};
}

}  // namespace tephra::fpga
