#pragma once
// Clusters: what the partition slices. Costs of their rows under a machine's limits and times.
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "core/narrow.hpp"
#include "mapper/mapping.hpp"

namespace tephra {

/// Messages of a population of which each goes to some cores of a cluster.
struct PartialReach {
    int target = 0;  ///< cluster; -1: the host
    std::vector<ProjectionId> projections;
};

struct Cluster {
    std::vector<PopulationId> members;
    int size = 0;   ///< rows
    LayerId layer;  ///< of its first member
    // What its cores send and receive. A projection that passes messages within the cluster's cores is in no list.
    std::vector<ProjectionId> listens;  ///< messages that its rows take
    std::vector<PartialReach> reaches;
    std::vector<int> feeds;  ///< clusters that each row (or the record of a Normalizer) reaches entirely; -1: the host
    std::vector<int> gathers;             ///< clusters of which every core sends a record to this one; -1: the host
    int records_in = 0, records_out = 0;  ///< of a core; without `gathers`
    bool has_weights = false;
    // Time per round of the units of a core. To take messages: of a core, and of a row. Of a row: for its synapses, and
    // to evaluate its neurons.
    Picoseconds core_time, row_axon_time;
    Picoseconds row_time, row_neuron_time;
    int least = 0;  ///< fewest cores it fits on
    int cores = 0;  ///< cores it gets
    [[nodiscard]] int rows(int on_cores) const { return (size + on_cores - 1) / on_cores; }
    /// Part k of `parts` equal parts.
    [[nodiscard]] NeuronRange part(int k, int parts) const {
        return {narrow<int>(std::int64_t{k} * size / parts), narrow<int>(std::int64_t{k + 1} * size / parts)};
    }
    /// Whether it is one neuron that merges the records of others (a Normalizer): it needs next to no memory and may
    /// lie beside any other cluster.
    [[nodiscard]] bool merges_records() const { return size == 1 && !has_weights && !gathers.empty(); }
};

/// All clusters in order of their first population, the host's populations left out.
class Clusters {
public:
    /// Keeps a pointer to the program. Needs MapOptions::format.
    Clusters(const Program& program, const Machine& machine, const MapOptions& options);
    Clusters(const Program&& program, const Machine& machine, const MapOptions& options) = delete;

    std::vector<Cluster> all;
    std::vector<int> cluster_of;  ///< [population]; -1: it runs on the host

    /// What rows of a cluster take of a core: an upper bound of core_use(), which counts a message once that several
    /// clusters of a core listen to.
    [[nodiscard]] CoreUse part_use(const Cluster& cluster, NeuronRange rows) const;
    /// Whether each of `cores` equal parts of a cluster fits on a core, when the clusters that it exchanges messages
    /// with lie on Cluster::cores each.
    [[nodiscard]] bool fits_on(const Cluster& cluster, int cores) const;
    /// Rows for each of the cores that a cluster gets: as many as a core's speed allows where all hold their share,
    /// else equal parts.
    [[nodiscard]] std::vector<NeuronRange> shares(const Cluster& cluster, std::span<const CoreId> cores) const;
    /// Time per round that the busiest unit of each of its cores takes, on Cluster::cores cores.
    [[nodiscard]] Picoseconds busy_time(const Cluster& cluster) const;
    /// Sets least and cores of every cluster. Errors: does_not_fit when one row exceeds a core.
    Result<void> find_least_cores();

private:
    void add_member(PopulationId id, Cluster& cluster);
    void set_times(Cluster& cluster) const;
    [[nodiscard]] std::int64_t axons_in(const Cluster& cluster, NeuronRange rows) const;
    [[nodiscard]] std::int64_t axons_out(const Cluster& cluster, NeuronRange rows) const;
    [[nodiscard]] const std::vector<NeuronRanges>& sources_by_core(ProjectionId id) const;
    [[nodiscard]] NeuronRange middle(const Cluster& cluster) const;
    [[nodiscard]] int fewest(const Cluster& cluster) const;

    const Program* program_;
    const Machine* machine_;
    int streams_;
    WeightStorage storage_;
    /// [projection] sources that each core of the target listens to, for so many cores of it.
    mutable std::map<ProjectionId, std::pair<int, std::vector<NeuronRanges>>> sources_by_core_;
};

/// Whether a core with these limits holds all that.
bool fits(const CoreUse& use, const CoreLimits& limits);

/// Whether a population runs on the host under the options.
bool runs_on_host(const Population& population, bool head_on_host);

}  // namespace tephra
