#include "backends/fpga/core_shape.hpp"

#include <algorithm>
#include <bit>
#include <string>

namespace tephra::fpga {
namespace {

/// Address bits of `words` words.
int address_bits(std::int64_t words) {
    return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(std::max<std::int64_t>(words, 2) - 1)));
}

}  // namespace

const std::vector<std::string>& packing_names() {
    static const std::vector<std::string> names = {"two-bits", "five-trits"};
    return names;
}

Result<CoreShape> shape_for(const ModelConfig& config, int lanes, Packing packing, int streams) {
    const int least = packing == Packing::five_trits ? base_trit_lanes : base_lanes;
    if (lanes % least != 0 || !std::has_single_bit(static_cast<unsigned>(lanes / least)))
        return fail(ErrorCode::usage,
                    "a core of " + packing_names()[static_cast<std::size_t>(packing)] + " weights cannot have " +
                        std::to_string(lanes) + " lanes",
                    "--lanes", std::to_string(least) + " times a power of two: a word of memory has 32 bits or more");
    CoreShape shape{lanes, packing, streams};
    const std::int64_t d = config.hidden_size, f = config.intermediate_size;
    shape.x_bits = address_bits(d);
    shape.p_bits = address_bits(std::max(3 * d, f));
    shape.h_bits = address_bits(d * config.num_layers);
    shape.q_bits =
        address_bits(std::max(3 * shape.row_words(config.hidden_size), shape.row_words(config.intermediate_size)));
    return shape;
}

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
