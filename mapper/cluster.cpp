#include "mapper/cluster.hpp"

#include <algorithm>
#include <limits>
#include <set>

#include "mapper/memory.hpp"

namespace tephra {
namespace {

/// Adds what the inputs and outputs of one member cost its cluster.
void add_member(const Program& program, const Machine& machine, const MapOptions& options, PopulationId id,
                const std::vector<int>& cluster_of, Cluster& cluster) {
    const int own = cluster_of[id.index()];
    const PopulationMemory memory = population_memory(program, id, options.streams);
    cluster.weights += memory.weights;
    cluster.row_state_bits += memory.state_bits;
    cluster.core_state_bits += memory.core_bits;
    cluster.row_time += machine.timing.neuron_update + machine.timing.synop * memory.weights;
    std::set<int> fed;
    bool identity = false;
    for (const ProjectionId output : program[id].outputs) {
        const Projection& projection = program[output];
        const int target = cluster_of[projection.target.index()];
        if (projection.kind == SynapseKind::ternary) fed.insert(target);
        if (projection.kind == SynapseKind::identity && target != own) identity = true;
        if (projection.kind == SynapseKind::broadcast) cluster.feeds.push_back(target);
        if (projection.kind == SynapseKind::reduce) ++cluster.core_axons_out;
    }
    cluster.feeds.insert(cluster.feeds.end(), fed.begin(), fed.end());
    if (identity) ++cluster.row_axons_out;
}

/// Source neurons that reach a core of the cluster: each source population once.
void add_axons_in(const Program& program, const std::vector<int>& cluster_of, Cluster& cluster) {
    std::set<PopulationId> whole;
    std::set<PopulationId> rowwise;
    const int own = cluster_of[cluster.members.front().index()];
    for (const PopulationId member : cluster.members)
        for (const ProjectionId input : program[member].inputs) {
            const Projection& projection = program[input];
            if (projection.kind == SynapseKind::ternary) whole.insert(projection.source);
            if (projection.kind == SynapseKind::broadcast) ++cluster.core_axons_in;
            if (projection.kind == SynapseKind::reduce)
                cluster.gathers.push_back(cluster_of[projection.source.index()]);
            if (projection.kind == SynapseKind::identity && cluster_of[projection.source.index()] != own)
                rowwise.insert(projection.source);
        }
    for (const PopulationId source : whole) cluster.core_axons_in += program[source].size;
    for (const PopulationId source : rowwise) cluster.row_axons_in += whole.contains(source) ? 0 : 1;
}

std::int64_t at_most(std::int64_t budget, std::int64_t of_row) {
    if (budget < 0) return 0;
    return of_row == 0 ? std::numeric_limits<int>::max() : budget / of_row;
}

/// The limit that keeps a single row of the cluster off a core.
std::string broken_limit(const CoreUse& row, const CoreLimits& limits) {
    const auto text = [](const char* what, std::int64_t needs, std::int64_t has) {
        return std::to_string(needs) + " " + what + ", a core has " + std::to_string(has);
    };
    if (row.synaptic_bytes > limits.synaptic_bytes)
        return text("bytes of synaptic memory", row.synaptic_bytes, limits.synaptic_bytes);
    if (row.state_bytes > limits.state_bytes) return text("bytes of state memory", row.state_bytes, limits.state_bytes);
    if (row.axons_in > limits.axons_in) return text("axons in", row.axons_in, limits.axons_in);
    if (row.axons_out > limits.axons_out) return text("axons out", row.axons_out, limits.axons_out);
    return text("neurons", row.neurons, limits.neurons);
}

/// Cores that send a record to the cluster.
std::int64_t records_in(const Cluster& cluster, const std::vector<Cluster>& all) {
    std::int64_t cores = 0;
    for (const int source : cluster.gathers) cores += source < 0 ? 1 : all[static_cast<std::size_t>(source)].cores;
    return cores;
}

}  // namespace

bool runs_on_host(const Population& population, bool head_on_host) {
    return population.runs_on == RunsOn::host || (head_on_host && population.runs_on == RunsOn::either);
}

Clusters make_clusters(const Program& program, const Machine& machine, const MapOptions& options) {
    Clusters clusters;
    std::vector<int> of_group(static_cast<std::size_t>(program.groups), -1);
    for (std::size_t p = 0; p < program.populations.size(); ++p) {
        const Population& population = program.populations[p];
        int cluster = -1;
        if (!runs_on_host(population, options.head_on_host)) {
            if (population.group.valid()) cluster = of_group[population.group.index()];
            if (cluster < 0) {
                cluster = static_cast<int>(clusters.all.size());
                clusters.all.emplace_back();
                clusters.all.back().size = population.size;
                clusters.all.back().layer = population.layer;
            }
            if (population.group.valid()) of_group[population.group.index()] = cluster;
            clusters.all[static_cast<std::size_t>(cluster)].members.emplace_back(static_cast<int>(p));
        }
        clusters.cluster_of.push_back(cluster);
    }
    for (Cluster& cluster : clusters.all) {
        for (const PopulationId id : cluster.members)
            add_member(program, machine, options, id, clusters.cluster_of, cluster);
        add_axons_in(program, clusters.cluster_of, cluster);
        cluster.core_time = machine.timing.message_in * cluster.core_axons_in;
        cluster.row_time += machine.timing.message_in * cluster.row_axons_in;
    }
    return clusters;
}

std::int64_t fan_out(const Cluster& cluster, const std::vector<Cluster>& all, Routing routing) {
    std::int64_t cores = 0;
    for (const int target : cluster.feeds)
        cores += target < 0 || routing == Routing::multicast ? 1 : all[static_cast<std::size_t>(target)].cores;
    return cores;
}

CoreUse part_use(const Cluster& cluster, const std::vector<Cluster>& all, int rows, const Machine& machine,
                 WeightStorage format) {
    CoreUse use;
    use.neurons = rows * narrow<int>(cluster.members.size());
    use.synaptic_bytes = synaptic_bytes(rows * cluster.weights, format);
    use.state_bytes = bytes_of(rows * cluster.row_state_bits + cluster.core_state_bits);
    use.axons_in = cluster.core_axons_in + records_in(cluster, all) + rows * cluster.row_axons_in;
    use.axons_out =
        rows * (fan_out(cluster, all, machine.mesh.routing) + cluster.row_axons_out) + cluster.core_axons_out;
    return use;
}

bool fits(const CoreUse& use, const CoreLimits& limits) {
    return use.neurons <= limits.neurons && use.synaptic_bytes <= limits.synaptic_bytes &&
           use.state_bytes <= limits.state_bytes && use.axons_in <= limits.axons_in &&
           use.axons_out <= limits.axons_out;
}

int most_rows(const Cluster& cluster, const std::vector<Cluster>& all, const Machine& machine, WeightStorage format) {
    const CoreLimits& limits = machine.limits;
    const std::int64_t weights = format == WeightStorage::int8 ? limits.synaptic_bytes : 4 * limits.synaptic_bytes;
    const std::int64_t out = fan_out(cluster, all, machine.mesh.routing) + cluster.row_axons_out;
    return static_cast<int>(std::min(
        {at_most(limits.neurons, static_cast<std::int64_t>(cluster.members.size())), at_most(weights, cluster.weights),
         at_most(8 * limits.state_bytes - cluster.core_state_bits, cluster.row_state_bits),
         at_most(limits.axons_in - cluster.core_axons_in - records_in(cluster, all), cluster.row_axons_in),
         at_most(limits.axons_out - cluster.core_axons_out, out), std::int64_t{cluster.size}}));
}

Picoseconds busy_time(const Cluster& cluster, const std::vector<Cluster>& all, const Machine& machine) {
    const std::int64_t sends = fan_out(cluster, all, machine.mesh.routing) + cluster.row_axons_out;
    return cluster.core_time +
           (cluster.row_time + machine.timing.message_out * sends) * std::int64_t{cluster.rows(cluster.cores)};
}

Result<void> find_least_cores(const Program& program, const Machine& machine, WeightStorage format,
                              std::vector<Cluster>& clusters) {
    for (Cluster& cluster : clusters) cluster.cores = 1;
    // Cores only grow, and with them the fan-out of the clusters that feed them, until nothing changes.
    for (bool changed = true; changed;) {
        changed = false;
        for (Cluster& cluster : clusters) {
            const int rows = most_rows(cluster, clusters, machine, format);
            if (rows == 0)
                return fail(ErrorCode::does_not_fit,
                            "one neuron of " + program[cluster.members.front()].name + " needs " +
                                broken_limit(part_use(cluster, clusters, 1, machine, format), machine.limits),
                            program.model_name, "no number of chips of this kind is enough");
            const int cores = cluster.rows(rows);
            if (cores > cluster.cores) cluster.cores = cores, changed = true;
        }
    }
    for (Cluster& cluster : clusters) cluster.least = cluster.cores;
    return {};
}

}  // namespace tephra
