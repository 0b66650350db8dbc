#include "mapper/cluster_order.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace tephra {
namespace {

const Cluster& at(const std::vector<Cluster>& all, int cluster) {
    return all[static_cast<std::size_t>(cluster)];
}

/// Clusters in proportion everywhere.
std::vector<int> mixed(const std::vector<Cluster>& all, const std::vector<int>& clusters) {
    std::vector<std::tuple<double, int>> places;
    for (const int c : clusters)
        for (int k = 0; k < at(all, c).cores; ++k) places.emplace_back((k + 0.5) / at(all, c).cores, c);
    std::ranges::sort(places);
    std::vector<int> cluster_of;
    cluster_of.reserve(places.size());
    for (const auto& [place, c] : places) cluster_of.push_back(c);
    return cluster_of;
}

}  // namespace

std::vector<int> in_order(const std::vector<Cluster>& all, const std::vector<int>& order, int parts) {
    std::vector<int> cluster_of;
    std::map<int, int> seen;
    for (const int c : order) {
        const int cores = at(all, c).cores;
        const int part = seen[c]++;
        const int count = cores * (part + 1) / parts - cores * part / parts;
        cluster_of.insert(cluster_of.end(), static_cast<std::size_t>(count), c);
    }
    return cluster_of;
}

std::int64_t worst_border(const std::vector<Cluster>& all, const std::vector<int>& cluster_of,
                          std::span<const int> capacities) {
    std::map<int, std::int64_t> before;  // cores of a cluster on the chips before the border
    for (const int c : cluster_of) before[c] = 0;
    std::int64_t worst = 0;
    std::size_t core = 0;
    for (std::size_t border = 0; border + 1 < capacities.size(); ++border) {
        const std::size_t end = std::min(cluster_of.size(), core + static_cast<std::size_t>(capacities[border]));
        for (; core < end; ++core) ++before[cluster_of[core]];
        std::int64_t forward = 0;
        std::int64_t back = 0;
        for (const auto& [c, source_before] : before)
            for (const int target : at(all, c).feeds) {
                const auto fed = before.find(target);
                if (fed == before.end()) continue;
                const std::int64_t rows = at(all, c).rows(at(all, c).cores);
                forward += rows * source_before * (at(all, target).cores - fed->second);
                back += rows * (at(all, c).cores - source_before) * fed->second;
            }
        worst = std::max({worst, forward, back});
    }
    return worst;
}

std::vector<int> best_order(const std::vector<Cluster>& all, const std::vector<int>& clusters,
                            std::span<const int> capacities) {
    constexpr int halves = 2;
    constexpr std::size_t most_clusters = 4;  // 8! / 2^4 orders
    auto best = mixed(all, clusters);
    std::int64_t least = worst_border(all, best, capacities);
    std::vector<int> order;
    for (const int c : clusters) order.insert(order.end(), halves, c);
    std::ranges::sort(order);
    do {
        auto cluster_of = in_order(all, order, halves);
        const std::int64_t load = worst_border(all, cluster_of, capacities);
        if (load < least) least = load, best = std::move(cluster_of);
    } while (clusters.size() <= most_clusters && std::ranges::next_permutation(order).found);
    return best;
}

}  // namespace tephra
