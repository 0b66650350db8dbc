// The memory image, read back by the description in backends/fpga/README.md; what does not fit.
#include "backends/fpga/image.hpp"

#include "tests/catch.hpp"
#include "tests/neuro/lm/random_model.hpp"

using namespace tephra;
using namespace tephra::fpga;

namespace {

/// Weight of lane `lane` of a word.
int weight_of(const CoreShape& shape, std::span<const std::uint32_t> word, int lane) {
    const auto n = static_cast<std::size_t>(lane);
    if (shape.packing == Packing::two_bits) {
        const std::uint32_t code = word[n / 16] >> (2 * (n % 16)) & 3;
        return code == 0 ? 0 : code == 1 ? 1 : code == 3 ? -1 : 9;
    }
    std::uint32_t byte = word[n / 20] >> (8 * (n / 5 % 4)) & 255;
    std::uint32_t digit = 0;
    for (std::size_t k = 0; k <= n % 5; ++k) {
        digit = byte * 3 >> 8;
        byte = byte * 3 & 255;
    }
    return static_cast<int>(digit) - 1;
}

}  // namespace

TEST_CASE("an image holds each weight where the core reads it, in both packings") {
    const auto model = test::random_deployment();
    for (const CoreShape& shape : {CoreShape{.lanes = 16, .h_bits = 8}, CoreShape{.lanes = 64, .h_bits = 8},
                                   CoreShape{.lanes = 20, .packing = Packing::five_trits, .h_bits = 8},
                                   CoreShape{.lanes = 320, .packing = Packing::five_trits, .h_bits = 8}}) {
        INFO(shape.lanes << " lanes");
        const Image image = pack_image(*model, shape).value();
        const auto units = static_cast<std::size_t>(image.units);
        REQUIRE(units == static_cast<std::size_t>(shape.word_bits() / 32));
        CHECK(image.data[0] == image_magic);
        CHECK(image.data[1] == 48);
        // The head: a header, then the rows.
        const std::size_t header_words = (header_units + units - 1) / units;
        const TernaryMatrix& head = model->graph.lm_head.weight;
        const std::size_t row_words = static_cast<std::size_t>(shape.row_words(head.cols));
        CHECK(image.data[8] == header_words + row_words * static_cast<std::size_t>(head.rows));
        for (int r = 0; r < head.rows; ++r)
            for (int c = 0; c < shape.row_words(head.cols) * shape.lanes; ++c) {
                const std::size_t word = image.data[7] + header_words + static_cast<std::size_t>(r) * row_words +
                                         static_cast<std::size_t>(c / shape.lanes);
                const int got = weight_of(shape, std::span(image.data).subspan(word * units, units), c % shape.lanes);
                REQUIRE(got == (c < head.cols ? head.weight(r, c) : 0));
            }
        // Sections follow each other without a gap.
        CHECK(image.data[5] + image.data[6] == image.data[7]);
        CHECK(image.data[7] + image.data[8] == image.data[3]);
        CHECK(image.data[3] + image.data[4] * 97 == image.words());
    }
}

TEST_CASE("every size of a core is a limit, kept at it and refused one past it") {
    const auto fits = [](const ModelConfig& config, const CoreShape& shape) {
        Deployment model;
        model.graph.config = config;
        return check_fits(model, shape);
    };
    const CoreShape shape{.lanes = 16, .x_bits = 6, .p_bits = 8, .h_bits = 7, .q_bits = 4};
    ModelConfig config = test::small_config();
    config.num_layers = 2;
    config.hidden_size = 64;         // 2^6; 3 x 64 products, 2 x 64 states, 3 x 4 words
    config.intermediate_size = 256;  // 2^8 products, 2^4 words
    CHECK(fits(config, shape));
    const auto refuses = [&](const ModelConfig& larger, const std::string& words) {
        const auto result = fits(larger, shape);
        REQUIRE(!result);
        CHECK(result.error().code == ErrorCode::does_not_fit);
        CHECK_THAT(to_string(result.error()), test::contains(words));
    };
    ModelConfig wide = config;
    wide.hidden_size = 65;
    wide.num_layers = 1;
    refuses(wide, "64 elements of the residual, the model needs 65");
    ModelConfig gated = config;
    gated.intermediate_size = 257;
    refuses(gated, "256 products of a normalised vector, the model needs 257");
    ModelConfig deep = config;
    deep.num_layers = 3;
    refuses(deep, "128 recurrent states, the model needs 192");
    const auto words = fits(config, {.lanes = 16, .x_bits = 6, .p_bits = 8, .h_bits = 7, .q_bits = 3});
    REQUIRE(!words);
    CHECK_THAT(to_string(words.error()), test::contains("8 words of activations, the model needs 16"));
    CHECK(!pack_image(*test::random_deployment(), {.lanes = 16, .x_bits = 5}));
}
