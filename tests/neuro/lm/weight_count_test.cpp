#include "neuro/lm/weight_count.hpp"

#include "neuro/lm/synth.hpp"
#include "tests/catch.hpp"

using namespace tephra;

TEST_CASE("zero weights are counted without the padding") {
    const auto model = make_synthetic_model(synth_shape(33, 2, 300, 7));
    REQUIRE(model);
    const auto counts = count_weights((*model)->graph);
    CHECK(counts.size() == 7);
    CHECK(counts[0].kind == "f_proj");
    CHECK(counts[0].weights == 2 * 33 * 33);
    CHECK(counts[4].weights == 2 * 600 * 33);
    std::int64_t zeros = 0;
    for (const Block& block : (*model)->graph.blocks)
        for (int r = 0; r < 33; ++r)
            for (int c = 0; c < 300; ++c) zeros += block.down_proj.weight.weight(r, c) == 0 ? 1 : 0;
    CHECK(counts[5].zeros == zeros);
    CHECK(total(counts).weights == 2 * (4 * 33 * 33 + 600 * 33 + 33 * 300) + 7 * 33);
}
