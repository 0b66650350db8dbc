// The plan of the kernel that takes a batch through a whole step; no GPU needed.
#include "backends/cuda/layout.hpp"
#include "backends/cuda/step.hpp"
#include "tests/catch.hpp"

using namespace tephra::cuda;

namespace {

StageView view_of(const StageShape& shape) {
    return {nullptr, shape.matrices, shape.rows, shape.chunks(), shape.padded_packs()};
}

BlockView block_of(int hidden, int intermediate) {
    BlockView block{};
    block.mixer = view_of({3, hidden, hidden});
    block.output = view_of({1, hidden, hidden});
    block.gate = view_of({2, intermediate, hidden});
    block.down = view_of({1, hidden, intermediate});
    return block;
}

}  // namespace

TEST_CASE("items of a step fit the activation buffer and four warpgroups") {
    const auto [hidden, intermediate, vocabulary] =
        GENERATE(table<int, int, int>({{1024, 2816, 32000}, {2560, 6912, 32000}, {96, 304, 504}, {300, 701, 1003}}));
    const BlockView block = block_of(hidden, intermediate);
    const StageView head = view_of({1, vocabulary, hidden});
    for (const int tokens : {1, 8, 16, 17, 64, 65, 256}) {
        const StepPlan plan = plan_step(block, head, tokens, 132);
        INFO(tokens << " tokens");
        CHECK(plan.narrow < plan.wide);
        for (const StepTile& tile : plan.tiles) {
            CHECK((tile.tokens == plan.narrow || tile.tokens == plan.wide));
            CHECK(padded_tokens(tokens) % tile.tokens == 0);
            CHECK(tile.row_groups >= 1);
            CHECK(tile.row_groups <= 4);
        }
    }
}

TEST_CASE("a step takes wide items where there are tokens for them") {
    const StageView head = view_of({1, 32000, 2560});
    for (const StepTile& tile : plan_step(block_of(2560, 6912), head, 8, 132).tiles) CHECK(tile.tokens == 16);
    const StepPlan many = plan_step(block_of(2560, 6912), head, 256, 132);
    for (const int stage : {mixer_stage, gate_stage, head_stage}) CHECK(many.tiles[stage].tokens == 64);
}
