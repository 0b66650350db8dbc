#include "simulator/dealing.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <numeric>
#include <optional>

#include "simulator/ranks.hpp"

namespace tephra {
namespace {

/// Of a packet between ranks, in events: it makes two mails, its own and a credit, and each takes both ranks as long as
/// two or three events (docs/scaling.md).
constexpr double packet_cost = 5;

/// Steps of a run in which the same ranges of stages are at work, and what chips do in them.
class Steps {
public:
    Steps(const ChipTraffic& traffic, std::int64_t rounds) {
        const std::size_t stages = traffic.load.front().size();
        const auto wide = static_cast<std::size_t>(std::clamp<std::int64_t>(rounds, 1, std::ssize(traffic.load[0])));
        weights_.assign(stages + wide - 1, 1);
        // All stages at work: as many steps as there are rounds more.
        if (wide == stages) weights_[stages - 1] += static_cast<double>(rounds) - static_cast<double>(stages);
        for (const auto& by_stage : traffic.load) {
            auto& load = load_.emplace_back(weights_.size());
            std::int64_t now = 0;
            for (std::size_t p = 0; p < load.size(); ++p) {
                if (p < stages) now += by_stage[p];
                if (p >= wide) now -= by_stage[p - wide];
                load[p] = now;
            }
        }
    }
    [[nodiscard]] std::size_t size() const { return weights_.size(); }
    [[nodiscard]] double weight(std::size_t step) const { return weights_[step]; }
    /// [steps] of a chip.
    [[nodiscard]] const std::vector<std::int64_t>& load(std::size_t chip) const { return load_[chip]; }

private:
    std::vector<double> weights_;
    std::vector<std::vector<std::int64_t>> load_;
};

class Deal {
public:
    Deal(const ChipTraffic& traffic, ChipId host, int ranks, std::int64_t rounds)
        : steps_(traffic, rounds),
          host_(host.index()),
          ranks_(ranks),
          packet_cost_(packet_cost * static_cast<double>(std::max<std::int64_t>(1, rounds))),
          rank_(traffic.load.size(), Dealing::idle),
          load_(as_index(ranks), std::vector<std::int64_t>(steps_.size())),
          chips_(as_index(ranks)),
          busiest_(steps_.size()),
          neighbours_(traffic.load.size()) {
        for (std::size_t c = 0; c < traffic.load.size(); ++c)
            if (traffic.total(c) > 0) busy_.push_back(c);
        std::ranges::stable_sort(busy_, std::greater(), [&](std::size_t c) { return traffic.total(c); });
        for (const auto& [ends, packets] : traffic.between) {
            neighbours_[as_index(ends.first)].push_back({as_index(ends.second), packets});
            neighbours_[as_index(ends.second)].push_back({as_index(ends.first), packets});
        }
    }

    std::vector<int> run() {
        start();
        improve();
        // The host's chip is the root's.
        const int of_host = rank_[host_];
        for (int& rank : rank_)
            if (rank == of_host)
                rank = Ranks::root;
            else if (rank == Ranks::root)
                rank = of_host;
        return rank_;
    }

private:
    struct Neighbour {
        std::size_t chip;
        std::int64_t packets;
    };
    /// The ranks with most to do in a step, most first; loads of ranks that are not there are 0.
    struct Busiest {
        std::array<std::int64_t, 3> load{};
        std::array<int, 3> rank{Dealing::idle, Dealing::idle, Dealing::idle};
        /// Load of the busiest rank but for these two.
        [[nodiscard]] std::int64_t without(int a, int b) const {
            for (std::size_t k = 0; k < rank.size(); ++k)
                if (rank[k] != a && rank[k] != b) return load[k];
            return 0;
        }
    };
    static std::size_t as_index(int value) { return static_cast<std::size_t>(value); }

    /// Most work first, each chip where it adds least.
    void start() {
        int empty = ranks_;
        for (std::size_t k = 0; k < busy_.size(); ++k) {
            const bool only_empty = static_cast<int>(busy_.size() - k) <= empty;  // each rank gets a chip at least
            int best = Dealing::idle;
            double least = std::numeric_limits<double>::infinity();
            for (int r = 0; r < ranks_; ++r) {
                if (only_empty && chips_[as_index(r)] > 0) continue;
                const double cost = change({busy_[k], Dealing::idle, r}, {});
                if (cost < least) least = cost, best = r;
                if (chips_[as_index(r)] == 0) break;  // empty ranks are alike
            }
            if (chips_[as_index(best)] == 0) --empty;
            apply({busy_[k], Dealing::idle, best});
        }
    }

    /// A chip changes its rank.
    struct Move {
        std::size_t chip = 0;
        int from = Dealing::idle, to = Dealing::idle;
    };

    /// Packets between a chip and those of a rank.
    [[nodiscard]] std::int64_t ties(std::size_t chip, int rank) const {
        std::int64_t packets = 0;
        for (const Neighbour& other : neighbours_[chip])
            if (rank_[other.chip] == rank) packets += other.packets;
        return packets;
    }
    [[nodiscard]] std::int64_t between(std::size_t a, std::size_t b) const {
        std::int64_t packets = 0;
        for (const Neighbour& other : neighbours_[a])
            if (other.chip == b) packets += other.packets;
        return packets;
    }

    /// What a move costs, with one back where `back` has a chip. From nowhere: the chip is dealt for the first time.
    [[nodiscard]] double change(const Move& move, const std::optional<std::size_t>& back) const {
        double cost = static_cast<double>(ties(move.chip, move.from) - ties(move.chip, move.to));
        if (back)
            cost += static_cast<double>(ties(*back, move.to) - ties(*back, move.from) + 2 * between(move.chip, *back));
        cost *= packet_cost_;
        const std::vector<std::int64_t>& there = steps_.load(move.chip);
        static const std::vector<std::int64_t> nothing;
        const std::vector<std::int64_t>& here = back ? steps_.load(*back) : nothing;
        for (std::size_t p = 0; p < steps_.size(); ++p) {
            const std::int64_t moved = there[p] - (back ? here[p] : 0);
            if (moved == 0) continue;
            std::int64_t most = std::max(busiest_[p].without(move.from, move.to), load_[as_index(move.to)][p] + moved);
            if (move.from != Dealing::idle) most = std::max(most, load_[as_index(move.from)][p] - moved);
            cost += steps_.weight(p) * static_cast<double>(most - busiest_[p].load[0]);
        }
        return cost;
    }

    void apply(const Move& move) {
        const std::vector<std::int64_t>& load = steps_.load(move.chip);
        rank_[move.chip] = move.to;
        ++chips_[as_index(move.to)];
        if (move.from != Dealing::idle) --chips_[as_index(move.from)];
        for (std::size_t p = 0; p < steps_.size(); ++p) {
            if (load[p] == 0) continue;
            load_[as_index(move.to)][p] += load[p];
            if (move.from != Dealing::idle) load_[as_index(move.from)][p] -= load[p];
            Busiest busiest;
            for (int r = 0; r < ranks_; ++r) {
                std::int64_t its = load_[as_index(r)][p];
                int whose = r;
                for (std::size_t k = 0; k < busiest.load.size(); ++k)
                    if (its > busiest.load[k]) std::swap(its, busiest.load[k]), std::swap(whose, busiest.rank[k]);
            }
            busiest_[p] = busiest;
        }
    }

    /// Chips move alone, or two change places, as long as that gains anything; each pass lowers the cost.
    void improve() {
        constexpr int most_passes = 10;
        constexpr double least_gain = 0.5;  // rounding errors are none
        bool moved = true;
        for (int pass = 0; pass < most_passes && moved; ++pass) {
            moved = false;
            for (std::size_t k = 0; k < busy_.size(); ++k) {
                const std::size_t chip = busy_[k];
                for (int r = 0; r < ranks_; ++r) {
                    const Move move{chip, rank_[chip], r};
                    if (r == move.from || chips_[as_index(move.from)] == 1 || change(move, {}) > -least_gain) continue;
                    apply(move);
                    moved = true;
                }
                for (std::size_t other = k + 1; other < busy_.size(); ++other) {
                    const Move move{chip, rank_[chip], rank_[busy_[other]]};
                    if (move.from == move.to || change(move, busy_[other]) > -least_gain) continue;
                    apply(move);
                    apply({busy_[other], move.to, move.from});
                    moved = true;
                }
            }
        }
    }

    Steps steps_;
    std::size_t host_;
    int ranks_;
    double packet_cost_;
    std::vector<int> rank_;
    std::vector<std::vector<std::int64_t>> load_;     ///< [ranks][steps]
    std::vector<int> chips_;                          ///< [ranks]
    std::vector<Busiest> busiest_;                    ///< [steps]
    std::vector<std::size_t> busy_;                   ///< most work first
    std::vector<std::vector<Neighbour>> neighbours_;  ///< [chips]
};

}  // namespace

std::int64_t ChipTraffic::total(std::size_t chip) const {
    return std::accumulate(load[chip].begin(), load[chip].end(), std::int64_t{0});
}

int ChipTraffic::busy_chips() const {
    int busy = 0;
    for (std::size_t c = 0; c < load.size(); ++c) busy += total(c) > 0 ? 1 : 0;
    return busy;
}

ChipTraffic chip_traffic(const Program& program, const Schedule& schedule) {
    ChipTraffic traffic;
    traffic.load.resize(static_cast<std::size_t>(schedule.machine.chips()),
                        std::vector<std::int64_t>(static_cast<std::size_t>(program.steps)));
    const auto stage_of = [&](const ScheduledSlice& slice) {
        return static_cast<std::size_t>(program[slice.population].stage);
    };
    for (const Fanout& fanout : schedule.fanouts) {
        const std::int64_t packets = fanout.kind == Fanout::Kind::message ? fanout.end - fanout.begin : 1;
        const std::size_t stage = stage_of(schedule.slices[fanout.slice]);
        for (std::uint32_t e = fanout.entry; e < fanout.entry + fanout.entries; ++e) {
            const LinkEnds link = schedule.topology.link(schedule.routes.link(e));
            traffic.load[link.owner.index()][stage] += packets;
            if (link.kind == LinkKind::chip) traffic.between[{link.owner.value, link.receiver.value}] += packets;
        }
    }
    for (const ScheduledSlice& slice : schedule.slices) ++traffic.load[slice.chip][stage_of(slice)];
    return traffic;
}

Result<Dealing> deal_chips(const ChipTraffic& traffic, ChipId host, int ranks, std::int64_t rounds) {
    const int busy = traffic.busy_chips();
    if (ranks > busy)
        return fail(ErrorCode::does_not_fit,
                    std::to_string(ranks) + " ranks for " + std::to_string(busy) +
                        (busy == 1 ? " chip that has" : " chips that have") + " anything to do",
                    "ranks", "start no more than " + std::to_string(busy));
    return Dealing{Deal(traffic, host, ranks, rounds).run()};
}

}  // namespace tephra
