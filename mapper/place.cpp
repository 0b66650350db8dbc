#include "mapper/place.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "core/stop.hpp"
#include "mapper/traffic.hpp"

namespace tephra {
namespace {

constexpr int most_sweeps = 12;
/// Places among which the slices of a chip move. Memory grows with its square, time with its third power: 256 take
/// a part of a second. No chip that ships has more than 128 cores.
constexpr std::size_t most_places = 256;
constexpr int gates = 7;  ///< fixed ends of a chip's traffic: six borders and the host's tile

/// Hops between tiles of one chip.
class TileHops {
public:
    TileHops(const Machine& machine, const Topology& topology, ChipId chip)
        : machine_(machine), topology_(topology), chip_(chip), whole_(topology.whole_mesh(chip)) {}

    /// The straight way on a whole mesh; else the mean of the ways there and back, which may differ. 0 where there is
    /// no way.
    int operator()(int a, int b) {
        const int tiles_x = machine_.mesh.tiles_x;
        if (whole_) return std::abs(a % tiles_x - b % tiles_x) + std::abs(a / tiles_x - b / tiles_x);
        const auto [known, fresh] = known_.try_emplace({std::min(a, b), std::max(a, b)}, 0);
        if (fresh && reached(a) && reached(b)) known->second = (one_way(a, b) + one_way(b, a)) / 2;
        return known->second;
    }

private:
    [[nodiscard]] CoreId first_core(int tile) const {
        return CoreId((chip_.value * machine_.tiles_per_chip() + tile) * machine_.mesh.cores_per_tile);
    }
    [[nodiscard]] bool reached(int tile) const { return topology_.reaches(topology_.router_of(first_core(tile))); }
    [[nodiscard]] int one_way(int from, int to) const { return topology_.distance(first_core(from), first_core(to)); }

    const Machine& machine_;
    const Topology& topology_;
    ChipId chip_;
    bool whole_;
    std::map<std::pair<int, int>, int> known_;
};

/// Traffic of one chip between its places (cores) and gates, and the hops between them.
class ChipTraffic {
public:
    explicit ChipTraffic(std::vector<CoreId> cores) : cores_(std::move(cores)), width_(cores_.size() + gates) {}
    [[nodiscard]] bool empty() const { return traffic_ == 0; }
    [[nodiscard]] const std::vector<CoreId>& cores() const { return cores_; }

    void add(std::size_t a, std::size_t b, std::int64_t flits) {
        if (a == b || cores_.empty()) return;
        flits_.resize(width_ * width_, 0);  // most chips of a large machine stay empty
        flits_[a * width_ + b] += flits;
        flits_[b * width_ + a] += flits;
        traffic_ += flits;
    }
    [[nodiscard]] std::size_t gate(int direction) const { return cores_.size() + static_cast<std::size_t>(direction); }

    /// places[k]: the core on which what is now on core k should lie.
    std::vector<CoreId> improve(const std::vector<int>& gate_tiles, const Machine& machine, TileHops hops) {
        set_distances(gate_tiles, machine, hops);
        const std::int64_t before = cost();
        const auto given = flits_;
        item_.resize(cores_.size());
        std::iota(item_.begin(), item_.end(), std::size_t{0});
        start_in_the_middle(given);
        sweep();
        std::vector<CoreId> places(cores_.size());
        for (std::size_t p = 0; p < cores_.size(); ++p) places[item_[p]] = cores_[cost() <= before ? p : item_[p]];
        return places;
    }

private:
    void set_distances(const std::vector<int>& gate_tiles, const Machine& machine, TileHops& hops) {
        std::vector<int> tiles;
        for (const CoreId core : cores_) {
            tiles.push_back(machine.tile_of(core));
            slowness_.push_back(machine.slowness(core));
        }
        tiles.insert(tiles.end(), gate_tiles.begin(), gate_tiles.end());
        hops_.resize(width_ * width_);
        for (std::size_t p = 0; p < width_; ++p)
            for (std::size_t q = 0; q < width_; ++q) hops_[p * width_ + q] = hops(tiles[p], tiles[q]);
    }

    [[nodiscard]] std::int64_t cost() const {
        return std::inner_product(flits_.begin(), flits_.end(), hops_.begin(), std::int64_t{0}) / 2;
    }

    /// Items with most traffic on the places with the shortest way to all others. What was cut for a slow core stays
    /// on one that is as slow.
    void start_in_the_middle(const std::vector<std::int64_t>& given) {
        const auto ranked = [&](const std::vector<std::int64_t>& matrix, int sign) {
            std::vector<std::tuple<int, std::int64_t, std::size_t>> sums(cores_.size());
            for (std::size_t k = 0; k < sums.size(); ++k) {
                const auto row = matrix.begin() + static_cast<std::ptrdiff_t>(k * width_);
                sums[k] = {
                    slowness_[k],
                    sign * std::accumulate(row, row + static_cast<std::ptrdiff_t>(cores_.size()), std::int64_t{0}), k};
            }
            std::ranges::sort(sums);
            return sums;
        };
        const auto places = ranked(hops_, 1);
        const auto items = ranked(given, -1);
        for (std::size_t k = 0; k < items.size(); ++k) item_[std::get<2>(places[k])] = std::get<2>(items[k]);
        const auto at = [&](std::size_t p) { return p < cores_.size() ? item_[p] : p; };
        for (std::size_t p = 0; p < width_; ++p)
            for (std::size_t q = 0; q < width_; ++q) flits_[p * width_ + q] = given[at(p) * width_ + at(q)];
    }

    /// Change of cost when places p and q swap what they hold.
    [[nodiscard]] std::int64_t gain(std::size_t p, std::size_t q) const {
        const std::int64_t* flits_p = &flits_[p * width_];
        const std::int64_t* flits_q = &flits_[q * width_];
        const std::int64_t* hops_p = &hops_[p * width_];
        const std::int64_t* hops_q = &hops_[q * width_];
        std::int64_t sum = 2 * flits_p[q] * hops_p[q];
        for (std::size_t r = 0; r < width_; ++r) sum += (flits_p[r] - flits_q[r]) * (hops_q[r] - hops_p[r]);
        return sum;
    }

    void swap(std::size_t p, std::size_t q) {
        std::swap(item_[p], item_[q]);
        for (std::size_t r = 0; r < width_; ++r) std::swap(flits_[p * width_ + r], flits_[q * width_ + r]);
        for (std::size_t r = 0; r < width_; ++r) std::swap(flits_[r * width_ + p], flits_[r * width_ + q]);
    }

    void sweep() {
        bool changed = true;
        for (int s = 0; s < most_sweeps && changed; ++s) {
            changed = false;
            for (std::size_t p = 0; p < cores_.size(); ++p) {
                stop_point();
                for (std::size_t q = p + 1; q < cores_.size(); ++q)
                    if (slowness_[p] == slowness_[q] && hops_[p * width_ + q] != 0 && gain(p, q) < 0)
                        swap(p, q), changed = true;
            }
        }
    }

    std::vector<CoreId> cores_;
    std::size_t width_ = 0;
    std::int64_t traffic_ = 0;
    std::vector<std::int64_t> flits_;  ///< [width x width] between places, as items lie now
    std::vector<std::int64_t> hops_;   ///< [width x width] between places
    std::vector<std::size_t> item_;    ///< [cores] what lies at a place
    std::vector<int> slowness_;        ///< [cores]
};

/// Cores of a chip among which slices move: all usable ones, at most most_places. Where a chip has more, the free ones
/// nearest to its middle are taken; where more are in use, none, and its slices stay where the partition put them.
std::vector<CoreId> places_of(const Machine& machine, const Topology& topology, ChipId chip,
                              const std::vector<bool>& in_use) {
    std::vector<CoreId> used;
    std::vector<CoreId> idle;
    for (const CoreId core : topology.working_cores(chip)) (in_use[core.index()] ? used : idle).push_back(core);
    if (used.empty() || used.size() > most_places) return {};
    const auto from_middle = [&](CoreId core) {
        const int tile = machine.tile_of(core);
        return std::abs(tile % machine.mesh.tiles_x - machine.mesh.tiles_x / 2) +
               std::abs(tile / machine.mesh.tiles_x - machine.mesh.tiles_y / 2);
    };
    if (used.size() + idle.size() > most_places) {
        std::ranges::stable_sort(idle, {}, from_middle);
        idle.resize(most_places - used.size());
    }
    used.insert(used.end(), idle.begin(), idle.end());
    std::ranges::sort(used);
    return used;
}

/// The chips of a mapping with their traffic.
class Placement {
public:
    Placement(const Machine& machine, const Topology& topology, const Mapping& mapping)
        : machine_(machine), topology_(topology) {
        std::vector<bool> in_use(static_cast<std::size_t>(machine.cores()), false);
        for (const auto& slices : mapping.slices)
            for (const Slice& slice : slices) in_use[slice.core.index()] = true;
        index_.resize(in_use.size(), 0);
        for (int c = 0; c < machine.chips(); ++c) {
            const ChipTraffic& chip = chips_.emplace_back(places_of(machine, topology, ChipId(c), in_use));
            for (std::size_t k = 0; k < chip.cores().size(); ++k) index_[chip.cores()[k].index()] = k;
        }
    }

    void add(const Flow& flow) {
        for (const CoreId target : flow.targets) {
            const std::int64_t flits = flow.packets * flow.flits;
            const ChipId from = topology_.chip_of(topology_.router_of(flow.source));
            const ChipId to = topology_.chip_of(topology_.router_of(target));
            const auto end = [&](CoreId core, ChipId chip) {
                return core == topology_.host() ? at(chip).gate(gates - 1) : index_[core.index()];
            };
            if (from == to) {
                at(from).add(end(flow.source, from), end(target, from), flits);
            } else {
                const auto [leaves, enters] = gates_between(flow.source, target, from, to);
                at(from).add(end(flow.source, from), at(from).gate(leaves), flits);
                at(to).add(end(target, to), at(to).gate(enters), flits);
            }
        }
    }

    /// [core] new place of what lies on a core.
    std::vector<CoreId> improve() {
        std::vector<int> gate_tiles;
        gate_tiles.reserve(gates);
        for (int direction = 0; direction < gates - 1; ++direction)
            gate_tiles.push_back(topology_.border_tile(direction));
        gate_tiles.push_back(topology_.router_of(topology_.host()).value % machine_.tiles_per_chip());
        std::vector<CoreId> places(index_.size());
        for (std::size_t c = 0; c < places.size(); ++c) places[c] = CoreId(static_cast<int>(c));
        for (int c = 0; c < machine_.chips(); ++c) {
            ChipTraffic& chip = at(ChipId(c));
            if (chip.empty()) continue;
            const auto moved = chip.improve(gate_tiles, machine_, {machine_, topology_, ChipId(c)});
            for (std::size_t k = 0; k < moved.size(); ++k) places[chip.cores()[k].index()] = moved[k];
        }
        return places;
    }

private:
    ChipTraffic& at(ChipId chip) { return chips_[chip.index()]; }

    /// Sides by which packets between two chips leave the first and enter the other: those of the way that they take.
    [[nodiscard]] std::pair<int, int> gates_between(CoreId source, CoreId target, ChipId from, ChipId to) const {
        if (topology_.whole()) return {topology_.chip_direction(from, to), topology_.entry_direction(from, to)};
        std::pair<int, int> sides{-1, -1};
        for (const Hop& hop : topology_.route(source, target)) {
            const LinkEnds link = topology_.link(hop.link);
            if (link.kind != LinkKind::chip) continue;
            if (sides.first < 0) sides.first = topology_.chip_direction(link.owner, link.receiver);
            sides.second = topology_.entry_direction(link.owner, link.receiver);
        }
        return sides;
    }

    const Machine& machine_;
    const Topology& topology_;
    std::vector<ChipTraffic> chips_;
    std::vector<std::size_t> index_;  ///< [core] among the places of its chip
};

}  // namespace

void improve_placement(const Program& program, const Machine& machine, const Topology& topology, Mapping& mapping) {
    Placement placement(machine, topology, mapping);
    for_each_flow(program, machine, mapping, [&](const Flow& flow) { placement.add(flow); });
    const auto places = placement.improve();
    for (auto& slices : mapping.slices)
        for (Slice& slice : slices) slice.core = places[slice.core.index()];
}

}  // namespace tephra
