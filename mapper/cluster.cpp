#include "mapper/cluster.hpp"

#include <algorithm>
#include <set>

#include "mapper/memory.hpp"

namespace tephra {
namespace {

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

}  // namespace

bool runs_on_host(const Population& population, bool head_on_host) {
    return population.runs_on == RunsOn::host || (head_on_host && population.runs_on == RunsOn::either);
}

Clusters::Clusters(const Program& program, const Machine& machine, const MapOptions& options)
    : program_(&program), machine_(&machine), streams_(options.streams), storage_(*options.format) {
    std::vector<int> of_group(static_cast<std::size_t>(program.groups), -1);
    for (std::size_t p = 0; p < program.populations.size(); ++p) {
        const Population& population = program.populations[p];
        int cluster = -1;
        if (!runs_on_host(population, options.head_on_host)) {
            if (population.group.valid()) cluster = of_group[population.group.index()];
            if (cluster < 0) {
                cluster = static_cast<int>(all.size());
                all.emplace_back();
                all.back().size = population.size;
                all.back().layer = population.layer;
            }
            if (population.group.valid()) of_group[population.group.index()] = cluster;
            all[static_cast<std::size_t>(cluster)].members.emplace_back(static_cast<int>(p));
        }
        cluster_of.push_back(cluster);
    }
    for (Cluster& cluster : all) {
        for (const PopulationId id : cluster.members) add_member(id, cluster);
        set_times(cluster);
    }
}

void Clusters::add_member(PopulationId id, Cluster& cluster) {
    const int own = cluster_of[id.index()];
    const auto within = [&](const Projection& projection) {
        return projection.synapses->passes_within_core() &&
               cluster_of[projection.source.index()] == cluster_of[projection.target.index()];
    };
    std::set<int> fed;
    std::map<int, std::vector<ProjectionId>> reached;
    for (const ProjectionId output : (*program_)[id].outputs) {
        const Projection& projection = (*program_)[output];
        const int target = cluster_of[projection.target.index()];
        if (projection.transport == Transport::broadcast) cluster.feeds.push_back(target);
        if (projection.transport == Transport::reduce) ++cluster.records_out;
        if (projection.transport != Transport::messages || within(projection)) continue;
        if (reaches_all(*projection.synapses))
            fed.insert(target);
        else
            reached[target].push_back(output);
    }
    cluster.feeds.insert(cluster.feeds.end(), fed.begin(), fed.end());
    for (auto& [target, projections] : reached)
        if (!fed.contains(target)) cluster.reaches.push_back({target, std::move(projections)});
    for (const ProjectionId input : (*program_)[id].inputs) {
        const Projection& projection = (*program_)[input];
        if (projection.transport == Transport::broadcast) ++cluster.records_in;
        if (projection.transport == Transport::reduce) cluster.gathers.push_back(cluster_of[projection.source.index()]);
        if (projection.transport != Transport::messages) continue;
        if (projection.synapses->weight_bits() > 0) cluster.has_weights = true;
        if (own >= 0 && !within(projection)) cluster.listens.push_back(input);
    }
}

/// Sources that all rows listen to are counted a core, those of one row a row. Where a format's reach depends on the
/// rows, find_least_cores() adds what the fewest cores receive.
void Clusters::set_times(Cluster& cluster) const {
    const CoreTiming& timing = machine_->timing;
    std::set<PopulationId> whole, rowwise;
    for (const ProjectionId id : cluster.listens) {
        const Projection& projection = (*program_)[id];
        if (reaches_all(*projection.synapses))
            whole.insert(projection.source);
        else if (projection.synapses->inbox() == Inbox::words)
            rowwise.insert(projection.source);
    }
    std::int64_t core_axons = cluster.records_in, row_axons = 0;
    for (const PopulationId source : whole) core_axons += (*program_)[source].size;
    for (const PopulationId source : rowwise) row_axons += whole.contains(source) ? 0 : 1;
    cluster.core_time = timing.message_in * core_axons;
    cluster.row_axon_time = timing.message_in * row_axons;
    for (const PopulationId member : cluster.members) {
        if (const auto& model = (*program_)[member].model; model != nullptr)
            cluster.row_neuron_time += timing.of(model->program()) + timing.spike;
        for (const ProjectionId input : (*program_)[member].inputs)
            if (const auto& synapses = (*program_)[input].synapses; synapses != nullptr)
                cluster.row_time += timing.synop * ((total_synops(*synapses) + cluster.size - 1) / cluster.size);
    }
}

const std::vector<NeuronRanges>& Clusters::sources_by_core(ProjectionId id) const {
    const Projection& projection = (*program_)[id];
    const int target = cluster_of[projection.target.index()];
    const int cores = target < 0 ? 1 : all[static_cast<std::size_t>(target)].cores;
    auto& [for_cores, sources] = sources_by_core_[id];
    if (for_cores == cores) return sources;
    for_cores = cores;
    sources.clear();
    for (int k = 0; k < cores; ++k)
        sources.push_back(projection.synapses->sources_of(target < 0
                                                              ? NeuronRange{0, projection.synapses->targets()}
                                                              : all[static_cast<std::size_t>(target)].part(k, cores)));
    return sources;
}

/// Source neurons that reach a core: each once, and the records.
std::int64_t Clusters::axons_in(const Cluster& cluster, NeuronRange rows) const {
    std::map<PopulationId, NeuronRanges> sources;
    for (const ProjectionId id : cluster.listens) {
        const Projection& projection = (*program_)[id];
        NeuronRanges& of_source = sources[projection.source];
        const NeuronRanges more = projection.synapses->sources_of(rows);
        of_source.insert(of_source.end(), more.begin(), more.end());
    }
    std::int64_t axons = cluster.records_in;
    for (auto& [source, ranges] : sources) axons += total_size(united(std::move(ranges)));
    for (const int source : cluster.gathers) axons += source < 0 ? 1 : all[static_cast<std::size_t>(source)].cores;
    return axons;
}

/// Pairs of a row and a core that it sends to; under multicast of a row and a tree. Records are left out.
std::int64_t Clusters::axons_out(const Cluster& cluster, NeuronRange rows) const {
    std::int64_t cores = 0;
    for (const int target : cluster.feeds)
        cores += target < 0 || machine_->mesh.routing == Routing::multicast
                     ? 1
                     : all[static_cast<std::size_t>(target)].cores;
    std::int64_t pairs = cores * rows.size();
    for (const PartialReach& reach : cluster.reaches) {
        const int target_cores = reach.target < 0 ? 1 : all[static_cast<std::size_t>(reach.target)].cores;
        for (int k = 0; k < target_cores; ++k) {
            NeuronRanges senders;
            for (const ProjectionId id : reach.projections) {
                const NeuronRanges more = clipped(sources_by_core(id)[static_cast<std::size_t>(k)], rows);
                senders.insert(senders.end(), more.begin(), more.end());
            }
            pairs += total_size(united(std::move(senders)));
        }
    }
    return pairs;
}

CoreUse Clusters::part_use(const Cluster& cluster, NeuronRange rows) const {
    CoreUse use;
    use.neurons = rows.size() * narrow<int>(cluster.members.size());
    SliceMemory sum;
    for (const PopulationId member : cluster.members) {
        const SliceMemory memory = slice_memory(*program_, member, rows, streams_, storage_);
        sum.synaptic_bits += memory.synaptic_bits;
        sum.state_bits += memory.state_bits;
    }
    use.synaptic_bytes = bytes_of(sum.synaptic_bits);
    use.state_bytes = bytes_of(sum.state_bits);
    use.axons_in = axons_in(cluster, rows);
    use.axons_out = axons_out(cluster, rows) + cluster.records_out;
    return use;
}

bool fits(const CoreUse& use, const CoreLimits& limits) {
    return use.neurons <= limits.neurons && use.synaptic_bytes <= limits.synaptic_bytes &&
           use.state_bytes <= limits.state_bytes && use.axons_in <= limits.axons_in &&
           use.axons_out <= limits.axons_out;
}

bool Clusters::fits_on(const Cluster& cluster, int cores) const {
    for (int k = 0; k < cores; ++k)
        if (!fits(part_use(cluster, cluster.part(k, cores)), machine_->limits)) return false;
    return true;
}

/// The rows of a core in the middle of the cluster, as many as the fullest has.
NeuronRange Clusters::middle(const Cluster& cluster) const {
    const int rows = cluster.rows(cluster.cores);
    const int begin = (cluster.size - rows) / 2;
    return {begin, begin + rows};
}

Picoseconds Clusters::busy_time(const Cluster& cluster) const {
    const NeuronRange rows = middle(cluster);
    const std::int64_t n = rows.size();
    return std::max({cluster.core_time + cluster.row_axon_time * n, cluster.row_time * n, cluster.row_neuron_time * n,
                     machine_->timing.message_out * axons_out(cluster, rows)});
}

/// The fewest cores that a cluster fits on, Cluster::cores or more; 0: none. More cores are taken to need no more of
/// each.
int Clusters::fewest(const Cluster& cluster) const {
    int low = cluster.cores, high = low;  // fewer than low do not fit
    while (!fits_on(cluster, high)) {
        if (high == cluster.size) return 0;
        low = high + 1;
        high = narrow<int>(std::min<std::int64_t>(2 * std::int64_t{high}, cluster.size));
    }
    while (low < high) {
        const int half = low + (high - low) / 2;
        if (fits_on(cluster, half))
            high = half;
        else
            low = half + 1;
    }
    return high;
}

std::vector<NeuronRange> Clusters::shares(const Cluster& cluster, std::span<const CoreId> cores) const {
    std::vector<NeuronRange> equal, by_speed;
    for (int k = 0; k < cluster.cores; ++k) equal.push_back(cluster.part(k, cluster.cores));
    if (machine_->slow_cores.empty()) return equal;
    const auto speed = [&](CoreId core) { return std::int64_t{most_slowness} / machine_->slowness(core); };
    std::int64_t total = 0, so_far = 0;
    for (const CoreId core : cores) total += speed(core);
    if (total == 0) return equal;  // there are no cores
    for (const CoreId core : cores) {
        const auto begin = narrow<int>(so_far * cluster.size / total);
        so_far += speed(core);
        by_speed.push_back({begin, narrow<int>(so_far * cluster.size / total)});
    }
    const bool held = std::ranges::all_of(by_speed, [&](NeuronRange rows) {
        return rows.begin < rows.end && fits(part_use(cluster, rows), machine_->limits);
    });
    return held ? by_speed : equal;
}

Result<void> Clusters::find_least_cores() {
    for (Cluster& cluster : all) cluster.cores = 1;
    // Cores only grow, and with them the fan-out of the clusters that feed them, until nothing changes.
    for (bool changed = true; changed;) {
        changed = false;
        for (Cluster& cluster : all) {
            const int cores = fewest(cluster);
            if (cores == 0) {
                int row = 0;
                while (row + 1 < cluster.size && fits(part_use(cluster, {row, row + 1}), machine_->limits)) ++row;
                return fail(ErrorCode::does_not_fit,
                            "one neuron of " + (*program_)[cluster.members.front()].name + " needs " +
                                broken_limit(part_use(cluster, {row, row + 1}), machine_->limits),
                            program_->model_name, "no number of chips of this kind is enough");
            }
            if (cores > cluster.cores) cluster.cores = cores, changed = true;
        }
    }
    for (Cluster& cluster : all) {
        cluster.least = cluster.cores;
        for (const ProjectionId id : cluster.listens) {
            const Projection& projection = (*program_)[id];
            if (projection.synapses->inbox() == Inbox::words || reaches_all(*projection.synapses)) continue;
            cluster.core_time +=
                machine_->timing.message_in * total_size(projection.synapses->sources_of(middle(cluster)));
        }
    }
    return {};
}

}  // namespace tephra
