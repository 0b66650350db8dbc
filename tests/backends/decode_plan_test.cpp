// The launch plan of the persistent kernel; no GPU needed.
#include "backends/cuda/decode/plan.hpp"

#include <algorithm>

#include "tests/catch.hpp"

using namespace tephra::cuda;

namespace {

constexpr std::size_t hopper_shared = 232448;

struct Shape {
    int hidden, intermediate, vocabulary;
};

void stages_of(const Shape& s, StageShape (&stages)[stage_count]) {
    stages[mixer_stage] = {3, s.hidden, s.hidden};
    stages[output_stage] = {1, s.hidden, s.hidden};
    stages[gate_stage] = {2, s.intermediate, s.hidden};
    stages[down_stage] = {1, s.hidden, s.intermediate};
    stages[head_stage] = {1, s.vocabulary, s.hidden};
}

}  // namespace

TEST_CASE("shares cover all packs once, differ by one at most, and no block is idle") {
    const auto [hidden, intermediate, vocabulary] =
        GENERATE(table<int, int, int>({{1024, 2816, 32000}, {2560, 6912, 32000}, {96, 304, 504}, {300, 701, 1003}}));
    const int multiprocessors = GENERATE(132, 108, 1);
    StageShape stages[stage_count];
    stages_of({hidden, intermediate, vocabulary}, stages);
    const auto plan = plan_decode(stages, multiprocessors, hopper_shared);
    if (multiprocessors == 1 && !plan) return;  // one block need not hold the sums of a whole vocabulary
    REQUIRE(plan);
    CHECK(plan->blocks <= multiprocessors);
    for (int s = 0; s < stage_count; ++s) {
        std::vector<int> owners(static_cast<std::size_t>(stages[s].packs()), 0);
        int least = stages[s].packs(), most = 0;
        for (int block = 0; block < plan->blocks; ++block) {
            const Share share = share_of(stages[s].packs(), plan->blocks, plan->shift[s], block);
            least = std::min(least, share.count);
            most = std::max(most, share.count);
            for (int pack = share.first; pack < share.first + share.count; ++pack)
                ++owners[static_cast<std::size_t>(pack)];
        }
        CHECK(least >= 1);
        CHECK(most - least <= 1);
        CHECK(std::ranges::all_of(owners, [](int n) { return n == 1; }));
        CHECK(most * tile_rows * stages[s].matrices <= plan->accumulators);
    }
}

TEST_CASE("a block reads nearly as much of a layer as any other") {
    StageShape stages[stage_count];
    stages_of({2560, 6912, 32000}, stages);
    const auto plan = plan_decode(stages, 132, hopper_shared);
    REQUIRE(plan);
    std::size_t most = 0, all = 0;
    for (int block = 0; block < plan->blocks; ++block) {
        std::size_t bytes = 0;
        for (int s = mixer_stage; s <= down_stage; ++s)
            bytes += static_cast<std::size_t>(share_of(stages[s].packs(), plan->blocks, plan->shift[s], block).count) *
                     stages[s].pack_bytes();
        most = std::max(most, bytes);
        all += bytes;
    }
    CHECK(static_cast<double>(most) < 1.1 * static_cast<double>(all) / plan->blocks);
}

TEST_CASE("what does not fit the persistent kernel has no plan") {
    StageShape stages[stage_count];
    constexpr int most_columns = 4 * 32 * decode_warps * decode_most_quads;
    stages_of({most_columns / 3 + tile_columns, 6912, 32000}, stages);  // the mixer takes three vectors
    CHECK(!plan_decode(stages, 132, hopper_shared));
    stages_of({2560, most_columns + tile_columns, 32000}, stages);
    CHECK(!plan_decode(stages, 132, hopper_shared));
    stages_of({2560, 6912, 32000}, stages);
    CHECK(!plan_decode(stages, 132, 100 * 1024));
    CHECK(!plan_decode(stages, 48, hopper_shared));  // 56 rows of a block, 32 lanes
    stages_of({24, 96, 504}, stages);
    CHECK(!plan_decode(stages, 132, hopper_shared));  // fewer than four packs
}

TEST_CASE("blocks come in fours, and their rows fit the lanes that serve them") {
    const auto [hidden, intermediate] =
        GENERATE(table<int, int>({{96, 304}, {300, 701}, {256, 704}, {1024, 2816}, {2048, 5632}, {2560, 6912}}));
    StageShape stages[stage_count];
    stages_of({hidden, intermediate, 32000}, stages);
    const auto plan = plan_decode(stages, 132, hopper_shared);
    REQUIRE(plan);
    CHECK(plan->blocks % 4 == 0);
    CHECK(plan->blocks <= decode_max_blocks);
    const auto most_rows = [&](int s) { return ceil_div(stages[s].packs(), plan->blocks) * tile_rows; };
    for (const int s : {mixer_stage, output_stage, down_stage}) CHECK(most_rows(s) <= 32);
    CHECK(most_rows(gate_stage) <= 32 * serving_warps);
    CHECK(plan->writers[down_stage] == ceil_div(most_rows(gate_stage), 32));
    CHECK(plan->ring_tiles >= decode_least_ring);
    CHECK(plan->shared_bytes + decode_fixed_shared <= hopper_shared);
}
