#include "neuro/lm/quantized_codec.hpp"

#include "tests/catch.hpp"
#include "tests/neuro/lm/random_model.hpp"

using namespace tephra;

namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

/// Why the changed model is refused, or "" when it is read back.
std::string refusal(const QuantizedModel& model, const ModelConfig& config) {
    const std::string text = encode_quantized(model, config).value();
    const auto decoded = decode_quantized(bytes_of(text), config, "place");
    if (decoded) return "";
    CHECK(decoded.error().code == ErrorCode::bad_input);
    CHECK(decoded.error().place == "place");
    return decoded.error().message;
}

}  // namespace

TEST_CASE("integer parameters read back what was written, in the length that the configuration gives") {
    const auto model = test::random_deployment();
    const ModelConfig& config = model->graph.config;
    const std::string text = encode_quantized(model->quantized, config).value();
    CHECK(text.size() == quantized_bytes(config));
    const QuantizedModel back = decode_quantized(bytes_of(text), config, "place").value();
    CHECK(encode_quantized(back, config).value() == text);
    CHECK(back.blocks[1].formats == model->quantized.blocks[1].formats);
    CHECK_FALSE(decode_quantized(bytes_of(text).first(text.size() - 1), config, "place"));
    CHECK_FALSE(decode_quantized(bytes_of(text + "x"), config, "place"));
}

TEST_CASE("a model of another shape is not written") {
    const auto model = test::random_deployment();
    ModelConfig config = model->graph.config;
    config.hidden_size += 1;
    CHECK(encode_quantized(model->quantized, config).error().code == ErrorCode::internal);
    config = model->graph.config;
    config.num_layers -= 1;
    CHECK(encode_quantized(model->quantized, config).error().code == ErrorCode::internal);
}

TEST_CASE("every format is a number of fraction bits of the law") {
    const auto good = test::random_deployment();
    const ModelConfig& config = good->graph.config;
    CHECK(refusal(good->quantized, config).empty());
    for (const int bits : {-1, max_fraction_bits + 1, 1 << 30, -(1 << 30)}) {
        for (const auto field :
             {&BlockFormats::x_in, &BlockFormats::x_mid, &BlockFormats::x_out, &BlockFormats::f, &BlockFormats::i,
              &BlockFormats::g, &BlockFormats::h, &BlockFormats::t, &BlockFormats::z, &BlockFormats::y}) {
            QuantizedModel model = good->quantized;
            model.blocks[1].formats.*field = bits;
            CHECK_FALSE(refusal(model, config).empty());
        }
        QuantizedModel model = good->quantized;
        model.logits = bits;
        CHECK_THAT(refusal(model, config), test::contains("outside [0, 23]"));
        model = good->quantized;
        model.x_embedding = bits;
        CHECK_THAT(refusal(model, config), test::contains("outside [0, 23]"));
    }
    QuantizedModel model = good->quantized;
    model.logits = max_fraction_bits;
    CHECK(refusal(model, config).empty());
    model.blocks[1].formats.x_in ^= 1;
    CHECK_THAT(refusal(model, config), test::contains("another format than it is written in"));
}

TEST_CASE("scales, epsilons, gains and bounds outside the law are refused") {
    const auto good = test::random_deployment();
    const ModelConfig& config = good->graph.config;
    QuantizedModel model = good->quantized;
    model.blocks[0].token_norm.factor[2].exponent = 1025;
    CHECK_THAT(refusal(model, config), test::contains("exponent"));
    model.blocks[0].token_norm.factor[2] = {1, 0};
    CHECK_THAT(refusal(model, config), test::contains("mantissa"));
    model = good->quantized;
    model.head_norm.epsilon = std::uint64_t{1} << 62;
    CHECK_THAT(refusal(model, config), test::contains("epsilon"));
    model = good->quantized;
    model.blocks[2].down_norm.second_epsilon = {32768, 0};
    CHECK_THAT(refusal(model, config), test::contains("second epsilon"));
    model = good->quantized;
    model.blocks[2].channel_norm.gain[0][3] = -32768;
    CHECK_THAT(refusal(model, config), test::contains("gain"));
    model = good->quantized;
    model.blocks[2].one_minus_lower[5] = probability_one + 1;
    CHECK_THAT(refusal(model, config), test::contains("lower bound"));
}
