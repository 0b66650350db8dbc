#pragma once
// The order in which the clusters of a unit lie on consecutive cores. It matters where a unit spans chips, which stand
// in a line: messages between cores on either side of a border cross it once a target core.
#include <span>
#include <vector>

#include "mapper/cluster.hpp"

namespace tephra {

/// The cluster of each consecutive core, one cluster after the other; every appearance in `order` is one of `parts`
/// equal parts of its cluster.
std::vector<int> in_order(const std::vector<Cluster>& all, const std::vector<int>& order, int parts = 1);

/// The same for chips of these capacities (in cores), in the order that loads the worst border least: all clusters
/// mixed in proportion, or their halves in the best order.
std::vector<int> best_order(const std::vector<Cluster>& all, const std::vector<int>& clusters,
                            std::span<const int> capacities);

/// Packets per token over the worst border of the line of chips, in its busier direction.
std::int64_t worst_border(const std::vector<Cluster>& all, const std::vector<int>& cluster_of,
                          std::span<const int> capacities);

}  // namespace tephra
