#include "mapper/partition.hpp"

#include <algorithm>
#include <map>

#include "mapper/cluster.hpp"
#include "mapper/layout.hpp"
#include "mapper/traffic.hpp"

namespace tephra {
namespace {

/// Cores that a chip needs per unit before one of them is set aside for its Normalizers.
constexpr int cores_for_own_normalizers = 16;

/// Clusters of one block.
struct Unit {
    std::vector<int> clusters;
    std::vector<int> singles;  ///< populations of one neuron
    int least = 0;             ///< cores
    Picoseconds work;          ///< per token, summed over cores
};

/// Consecutive units on consecutive chips (indices into the snake order).
struct Segment {
    std::size_t first_unit = 0, units = 0;
    std::size_t first_chip = 0, chips = 0;
};

class Partition {
public:
    Partition(const Program& program, const Machine& machine, const MapOptions& options)
        : program_(program), machine_(machine), options_(options), clusters_(make_clusters(program, machine, options)) {
        for (const ChipId chip : snake_order(machine)) {
            std::vector<CoreId>& cores = chip_cores_.emplace_back();
            for (int c = 0; c < machine.cores_per_chip() && static_cast<int>(cores.size()) < cores_per_chip(); ++c) {
                const CoreId core(chip.value * machine.cores_per_chip() + c);
                if (machine.usable(core)) cores.push_back(core);
            }
        }
    }

    Result<Mapping> run() {
        if (auto done = find_least_cores(program_, machine_, *options_.format, clusters_.all); !done)
            return tl::unexpected(done.error());
        make_units();
        auto segments = plan();
        if (!segments) return tl::unexpected(segments.error());
        Mapping mapping;
        mapping.slices.resize(program_.populations.size());
        for (const Segment& segment : *segments) fill(segment, mapping);
        return mapping;
    }

private:
    Cluster& at(int cluster) { return clusters_.all[static_cast<std::size_t>(cluster)]; }
    const Cluster& at(int cluster) const { return clusters_.all[static_cast<std::size_t>(cluster)]; }
    /// Most cores that a chip gives.
    int cores_per_chip() const {
        const int usable = machine_.mesh.usable_cores;
        return options_.cores_per_chip > 0 ? std::min(usable, options_.cores_per_chip) : usable;
    }
    int capacity(std::size_t chip) const { return static_cast<int>(chip_cores_[chip].size()); }

    void make_units() {
        std::map<int, Unit> by_block;
        for (int c = 0; c < static_cast<int>(clusters_.all.size()); ++c) {
            Unit& unit = by_block[at(c).block];
            (at(c).size == 1 ? unit.singles : unit.clusters).push_back(c);
        }
        for (auto& [block, unit] : by_block) {
            if (unit.clusters.empty() && !units_.empty()) {  // the head's Normalizer when the head is on the host
                units_.back().singles.insert(units_.back().singles.end(), unit.singles.begin(), unit.singles.end());
                continue;
            }
            for (const int c : unit.clusters) {
                unit.least += at(c).least;
                unit.work += at(c).row_time * std::int64_t{at(c).size} + at(c).core_time * std::int64_t{at(c).least};
            }
            unit.least = std::max(unit.least, 1);
            units_.push_back(std::move(unit));
        }
    }

    /// Segments in which no chip that several units share has more than `work`; empty when the chips don't suffice.
    std::vector<Segment> pack(Picoseconds work) const {
        std::vector<Segment> segments;
        std::size_t chip = 0;
        for (std::size_t u = 0; u < units_.size();) {
            while (chip < chip_cores_.size() && capacity(chip) == 0) ++chip;
            if (chip == chip_cores_.size()) return {};
            Segment segment{u, 1, chip, 1};
            int free = capacity(chip) - units_[u].least;
            for (; free < 0; free += capacity(segment.first_chip + segment.chips++))
                if (chip + segment.chips == chip_cores_.size()) return {};
            Picoseconds sum = units_[u++].work;
            for (; u < units_.size() && segment.chips == 1 && units_[u].least <= free; ++u) {
                sum += units_[u].work;
                if (sum > work) break;
                free -= units_[u].least;
                ++segment.units;
            }
            chip += segment.chips;
            segments.push_back(segment);
        }
        return segments;
    }

    Result<std::vector<Segment>> plan() const {
        Picoseconds low;
        Picoseconds high;
        int least = 0;
        for (const Unit& unit : units_) {
            low = std::max(low, unit.work);
            high += unit.work;
            least += unit.least;
        }
        if (auto alone = pack({}); !alone.empty() || units_.empty()) return alone;
        if (auto segments = pack(high); !segments.empty()) {
            while (low < high) {  // the least work of the fullest chip
                const Picoseconds middle(low.value() + (high.value() - low.value()) / 2);
                auto better = pack(middle);
                if (better.empty()) {
                    low = Picoseconds(middle.value() + 1);
                } else {
                    high = middle;
                    segments = std::move(better);
                }
            }
            return segments;
        }
        int cores = 0;
        for (std::size_t chips = 0; chips < chip_cores_.size(); ++chips) {
            cores += capacity(chips);
            if (cores >= least) return std::vector<Segment>{{0, units_.size(), 0, chips + 1}};
        }
        const int per_chip = cores_per_chip();
        return fail(ErrorCode::does_not_fit,
                    "does not fit " + machine_.name + ": needs " + std::to_string((least + per_chip - 1) / per_chip) +
                        " chips of this kind, it has " + std::to_string(machine_.chips()),
                    program_.model_name,
                    "take 2-bit synapses, the head on the host, fewer streams or a larger machine");
    }

    /// Whether the cores that a cluster has now keep the axons out of those that feed it within their limit.
    bool feeders_allow(int cluster) const {
        return std::ranges::all_of(clusters_.all, [&](const Cluster& feeder) {
            return std::ranges::count(feeder.feeds, cluster) == 0 ||
                   most_rows(feeder, clusters_.all, machine_, *options_.format) >= feeder.rows(feeder.cores);
        });
    }

    /// Time that a chip link is taken per token by one copy of each message that reaches a cluster from other segments
    /// by ternary projections: every further core of the cluster takes a further copy.
    Picoseconds copy_time(int cluster, const std::vector<int>& segment) const {
        Picoseconds time;
        if (machine_.mesh.routing == Routing::multicast) return time;
        for (const PopulationId member : at(cluster).members)
            for (const ProjectionId id : program_[member].inputs) {
                const Population& source = program_[program_[id].source];
                const int from = clusters_.cluster_of[program_[id].source.index()];
                if (program_[id].kind == SynapseKind::ternary && from >= 0 && std::ranges::count(segment, from) == 0)
                    time += machine_.link.flit *
                            (std::int64_t{source.size} * machine_.mesh.packet_flits(source.message_bits));
            }
        return time;
    }

    /// Gives `free` cores to the clusters that are busy longest, as long as the link that feeds them is not busier.
    void spread(const std::vector<int>& clusters, int free) {
        std::vector<int> open = clusters;
        while (!open.empty()) {
            const auto longest = std::ranges::max_element(
                open, {}, [&](int c) { return std::pair(busy_time(at(c), clusters_.all, machine_), -c); });
            Cluster& cluster = at(*longest);
            const int before = cluster.cores;
            const int rows = cluster.rows(before);
            if (rows > 1) cluster.cores = cluster.rows(rows - 1);
            const Picoseconds link = copy_time(*longest, clusters) * std::int64_t{cluster.cores};
            if (rows == 1 || cluster.cores - before > free || !feeders_allow(*longest) ||
                link > busy_time(cluster, clusters_.all, machine_)) {
                cluster.cores = before;
                open.erase(longest);
            } else {
                free -= cluster.cores - before;
            }
        }
    }

    void fill(const Segment& segment, Mapping& mapping) {
        std::vector<CoreId> cores;
        for (std::size_t c = 0; c < segment.chips; ++c) {
            const auto& more = chip_cores_[segment.first_chip + c];
            cores.insert(cores.end(), more.begin(), more.end());
        }
        std::vector<int> clusters;
        int least = 0;
        for (std::size_t u = segment.first_unit; u < segment.first_unit + segment.units; ++u) {
            clusters.insert(clusters.end(), units_[u].clusters.begin(), units_[u].clusters.end());
            for (const int c : units_[u].clusters) least += at(c).least;
        }
        const int units = static_cast<int>(segment.units);
        int free = static_cast<int>(cores.size()) - least;
        const bool own = free >= units && static_cast<int>(cores.size()) >= units * cores_for_own_normalizers;
        if (own) free -= units;
        if (segment.chips == 1) spread(clusters, free);
        std::vector<int> capacities;
        for (std::size_t c = 0; c < segment.chips; ++c) capacities.push_back(capacity(segment.first_chip + c));
        const bool spans = segment.chips > 1 && segment.units == 1;
        const auto layout =
            spans ? best_layout(clusters_.all, clusters, capacities) : laid_out(clusters_.all, clusters);
        std::map<int, std::vector<CoreId>> cores_of;
        auto next = cores.begin();
        for (const int c : layout) cores_of[c].push_back(*next++);
        for (const int c : clusters) place_cluster(at(c), cores_of[c], mapping);
        for (std::size_t u = segment.first_unit; u < segment.first_unit + segment.units; ++u)
            place_singles(units_[u], own || next == cores.begin() ? *next++ : CoreId(), mapping);
    }

    static void place_cluster(const Cluster& cluster, const std::vector<CoreId>& cores, Mapping& mapping) {
        for (const PopulationId member : cluster.members) {
            auto& slices = mapping.slices[member.index()];
            for (int k = 0; k < cluster.cores; ++k) {
                const auto part = [&](std::int64_t n) { return static_cast<int>(n * cluster.size / cluster.cores); };
                slices.push_back({cores[static_cast<std::size_t>(k)], part(k), part(k + 1)});
            }
        }
    }

    /// One-neuron populations on a core of their own, or beside the last slice of the population they summarize.
    void place_singles(const Unit& unit, CoreId own, Mapping& mapping) const {
        for (const int c : unit.singles)
            for (const PopulationId member : at(c).members) {
                CoreId core = own;
                if (!core.valid()) core = mapping.slices[at(unit.clusters.front()).members.front().index()].back().core;
                for (const ProjectionId input : program_[member].inputs)
                    if (program_[input].kind == SynapseKind::reduce && !own.valid())
                        if (const auto& slices = mapping.slices[program_[input].source.index()]; !slices.empty())
                            core = slices.back().core;
                mapping.slices[member.index()] = {{core, 0, 1}};
            }
    }

    const Program& program_;
    const Machine& machine_;
    const MapOptions& options_;
    Clusters clusters_;
    std::vector<Unit> units_;
    std::vector<std::vector<CoreId>> chip_cores_;  ///< usable cores of the chips in snake order
};

}  // namespace

std::vector<ChipId> snake_order(const Machine& machine) {
    std::vector<ChipId> order;
    for (int z = 0; z < machine.chips_z; ++z)
        for (int i = 0; i < machine.chips_y; ++i) {
            const int y = z % 2 == 0 ? i : machine.chips_y - 1 - i;
            for (int k = 0; k < machine.chips_x; ++k) {
                const int row = z * machine.chips_y + i;  // rows turn at their ends
                const int x = row % 2 == 0 ? k : machine.chips_x - 1 - k;
                order.emplace_back(x + machine.chips_x * (y + machine.chips_y * z));
            }
        }
    return order;
}

Result<Mapping> partition(const Program& program, const Machine& machine, const MapOptions& options) {
    return Partition(program, machine, options).run();
}

}  // namespace tephra
