#include "neuro/lm/quantized_codec.hpp"

#include <algorithm>
#include <array>

#include "core/bytes.hpp"

namespace tephra {
namespace {

/// The norms of a block, in file order: member and number of outputs.
struct NormShape {
    NormParameters QuantizedBlock::*norm;
    int outputs;
    bool wide;    ///< f elements instead of d
    bool second;  ///< of two vectors: its second epsilon may differ from zero
};
constexpr std::array<NormShape, 4> block_norms = {{{&QuantizedBlock::token_norm, 3, false, false},
                                                   {&QuantizedBlock::output_norm, 1, false, true},
                                                   {&QuantizedBlock::channel_norm, 1, false, false},
                                                   {&QuantizedBlock::down_norm, 1, true, false}}};

constexpr std::array<int BlockFormats::*, 10> format_fields = {
    &BlockFormats::x_in, &BlockFormats::x_mid, &BlockFormats::x_out, &BlockFormats::f, &BlockFormats::i,
    &BlockFormats::g,    &BlockFormats::h,     &BlockFormats::t,     &BlockFormats::z, &BlockFormats::y};

int norm_size(const NormShape& shape, const ModelConfig& config) {
    return shape.wide ? config.intermediate_size : config.hidden_size;
}

void put_scale(ByteWriter& out, Scale scale) {
    out.put(scale.mantissa);
    out.put(scale.exponent);
}

bool has_shape(const NormParameters& norm, int size, int outputs) {
    const auto n = static_cast<std::size_t>(size);
    if (norm.size != size || norm.outputs != outputs || norm.rms_gain.size() != n) return false;
    for (std::size_t k = 0; k < static_cast<std::size_t>(outputs); ++k)
        if (norm.gain[k].size() != n) return false;
    return true;
}

void put_norm(ByteWriter& out, const NormParameters& norm) {
    out.put(norm.epsilon);
    put_scale(out, norm.second_epsilon);
    for (std::size_t k = 0; k < static_cast<std::size_t>(norm.outputs); ++k) put_scale(out, norm.factor[k]);
    out.put_all(std::span(norm.rms_gain));
    for (std::size_t k = 0; k < static_cast<std::size_t>(norm.outputs); ++k) out.put_all(std::span(norm.gain[k]));
}

/// Reads values and remembers the first that is out of its range.
class QuantizedReader {
public:
    QuantizedReader(std::span<const std::byte> bytes, std::string place) : in_(bytes), place_(std::move(place)) {}

    /// The next integer, or `min` where it is outside [min, max], so that the checks after it cannot overflow.
    int integer(int min, int max, const char* what) {
        const int value = in_.get<std::int32_t>();
        const bool good = value >= min && value <= max;
        check(good, what);
        return good ? value : min;
    }
    Scale scale() {
        Scale scale;
        scale.mantissa = in_.get<std::uint16_t>();
        scale.exponent = in_.get<std::int16_t>();
        check(scale.mantissa >= 32768 || scale == Scale{}, "a scale whose mantissa is not in [2^15, 2^16)");
        check(scale.exponent >= -1024 && scale.exponent <= 1024, "a scale whose exponent is not in [-1024, 1024]");
        return scale;
    }
    int fraction_bits() { return integer(0, max_fraction_bits, "a number of fraction bits outside [0, 23]"); }
    NormParameters norm(int size, int outputs, bool second) {
        NormParameters norm;
        norm.size = size;
        norm.outputs = outputs;
        norm.epsilon = in_.get<std::uint64_t>();
        check(norm.epsilon < std::uint64_t{1} << 62, "a norm's epsilon of 2^62 or more");
        norm.second_epsilon = scale();
        check(second || norm.second_epsilon == Scale{}, "a second epsilon of a norm that has none");
        for (std::size_t k = 0; k < static_cast<std::size_t>(outputs); ++k) norm.factor[k] = scale();
        norm.rms_gain = gains(size);
        for (std::size_t k = 0; k < static_cast<std::size_t>(outputs); ++k) norm.gain[k] = gains(size);
        return norm;
    }
    std::vector<std::int32_t> probabilities(int size) {
        std::vector<std::int32_t> values(in_.ok() ? static_cast<std::size_t>(size) : 0);
        in_.get_all(std::span(values));
        check(std::all_of(values.begin(), values.end(), [](int v) { return v >= 0 && v <= probability_one; }),
              "a lower bound outside [0, 1]");
        return values;
    }
    /// x: fraction bits of the vector that enters the block.
    BlockFormats formats(int x) {
        BlockFormats formats;
        for (const auto field : format_fields) formats.*field = fraction_bits();
        check(formats.x_in == x, "a block that reads its input in another format than it is written in");
        check(formats.t <= formats.g + formats.h && formats.y <= 2 * formats.z,
              "a product with more fraction bits than its factors");
        return formats;
    }
    Result<void> finish(std::size_t size) {
        check(in_.ok() && in_.position() == size, "a length that does not follow from the configuration");
        if (fault_ == nullptr) return {};
        return bad_input(std::string("the integer parameters hold ") + fault_, place_, "write the file again");
    }

private:
    std::vector<std::int16_t> gains(int size) {
        std::vector<std::int16_t> values(in_.ok() ? static_cast<std::size_t>(size) : 0);
        in_.get_all(std::span(values));
        check(std::ranges::find(values, -32768) == values.end(), "a gain outside [-32767, 32767]");
        return values;
    }
    void check(bool good, const char* what) {
        if (!good && fault_ == nullptr) fault_ = what;
    }
    ByteReader in_;
    std::string place_;
    const char* fault_ = nullptr;
};

}  // namespace

Result<std::string> encode_quantized(const QuantizedModel& model, const ModelConfig& config) {
    const auto wrong = fail(ErrorCode::internal, "quantized model of another shape than its configuration");
    if (model.blocks.size() != static_cast<std::size_t>(config.num_layers)) return wrong;
    ByteWriter out;
    out.put<std::int32_t>(model.x_embedding);
    out.put<std::int32_t>(model.logits);
    for (const QuantizedBlock& block : model.blocks) {
        for (const auto field : format_fields) out.put<std::int32_t>(block.formats.*field);
        for (const NormShape& shape : block_norms) {
            if (!has_shape(block.*shape.norm, norm_size(shape, config), shape.outputs)) return wrong;
            put_norm(out, block.*shape.norm);
        }
        if (block.one_minus_lower.size() != static_cast<std::size_t>(config.hidden_size)) return wrong;
        out.put_all(std::span(block.one_minus_lower));
    }
    if (!has_shape(model.head_norm, config.hidden_size, 1)) return wrong;
    put_norm(out, model.head_norm);
    return out.bytes();
}

std::uint64_t quantized_bytes(const ModelConfig& config) {
    const auto norm = [](int size, int outputs) {  // epsilons, factors, gains
        const auto n = static_cast<std::uint64_t>(size), k = static_cast<std::uint64_t>(outputs);
        return 8 + 4 + 4 * k + 2 * n * (1 + k);
    };
    std::uint64_t block = 4 * format_fields.size() + 4 * static_cast<std::uint64_t>(config.hidden_size);
    for (const NormShape& shape : block_norms) block += norm(norm_size(shape, config), shape.outputs);
    return 4 + 4 + static_cast<std::uint64_t>(config.num_layers) * block + norm(config.hidden_size, 1);
}

Result<QuantizedModel> decode_quantized(std::span<const std::byte> bytes, const ModelConfig& config,
                                        const std::string& place) {
    QuantizedReader in(bytes, place);
    QuantizedModel model;
    model.x_embedding = in.fraction_bits();
    model.logits = in.fraction_bits();
    int x = model.x_embedding;
    model.blocks.resize(static_cast<std::size_t>(config.num_layers));
    for (QuantizedBlock& block : model.blocks) {
        block.formats = in.formats(x);
        x = block.formats.x_out;
        for (const NormShape& shape : block_norms)
            block.*shape.norm = in.norm(norm_size(shape, config), shape.outputs, shape.second);
        block.one_minus_lower = in.probabilities(config.hidden_size);
    }
    model.head_norm = in.norm(config.hidden_size, 1, false);
    if (auto finished = in.finish(bytes.size()); !finished) return tl::unexpected(finished.error());
    return model;
}

}  // namespace tephra
