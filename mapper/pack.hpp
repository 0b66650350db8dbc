#pragma once
// Pack: the fewest cores, for machines that have fewer than one for each cluster.
#include <vector>

#include "mapper/cluster.hpp"
#include "mapper/route.hpp"

namespace tephra {

/// Rows of a cluster on one core.
struct PackedPart {
    int cluster = 0;
    NeuronRange rows;
    int core = 0;  ///< in the order in which cores are filled, from 0
};

/// All clusters, each in Cluster::least equal parts, in order. A part shares the core of the part before it when all
/// limits leave room for both, else it begins the next core; two parts of one cluster never share.
/// Needs find_least_cores(), and Cluster::cores == Cluster::least.
std::vector<PackedPart> pack(const Clusters& clusters, const CoreLimits& limits);

/// Cores that pack() fills.
int cores_needed(const std::vector<PackedPart>& parts);

/// Slices as pack() lays them on the first of `cores`, of the chips of which the fastest are taken; sets
/// Cluster::cores. Errors: does_not_fit when there are too few cores; its message says how many chips are needed, its
/// hint names the options that would need fewer, and what cuts cores off from the host.
Result<Mapping> place_packed(const Program& program, const Machine& machine, const Topology& topology,
                             const MapOptions& options, Clusters& clusters, const std::vector<CoreId>& cores);

}  // namespace tephra
