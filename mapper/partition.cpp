#include "mapper/partition.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "mapper/cluster.hpp"
#include "mapper/cluster_order.hpp"
#include "mapper/pack.hpp"
#include "mapper/traffic.hpp"

namespace tephra {
namespace {

/// Cores that a chip needs per unit before one of them is set aside for its Normalizers.
constexpr int cores_for_own_normalizers = 16;

/// Clusters of one layer.
struct Unit {
    std::vector<int> clusters;
    std::vector<int> singles;  ///< Normalizers
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
    Partition(const Program& program, const Machine& machine, const Topology& topology, const MapOptions& options)
        : program_(program),
          machine_(machine),
          topology_(topology),
          options_(options),
          clusters_(program, machine, options) {
        for (const ChipId chip : snake_order(machine)) {
            std::vector<CoreId>& cores = chip_cores_.emplace_back(topology.working_cores(chip));
            if (std::ssize(cores) > cores_per_chip()) cores.resize(static_cast<std::size_t>(cores_per_chip()));
        }
    }

    Result<Mapping> run() {
        if (auto done = clusters_.find_least_cores(); !done) return tl::unexpected(done.error());
        make_units();
        if (auto mapping = place_units()) return std::move(*mapping);
        std::vector<CoreId> cores;
        for (const auto& more : chip_cores_) cores.insert(cores.end(), more.begin(), more.end());
        return place_packed(program_, machine_, topology_, options_, clusters_, cores);
    }

private:
    /// Units on chips; none when there are too few cores for a cluster each, or no room for a Normalizer.
    std::optional<Mapping> place_units() {
        const auto segments = plan();
        if (segments.empty() && !units_.empty()) return {};
        Mapping mapping;
        mapping.slices.resize(program_.populations.size());
        std::map<CoreId, CoreUse> used;  // also by segments before: a Normalizer may lie beside their slices
        for (const Segment& segment : segments)
            if (!fill(segment, mapping, used)) return {};
        return mapping;
    }

    Cluster& at(int cluster) { return clusters_.all[static_cast<std::size_t>(cluster)]; }
    const Cluster& at(int cluster) const { return clusters_.all[static_cast<std::size_t>(cluster)]; }
    /// Most cores that a chip gives.
    int cores_per_chip() const {
        const int usable = machine_.mesh.usable_cores;
        return options_.cores_per_chip > 0 ? std::min(usable, options_.cores_per_chip) : usable;
    }
    int capacity(std::size_t chip) const { return static_cast<int>(chip_cores_[chip].size()); }

    void make_units() {
        std::map<LayerId, Unit> by_layer;
        for (int c = 0; c < static_cast<int>(clusters_.all.size()); ++c) {
            Unit& unit = by_layer[at(c).layer];
            (at(c).merges_records() ? unit.singles : unit.clusters).push_back(c);
        }
        for (auto& [layer, unit] : by_layer) {
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
    std::vector<Segment> segments_within(Picoseconds work) const {
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

    /// Which units go to which chips; empty when there are fewer cores than clusters need one by one.
    std::vector<Segment> plan() const {
        Picoseconds low;
        Picoseconds high;
        int least = 0;
        for (const Unit& unit : units_) {
            low = std::max(low, unit.work);
            high += unit.work;
            least += unit.least;
        }
        if (auto alone = segments_within({}); !alone.empty() || units_.empty()) return alone;
        if (auto segments = segments_within(high); !segments.empty()) {
            while (low < high) {  // the least work of the fullest chip
                const Picoseconds middle(low.value() + (high.value() - low.value()) / 2);
                auto better = segments_within(middle);
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
            if (cores >= least) return {{0, units_.size(), 0, chips + 1}};
        }
        return {};
    }

    /// Whether the cores that a cluster has now keep the axons of those that it exchanges messages with within limits.
    bool neighbours_allow(int cluster) const {
        return std::ranges::all_of(clusters_.all, [&](const Cluster& other) {
            return std::ranges::count(other.feeds, cluster) + std::ranges::count(other.gathers, cluster) +
                           std::ranges::count(other.reaches, cluster, &PartialReach::target) ==
                       0 ||
                   clusters_.fits_on(other, other.cores);
        });
    }

    /// Time that a chip link is taken per round by one copy of each message that reaches a whole cluster from other
    /// segments: every further core of the cluster takes a further copy.
    Picoseconds copy_time(int cluster, const std::vector<int>& segment) const {
        Picoseconds time;
        if (machine_.mesh.routing == Routing::multicast) return time;
        for (const ProjectionId id : at(cluster).listens) {
            const Population& source = program_[program_[id].source];
            const int from = clusters_.cluster_of[program_[id].source.index()];
            if (from >= 0 && std::ranges::count(segment, from) == 0 && reaches_all(*program_[id].synapses))
                time += (machine_.link.packet + machine_.link.flit * machine_.mesh.packet_flits(source.message_bits)) *
                        std::int64_t{source.size};
        }
        return time;
    }

    /// Gives `free` cores to the clusters that are busy longest, as long as the link that feeds them is not busier.
    void give_free_cores(const std::vector<int>& clusters, int free) {
        std::vector<int> open = clusters;
        while (!open.empty()) {
            const auto longest =
                std::ranges::max_element(open, {}, [&](int c) { return std::pair(clusters_.busy_time(at(c)), -c); });
            Cluster& cluster = at(*longest);
            const int before = cluster.cores;
            const int rows = cluster.rows(before);
            if (rows > 1) cluster.cores = cluster.rows(rows - 1);
            const Picoseconds link = copy_time(*longest, clusters) * std::int64_t{cluster.cores};
            if (rows == 1 || cluster.cores - before > free || !neighbours_allow(*longest) ||
                link > clusters_.busy_time(cluster)) {
                cluster.cores = before;
                open.erase(longest);
            } else {
                free -= cluster.cores - before;
            }
        }
    }

    /// Slices of the segment's units; false when a Normalizer finds no room.
    bool fill(const Segment& segment, Mapping& mapping, std::map<CoreId, CoreUse>& used) {
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
        const auto units =
            narrow<int>(std::ranges::count_if(std::span(units_).subspan(segment.first_unit, segment.units),
                                              [](const Unit& unit) { return !unit.singles.empty(); }));
        int free = static_cast<int>(cores.size()) - least;
        const bool own = free >= units && static_cast<int>(cores.size()) >= units * cores_for_own_normalizers;
        if (own) free -= units;
        if (segment.chips == 1) give_free_cores(clusters, free);
        std::vector<int> capacities;
        for (std::size_t c = 0; c < segment.chips; ++c) capacities.push_back(capacity(segment.first_chip + c));
        const bool spans = segment.chips > 1 && segment.units == 1;
        const auto cluster_of =
            spans ? best_order(clusters_.all, clusters, capacities) : in_order(clusters_.all, clusters);
        std::map<int, std::vector<CoreId>> cores_of;
        auto next = cores.begin();
        for (const int c : cluster_of) cores_of[c].push_back(*next++);
        for (const int c : clusters) place_cluster(at(c), cores_of[c], mapping, used);
        for (std::size_t u = segment.first_unit; u < segment.first_unit + segment.units; ++u) {
            if (units_[u].singles.empty()) continue;
            const CoreId chosen = own || next == cores.begin() ? *next++ : CoreId();
            if (!place_singles(units_[u], chosen, cores, mapping, used)) return false;
        }
        return true;
    }

    void place_cluster(const Cluster& cluster, const std::vector<CoreId>& cores, Mapping& mapping,
                       std::map<CoreId, CoreUse>& used) const {
        const auto rows_of = clusters_.shares(cluster, cores);
        for (int k = 0; k < cluster.cores; ++k) {
            const CoreId core = cores[static_cast<std::size_t>(k)];
            const NeuronRange rows = rows_of[static_cast<std::size_t>(k)];
            for (const PopulationId member : cluster.members)
                mapping.slices[member.index()].push_back({core, rows.begin, rows.end});
            used[core] += clusters_.part_use(cluster, rows);
        }
    }

    /// Each Normalizer goes to the unit's `own` core, or beside the last slice of the population that it summarizes;
    /// where that core has no room left, to the first of `cores` that has. False when none has.
    bool place_singles(const Unit& unit, CoreId own, const std::vector<CoreId>& cores, Mapping& mapping,
                       std::map<CoreId, CoreUse>& used) const {
        for (const int c : unit.singles) {
            const CoreUse more = clusters_.part_use(at(c), {0, 1});
            const auto has_room = [&](CoreId core) {
                CoreUse use = used[core];
                return fits(use += more, machine_.limits);
            };
            CoreId core = own.valid() ? own : beside(unit, at(c), mapping);
            if (!has_room(core)) {
                const auto other = std::ranges::find_if(cores, has_room);
                if (other == cores.end()) return false;
                core = *other;
            }
            used[core] += more;
            for (const PopulationId member : at(c).members) mapping.slices[member.index()] = {{core, 0, 1}};
        }
        return true;
    }

    /// Core of the last slice of the population that a Normalizer summarizes; of the unit's first when the host has it.
    CoreId beside(const Unit& unit, const Cluster& single, const Mapping& mapping) const {
        CoreId core = mapping.slices[at(unit.clusters.front()).members.front().index()].back().core;
        for (const ProjectionId input : program_[single.members.front()].inputs)
            if (program_[input].transport == Transport::reduce)
                if (const auto& slices = mapping.slices[program_[input].source.index()]; !slices.empty())
                    core = slices.back().core;
        return core;
    }

    const Program& program_;
    const Machine& machine_;
    const Topology& topology_;
    const MapOptions& options_;
    Clusters clusters_;
    std::vector<Unit> units_;
    std::vector<std::vector<CoreId>> chip_cores_;  ///< usable cores of the chips in snake order
};

}  // namespace

Result<Mapping> partition(const Program& program, const Machine& machine, const Topology& topology,
                          const MapOptions& options) {
    return Partition(program, machine, topology, options).run();
}

}  // namespace tephra
