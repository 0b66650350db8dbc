#pragma once
// Clusters: what the partition slices. Costs of their rows under a machine's limits and times.
#include <cstdint>
#include <vector>

#include "core/narrow.hpp"
#include "mapper/mapping.hpp"

namespace tephra {

struct Cluster {
    std::vector<PopulationId> members;
    int size = 0;   ///< rows
    LayerId layer;  ///< of its first member
    // Memory: of a row, and of a core whatever its rows.
    std::int64_t weights = 0;
    std::int64_t row_state_bits = 0, core_state_bits = 0;
    // Axons in: of a core (whole populations that it listens to), and of a row.
    std::int64_t core_axons_in = 0, row_axons_in = 0;
    // Axons out: of a row to identity targets elsewhere, of a core for records, and to every core of `feeds`.
    std::int64_t row_axons_out = 0, core_axons_out = 0;
    std::vector<int> feeds;  ///< clusters that each row (or the record of a Normalizer) reaches entirely; -1: the host
    std::vector<int> gathers;  ///< clusters of which every core sends a record to this one; -1: the host
    // Time per token: of a core to take its messages, and of a row for its synapses and update.
    Picoseconds core_time, row_time;
    int least = 0;  ///< fewest cores it fits on
    int cores = 0;  ///< cores it gets
    [[nodiscard]] int rows(int on_cores) const { return (size + on_cores - 1) / on_cores; }
    /// First row of part k of `parts` equal parts.
    [[nodiscard]] int part(int k, int parts) const { return narrow<int>(std::int64_t{k} * size / parts); }
    /// Whether it is one neuron that merges the records of others (a Normalizer): it needs next to no memory and may
    /// lie beside any other cluster.
    [[nodiscard]] bool merges_records() const { return size == 1 && weights == 0 && !gathers.empty(); }
};

/// All clusters in order of their first population, the host's populations left out; `cluster_of` [population] is -1
/// for those.
struct Clusters {
    std::vector<Cluster> all;
    std::vector<int> cluster_of;
};
Clusters make_clusters(const Program& program, const Machine& machine, const MapOptions& options);

/// What `rows` rows of a cluster take of a core: an upper bound of core_use(), which counts a message once that several
/// clusters of a core listen to.
CoreUse part_use(const Cluster& cluster, const std::vector<Cluster>& all, int rows, const Machine& machine,
                 WeightStorage format);

/// Whether a core with these limits holds all that.
bool fits(const CoreUse& use, const CoreLimits& limits);

/// Most rows of a cluster on one core, when the clusters that it exchanges messages with lie on
/// `cores` each; 0: not even one.
int most_rows(const Cluster& cluster, const std::vector<Cluster>& all, const Machine& machine, WeightStorage format);

/// Cores that a message of the cluster's rows goes to, summed over its populations.
std::int64_t fan_out(const Cluster& cluster, const std::vector<Cluster>& all, Routing routing);

/// Time per token that each of its cores is busy, on `cores` cores.
Picoseconds busy_time(const Cluster& cluster, const std::vector<Cluster>& all, const Machine& machine);

/// Sets least and cores of every cluster. Errors: does_not_fit when one row exceeds a core.
Result<void> find_least_cores(const Program& program, const Machine& machine, WeightStorage format,
                              std::vector<Cluster>& clusters);

/// Whether a population runs on the host under the options.
bool runs_on_host(const Population& population, bool head_on_host);

}  // namespace tephra
