#include "simulator/dealing.hpp"

#include <algorithm>
#include <set>

#include "neuro/lm/lower.hpp"
#include "neuro/lm/synth.hpp"
#include "tests/catch.hpp"
#include "tests/simulator/spread.hpp"

using namespace tephra;

namespace {

/// Chips in a row, each with a load, `packets` between neighbours.
ChipTraffic row(const std::vector<std::int64_t>& load, std::int64_t packets) {
    ChipTraffic traffic;
    traffic.load = load;
    for (int c = 0; c + 1 < static_cast<int>(load.size()); ++c) traffic.between[{c, c + 1}] = packets;
    return traffic;
}

std::vector<int> dealt(const ChipTraffic& traffic, int ranks, int host = 0) {
    const auto dealing = deal_chips(traffic, ChipId(host), ranks);
    if (!dealing) FAIL(to_string(dealing.error()));
    return dealing->rank;
}

}  // namespace

TEST_CASE("chips in a row are cut into ranges of equal load") {
    CHECK(dealt(row({1, 1, 1, 1, 1, 1}, 1), 1) == std::vector<int>(6, 0));
    CHECK(dealt(row({1, 1, 1, 1, 1, 1}, 1), 3) == std::vector<int>{0, 0, 1, 1, 2, 2});
    CHECK(dealt(row({5, 1, 1, 1, 1, 1}, 1), 2) == std::vector<int>{0, 1, 1, 1, 1, 1});
    CHECK(dealt(row({1, 1, 9, 9}, 1), 4) == std::vector<int>{0, 1, 2, 3});
}

TEST_CASE("the host's chip is the root's, and chips without work are nobody's") {
    CHECK(dealt(row({1, 1, 0, 1, 1, 0}, 1), 2, 4) == std::vector<int>{1, 1, -1, 0, 0, -1});
}

TEST_CASE("chips change sides where that lowers traffic without much higher load") {
    ChipTraffic traffic = row({20, 1, 20, 20, 20, 1}, 0);
    traffic.between = {{{1, 4}, 50}, {{0, 2}, 10}, {{3, 4}, 5}, {{3, 5}, 5}};
    const auto rank = dealt(traffic, 2);
    CHECK(rank[1] == rank[4]);
    CHECK(rank[0] != rank[3]);
    std::vector<std::int64_t> load(2);
    for (std::size_t c = 0; c < rank.size(); ++c) load[static_cast<std::size_t>(rank[c])] += traffic.load[c];
    CHECK(std::ranges::max(load) <= 43);
}

TEST_CASE("more ranks than chips with work are refused") {
    const auto refused = deal_chips(row({3, 0, 3}, 1), ChipId(0), 3);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::does_not_fit);
    CHECK(to_string(refused.error()) == "ranks: 3 ranks for 2 chips that have anything to do (start no more than 2)");
}

TEST_CASE("the load of chips is the packets over their links, of routes that cross them too") {
    const Program program = lower(*make_synthetic_model(synth_shape(96, 1, 150, 130, 5)));
    const Machine machine = *find_machine("kapoho-point");
    const auto plan = make_schedule(program, machine, test::spread(program, machine, 40), false).value();
    const ChipTraffic traffic = chip_traffic(*plan);
    std::int64_t all = 0, over = 0, between = 0, links = 0;
    for (const Fanout& fanout : plan->fanouts) {
        const std::int64_t packets = fanout.kind == Fanout::Kind::message ? fanout.end - fanout.begin : 1;
        links += packets * fanout.entries;
        for (std::uint32_t e = 0; e < fanout.entries; ++e)
            if (plan->routes.kind(fanout.entry + e) == LinkKind::chip) over += packets;
    }
    for (const std::int64_t load : traffic.load) all += load;
    for (const auto& [ends, packets] : traffic.between) between += packets;
    CHECK(between == over);
    CHECK(between > 0);
    CHECK(all == links + std::ssize(plan->slices));
}
