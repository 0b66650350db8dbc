#include "simulator/dealing.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "neuro/lm/lower.hpp"
#include "neuro/lm/synth.hpp"
#include "tests/catch.hpp"
#include "tests/simulator/spread.hpp"

using namespace tephra;

namespace {

/// Chips in a row, each with a load in one stage, `packets` between neighbours.
ChipTraffic row(const std::vector<std::int64_t>& load, std::int64_t packets) {
    ChipTraffic traffic;
    for (const std::int64_t of_chip : load) traffic.load.push_back({of_chip});
    for (int c = 0; c + 1 < static_cast<int>(load.size()); ++c) traffic.between[{c, c + 1}] = packets;
    return traffic;
}

std::vector<int> dealt(const ChipTraffic& traffic, int ranks, int host = 0, std::int64_t rounds = 1) {
    const auto dealing = deal_chips(traffic, ChipId(host), ranks, rounds);
    if (!dealing) FAIL(to_string(dealing.error()));
    return dealing->rank;
}

/// Load of the busiest rank.
std::int64_t most(const ChipTraffic& traffic, const std::vector<int>& rank) {
    std::map<int, std::int64_t> load;
    for (std::size_t c = 0; c < rank.size(); ++c)
        if (rank[c] != Dealing::idle) load[rank[c]] += traffic.total(c);
    std::int64_t most = 0;
    for (const auto& [of, its] : load) most = std::max(most, its);
    return most;
}

}  // namespace

TEST_CASE("each rank gets chips, and about the same load") {
    CHECK(dealt(row({10, 10, 10, 10, 10, 10}, 1), 1) == std::vector<int>(6, 0));
    CHECK(most(row({10, 10, 10, 10, 10, 10}, 1), dealt(row({10, 10, 10, 10, 10, 10}, 1), 3)) == 20);
    CHECK(dealt(row({50, 10, 10, 10, 10, 10}, 1), 2) == std::vector<int>{0, 1, 1, 1, 1, 1});
    CHECK(most(row({70, 50, 40, 30, 20, 10}, 0), dealt(row({70, 50, 40, 30, 20, 10}, 0), 2)) == 110);
    const auto all = dealt(row({1, 1, 90, 90}, 1), 4);
    CHECK(std::set<int>(all.begin(), all.end()).size() == 4);
}

TEST_CASE("the host's chip is the root's, and chips without work are nobody's") {
    const auto rank = dealt(row({10, 10, 0, 10, 10, 0}, 1), 2, 4);
    CHECK(rank == std::vector<int>{1, 1, -1, 0, 0, -1});
}

TEST_CASE("chips that work at the same time go to different ranks, whoever their neighbours are") {
    ChipTraffic traffic;
    traffic.load = {{100, 0, 0, 0}, {80, 20, 0, 0}, {0, 0, 100, 0}, {0, 0, 20, 80}};
    for (int c = 0; c < 3; ++c) traffic.between[{c, c + 1}] = 1;
    const auto one = dealt(traffic, 2, 0, 1);
    CHECK(one[0] != one[1]);
    CHECK(one[2] != one[3]);
    // Many rounds keep all stages at work: the sum over all of them counts, and then the packets between ranks.
    traffic.load = {{100, 0}, {100, 0}, {0, 100}, {0, 100}};
    traffic.between = {{{0, 1}, 10}, {{2, 3}, 10}};
    CHECK(dealt(traffic, 2, 0, 1)[0] != dealt(traffic, 2, 0, 1)[1]);
    CHECK(dealt(traffic, 2, 0, 1000) == std::vector<int>{0, 0, 1, 1});
}

TEST_CASE("packets between ranks count where the load is alike") {
    ChipTraffic traffic = row({20, 20, 20, 20}, 0);
    traffic.between = {{{0, 3}, 5}, {{1, 2}, 5}};
    CHECK(dealt(traffic, 2) == std::vector<int>{0, 1, 1, 0});
    traffic.between = {{{0, 2}, 5}, {{1, 3}, 5}};
    CHECK(dealt(traffic, 2) == std::vector<int>{0, 1, 0, 1});
}

TEST_CASE("more ranks than chips with work are refused") {
    const auto refused = deal_chips(row({3, 0, 3}, 1), ChipId(0), 3, 1);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::does_not_fit);
    CHECK(to_string(refused.error()) == "ranks: 3 ranks for 2 chips that have anything to do (start no more than 2)");
}

TEST_CASE("the load of chips is the packets over their links, of routes that cross them too") {
    const Program program = lower(*make_synthetic_model(synth_shape(96, 1, 150, 130, 5)));
    const Machine machine = *find_machine("kapoho-point");
    const auto plan = make_schedule(program, machine, test::spread(program, machine, 40), false).value();
    const ChipTraffic traffic = chip_traffic(program, *plan);
    std::int64_t all = 0, over = 0, between = 0, links = 0;
    for (const Fanout& fanout : plan->fanouts) {
        const std::int64_t packets = fanout.kind == Fanout::Kind::message ? fanout.end - fanout.begin : 1;
        links += packets * fanout.entries;
        for (std::uint32_t e = 0; e < fanout.entries; ++e)
            if (plan->routes.kind(fanout.entry + e) == LinkKind::chip) over += packets;
    }
    for (std::size_t c = 0; c < traffic.load.size(); ++c) all += traffic.total(c);
    for (const auto& [ends, packets] : traffic.between) between += packets;
    CHECK(between == over);
    CHECK(between > 0);
    CHECK(all == links + std::ssize(plan->slices));
}
