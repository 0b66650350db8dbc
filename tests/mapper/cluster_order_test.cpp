#include "mapper/cluster_order.hpp"

#include <algorithm>

#include "tests/catch.hpp"

using namespace tephra;

namespace {

/// Two clusters that feed each other, and one that nobody feeds.
std::vector<Cluster> three() {
    std::vector<Cluster> all(3);
    all[0].size = 60, all[0].cores = 6, all[0].feeds = {1};
    all[1].size = 40, all[1].cores = 4, all[1].feeds = {0, -1};
    all[2].size = 20, all[2].cores = 2;
    return all;
}

}  // namespace

TEST_CASE("clusters lie one after the other, in parts when asked") {
    CHECK(in_order(three(), {1, 0, 2}) == std::vector<int>{1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 2, 2});
    CHECK(in_order(three(), {0, 1, 0, 1}, 2) == std::vector<int>{0, 0, 0, 1, 1, 0, 0, 0, 1, 1});
}

TEST_CASE("the load of a border counts messages times cores beyond it, in the busier direction") {
    const auto all = three();
    // Six cores of cluster 0 | four of cluster 1: 60 messages to 4 cores one way, 40 to 6 the other.
    CHECK(worst_border(all, in_order(all, {0, 1}), std::vector<int>{6, 6}) == 240);
    CHECK(worst_border(all, in_order(all, {0, 1}), std::vector<int>{12}) == 0);
}

TEST_CASE("the best order is a permutation of all cores and no worse than clusters in order") {
    const auto all = three();
    const std::vector<int> capacities{5, 5, 5};
    const auto best = best_order(all, {0, 1, 2}, capacities);
    for (int c = 0; c < 3; ++c) CHECK(std::ranges::count(best, c) == all[static_cast<std::size_t>(c)].cores);
    CHECK(worst_border(all, best, capacities) < worst_border(all, in_order(all, {0, 1, 2}), capacities));
}
