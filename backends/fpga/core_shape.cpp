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

Result<void> check_shape(const CoreShape& shape) {
    const int least = shape.packing == Packing::five_trits ? base_trit_lanes : base_lanes;
    if (shape.lanes < least || shape.lanes > max_lanes || shape.lanes % least != 0 ||
        !std::has_single_bit(static_cast<unsigned>(shape.lanes / least)))
        return fail(ErrorCode::usage,
                    std::to_string(shape.lanes) + " lanes of " +
                        packing_names()[static_cast<std::size_t>(shape.packing)] + " weights",
                    "--lanes",
                    std::to_string(least) + " times a power of two, at most " + std::to_string(max_lanes) +
                        ": a word of memory has 32 bits or more");
    if (shape.streams < 1 || shape.streams > max_streams)
        return fail(ErrorCode::usage, std::to_string(shape.streams) + " streams", "--streams",
                    "1 to " + std::to_string(max_streams));
    for (const int bits : {shape.x_bits, shape.p_bits, shape.h_bits, shape.q_bits})
        if (bits < 1 || bits > max_address_bits)
            return fail(ErrorCode::usage, std::to_string(bits) + " bits of an address", "core",
                        "1 to " + std::to_string(max_address_bits));
    return {};
}

Result<CoreShape> shape_for(const ModelConfig& config, int lanes, Packing packing, int streams) {
    CoreShape shape{lanes, packing, streams};
    if (auto good = check_shape(shape); !good) {
        Error error = good.error();
        error.message = "a core cannot have " + error.message;
        return tl::unexpected(std::move(error));
    }
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
