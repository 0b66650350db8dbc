#include "mapper/traffic.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace tephra {
namespace {

/// The source neurons that some targets on one core listen to.
struct Listener {
    CoreId core;
    bool passes_within_core;
    NeuronRanges sources;
};

class FlowVisitor {
public:
    FlowVisitor(const Program& program, const Machine& machine, const Mapping& mapping,
                const std::function<void(const Flow&)>& visit)
        : program_(program), machine_(machine), visit_(visit), host_(machine.cores()) {
        for (std::size_t p = 0; p < program.populations.size(); ++p) {
            slices_.push_back(mapping.slices[p]);
            if (slices_.back().empty()) slices_.back() = {{host_, 0, program.populations[p].size}};
        }
    }

    void run() {
        for (std::size_t p = 0; p < program_.populations.size(); ++p) {
            const Population& population = program_.populations[p];
            if (population.payload != Payload::none) visit_messages(PopulationId(static_cast<int>(p)));
            for (const ProjectionId id : population.outputs) visit_records(program_[id]);
        }
    }

private:
    const std::vector<Slice>& slices(PopulationId id) const { return slices_[id.index()]; }

    /// Cores that hold any slice of the population, each once, sorted.
    std::vector<CoreId> cores(PopulationId id) const {
        std::vector<CoreId> all;
        for (const Slice& slice : slices(id)) all.push_back(slice.core);
        std::ranges::sort(all);
        all.erase(std::unique(all.begin(), all.end()), all.end());
        return all;
    }

    void visit_messages(PopulationId id) {
        const Population& population = program_[id];
        std::vector<CoreId> everywhere;  // cores that every neuron of the population reaches
        std::vector<Listener> listeners;
        for (const ProjectionId output : population.outputs) {
            const Projection& projection = program_[output];
            if (projection.transport != Transport::messages) continue;
            if (reaches_all(*projection.synapses)) {
                const auto targets = cores(projection.target);
                everywhere.insert(everywhere.end(), targets.begin(), targets.end());
                continue;
            }
            for (const Slice& target : slices(projection.target))
                if (auto sources = projection.synapses->sources_of({target.begin, target.end}); !sources.empty())
                    listeners.push_back({target.core, projection.synapses->passes_within_core(), std::move(sources)});
        }
        std::ranges::sort(everywhere);
        everywhere.erase(std::unique(everywhere.begin(), everywhere.end()), everywhere.end());
        std::erase_if(listeners,
                      [&](const Listener& listener) { return std::ranges::binary_search(everywhere, listener.core); });
        const int flits = machine_.mesh.packet_flits(population.message_bits);
        for (const Slice& slice : slices(id)) {
            if (!everywhere.empty()) visit_({id, slice.core, everywhere, slice.end - slice.begin, flits});
            visit_parts(id, slice, listeners, flits);
        }
    }

    /// Cores that only some neurons of a slice reach, or by chance all: a flow a core, or a tree.
    void visit_parts(PopulationId id, const Slice& slice, const std::vector<Listener>& listeners, int flits) {
        std::map<CoreId, NeuronRanges> reached;
        for (const Listener& listener : listeners) {
            if (listener.sources.back().end <= slice.begin || listener.sources.front().begin >= slice.end) continue;
            if (listener.core == slice.core && (listener.passes_within_core || slice.core == host_)) continue;
            const NeuronRanges part = clipped(listener.sources, {slice.begin, slice.end});
            NeuronRanges& all = reached[listener.core];
            all.insert(all.end(), part.begin(), part.end());
        }
        std::map<NeuronRanges, std::vector<CoreId>> trees;
        for (auto& [core, ranges] : reached) {
            ranges = united(std::move(ranges));
            if (ranges.empty()) continue;
            if (machine_.mesh.routing == Routing::multicast)
                trees[ranges].push_back(core);
            else
                visit_({id, slice.core, {&core, 1}, total_size(ranges), flits});
        }
        for (const auto& [ranges, targets] : trees) visit_({id, slice.core, targets, total_size(ranges), flits});
    }

    void visit_records(const Projection& projection) {
        if (projection.transport != Transport::reduce && projection.transport != Transport::broadcast) return;
        const auto targets = cores(projection.target);
        const int flits = machine_.mesh.packet_flits(projection.words * record_word_bits);
        for (const Slice& slice : slices(projection.source)) visit_({projection.source, slice.core, targets, 1, flits});
    }

    const Program& program_;
    const Machine& machine_;
    const std::function<void(const Flow&)>& visit_;
    CoreId host_;
    std::vector<std::vector<Slice>> slices_;  ///< populations on the host have one slice there
};

}  // namespace

void for_each_flow(const Program& program, const Machine& machine, const Mapping& mapping,
                   const std::function<void(const Flow&)>& visit) {
    FlowVisitor(program, machine, mapping, visit).run();
}

std::vector<std::int64_t> link_flits(const Program& program, const Machine& machine, const Topology& topology,
                                     const Mapping& mapping) {
    std::vector<std::int64_t> flits(static_cast<std::size_t>(topology.links()), 0);
    std::vector<Hop> path;
    for_each_flow(program, machine, mapping, [&](const Flow& flow) {
        const std::int64_t amount = flow.packets * flow.flits;
        if (machine.mesh.routing == Routing::multicast) {
            for (const TreeHop& node : topology.tree(flow.source, flow.targets)) flits[node.hop.link.index()] += amount;
            return;
        }
        flits[topology.inject(flow.source).index()] += amount * static_cast<std::int64_t>(flow.targets.size());
        for (std::size_t k = 0; k < flow.targets.size();) {  // targets on one tile share the way to it
            const RouterId router = topology.router_of(flow.targets[k]);
            path.clear();
            topology.route(flow.source, flow.targets[k], path);
            std::int64_t sharing = 0;
            for (; k < flow.targets.size() && topology.router_of(flow.targets[k]) == router; ++k, ++sharing)
                flits[topology.eject(flow.targets[k]).index()] += amount;
            for (std::size_t h = 1; h + 1 < path.size(); ++h) flits[path[h].link.index()] += amount * sharing;
        }
    });
    return flits;
}

TrafficSummary summarize_traffic(const Program& program, const Machine& machine, const Topology& topology,
                                 const Mapping& mapping) {
    TrafficSummary sum;
    for_each_flow(program, machine, mapping, [&](const Flow& flow) {
        sum.packets += flow.packets * static_cast<std::int64_t>(flow.targets.size());
    });
    const auto flits = link_flits(program, machine, topology, mapping);
    std::int64_t longest = 0;
    std::int64_t longest_mesh = 0;
    for (std::size_t k = 0; k < flits.size(); ++k) {
        if (flits[k] == 0) continue;
        const LinkId id(static_cast<int>(k));
        const LinkKind kind = topology.link(id).kind;
        if (kind != LinkKind::mesh_x && kind != LinkKind::mesh_y && kind != LinkKind::chip) continue;
        sum.flit_hops += flits[k];
        if (kind == LinkKind::chip) sum.chip_flits += flits[k];
        const Picoseconds flit = kind == LinkKind::chip     ? machine.link.flit
                                 : kind == LinkKind::mesh_x ? machine.mesh.flit_x
                                                            : machine.mesh.flit_y;
        const std::int64_t occupied = flits[k] * flit.value();
        if (occupied > longest) longest = occupied, sum.busiest = id, sum.busiest_flits = flits[k];
        if (kind != LinkKind::chip && occupied > longest_mesh)
            longest_mesh = occupied, sum.busiest_mesh = id, sum.busiest_mesh_flits = flits[k];
    }
    return sum;
}

}  // namespace tephra
