// The plan of the kernel that takes a batch through a whole step; no GPU needed.
#include <array>
#include <map>

#include "backends/cuda/layout.hpp"
#include "backends/cuda/step/step.hpp"
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
            CHECK(has_slots(tile));
        }
    }
}

TEST_CASE("a step takes wide items where there are tokens for them") {
    const StageView head = view_of({1, 32000, 2560});
    for (const StepTile& tile : plan_step(block_of(2560, 6912), head, 8, 132).tiles) CHECK(tile.tokens == 16);
    for (const StepTile& tile : plan_step(block_of(2560, 6912), head, 256, 132).tiles) CHECK(tile.tokens == 64);
}

TEST_CASE("items of a step and the parts of their warps cover each tile of a product once") {
    const auto [matrices, rows, cols] =
        GENERATE(table<int, int, int>({{3, 1024, 1024}, {1, 300, 701}, {2, 701, 300}, {1, 96, 304}, {3, 300, 300}}));
    ProductArguments product{};
    product.weights = view_of({matrices, rows, cols});
    product.activations.output_stride = 1 << 20;
    const int seen = tile_rows_seen(product.weights), chunks = product.weights.chunks;
    for (const int tokens : {1, 17, 64})
        for (const int width : {16, 32, 64})
            for (const int row_groups : {1, 2, 3, 4}) {
                const StepTile tile{width, row_groups};
                product.tokens = tokens;
                // [matrix][token tile][tile row][chunk]
                std::map<std::array<int, 4>, int> covered;
                for (int k = 0; k < items_of(product.weights, tokens, tile); ++k) {
                    const WorkItem item = item_at(product, tile, k);
                    CHECK(item.first_token % width == 0);
                    CHECK(item.first_token < tokens);
                    std::map<int, int> left, supplied;  // [chunk group]
                    for (int warp = 0; warp < 16; ++warp) {
                        const ItemPart part = item_part(product, row_groups, item, warp);
                        CHECK(part.activations == item.matrix * (1 << 20) + item.first_token / 8 * 2048);
                        if (part.chunks != 0) left[part.chunk_group] += part.releases;
                        if (part.chunks != 0 && part.loads_activations(warp)) ++supplied[part.chunk_group];
                        const int first = part.weights / tile_bytes, upper = first / chunks;
                        const int lower = upper + part.to_lower / tile_bytes / chunks;
                        for (int i = 0; i < part.chunks; ++i) {
                            const int chunk = first % chunks + i * part.chunk_groups();
                            CHECK(chunk < chunks);
                            ++covered[{item.matrix, item.first_token, upper, chunk}];
                            ++covered[{item.matrix, item.first_token, lower, chunk}];
                        }
                    }
                    for (const auto& [group, warps] : left) {
                        CHECK(warps == 16);
                        CHECK(supplied[group] == 1);
                    }
                }
                INFO(tokens << " tokens, " << row_groups << " x " << width);
                const int views = matrices == 3 ? 3 : 1, token_tiles = ceil_div(tokens, width);
                CHECK(covered.size() == static_cast<std::size_t>(views * token_tiles * seen * chunks));
                for (const auto& [at, times] : covered)
                    // the last row stands in for those beyond it
                    if (at[2] != tile_row_of(product.weights, seen - 1, at[0])) CHECK(times == 1);
            }
}

TEST_CASE("an item turns the phases of the slots that its chunks use an odd number of times") {
    for (const int slots : {4, 6, 7, 12, 14, 28, 29})
        for (int chunks = 1; chunks <= 64; ++chunks) {
            std::uint32_t phases = 0;
            for (int chunk = 0; chunk < chunks; ++chunk) phases ^= std::uint32_t{1} << chunk % slots;
            INFO(chunks << " chunks in " << slots << " slots");
            CHECK(turned_phases(chunks, slots) == phases);
        }
}

TEST_CASE("a step takes norms and weights up to its limits") {
    const StageView head = view_of({1, 1000, 1024});
    const auto fits = [&](int hidden, int intermediate) {
        BlockView block = block_of(hidden, intermediate);
        block.norms[token_norm].size = block.norms[output_norm].size = block.norms[channel_norm].size = hidden;
        block.norms[down_norm].size = intermediate;
        for (NormView& norm : block.norms) norm.outputs = 1;
        block.norms[token_norm].outputs = 3;
        return step_fits(block, head);
    };
    CHECK(fits(1024, step_widest));
    CHECK(!fits(1024, step_widest + 1));
    constexpr int most_hidden =
        step_gains_bytes / (2 * (1 + 3));  // gains of the token norm: of squares, and three outputs
    CHECK(fits(most_hidden, 1024));
    CHECK(!fits(most_hidden + 1, 1024));
    const int most_packs = static_cast<int>(step_most_weight_bytes / tile_bytes);
    CHECK(step_fits(block_of(256, 256), {nullptr, 1, 8 * most_packs, 1, most_packs}));
    CHECK(!step_fits(block_of(256, 256), {nullptr, 1, 8 * most_packs, 1, most_packs + 1}));
}
