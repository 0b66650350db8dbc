#include "simulator/dealing.hpp"

#include <algorithm>

#include "simulator/ranks.hpp"

namespace tephra {
namespace {

class Deal {
public:
    Deal(const ChipTraffic& traffic, ChipId host, int ranks)
        : load_(traffic.load), host_(host.index()), rank_(load_.size(), Dealing::idle), of_rank_(as_index(ranks)) {
        for (std::size_t c = 0; c < load_.size(); ++c)
            if (load_[c] > 0) busy_.push_back(c);
        neighbours_.resize(load_.size());
        for (const auto& [ends, packets] : traffic.between) {
            neighbours_[as_index(ends.first)].push_back({as_index(ends.second), packets});
            neighbours_[as_index(ends.second)].push_back({as_index(ends.first), packets});
        }
    }

    std::vector<int> run() {
        cut();
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
    static std::size_t as_index(int value) { return static_cast<std::size_t>(value); }

    struct Share {
        std::int64_t load = 0;
        int chips = 0;
    };

    /// Ranges of chips: each rank takes chips until it has its share of what the ranks before left.
    void cut() {
        std::int64_t left = 0;
        for (const std::size_t c : busy_) left += load_[c];
        const std::int64_t all = left;
        std::size_t at = 0;
        for (std::size_t r = 0; r < of_rank_.size(); ++r) {
            const std::size_t ranks_left = of_rank_.size() - r;
            const std::int64_t share = left / static_cast<std::int64_t>(ranks_left);
            while (at + ranks_left <= busy_.size()) {  // each of the ranks behind gets a chip at least
                const std::int64_t load = load_[busy_[at]];
                const bool enough = 2 * of_rank_[r].load + load > 2 * share;
                if (ranks_left > 1 && of_rank_[r].chips > 0 && enough) break;
                give(busy_[at++], static_cast<int>(r));
            }
            left -= of_rank_[r].load;
        }
        for (const Share& share : of_rank_) most_ = std::max(most_, share.load);
        most_ = std::max(most_, all / std::ssize(of_rank_) * slack_percent / 100);
    }

    void give(std::size_t chip, int rank) {
        if (rank_[chip] != Dealing::idle) {
            Share& before = of_rank_[as_index(rank_[chip])];
            before.load -= load_[chip];
            --before.chips;
        }
        rank_[chip] = rank;
        of_rank_[as_index(rank)].load += load_[chip];
        ++of_rank_[as_index(rank)].chips;
    }

    /// Packets between a chip and those of a rank.
    [[nodiscard]] std::int64_t ties(std::size_t chip, int rank) const {
        std::int64_t packets = 0;
        for (const Neighbour& other : neighbours_[chip])
            if (rank_[other.chip] == rank) packets += other.packets;
        return packets;
    }

    /// Each move lowers the packets between ranks, so this ends.
    void improve() {
        for (bool moved = true; std::exchange(moved, false);) {
            for (const std::size_t chip : busy_) {
                const int from = rank_[chip];
                if (of_rank_[as_index(from)].chips == 1) continue;
                int best = from;
                std::int64_t best_ties = ties(chip, from);
                for (const Neighbour& other : neighbours_[chip]) {
                    const int to = rank_[other.chip];
                    if (to == Dealing::idle || of_rank_[as_index(to)].load + load_[chip] > most_) continue;
                    const std::int64_t packets = ties(chip, to);
                    if (packets > best_ties) best = to, best_ties = packets;
                }
                if (best == from) continue;
                give(chip, best);
                moved = true;
            }
        }
    }

    static constexpr std::int64_t slack_percent = 105;

    const std::vector<std::int64_t>& load_;
    std::size_t host_;
    std::int64_t most_ = 0;  ///< load that a rank may have
    std::vector<int> rank_;
    std::vector<Share> of_rank_;
    std::vector<std::size_t> busy_;
    std::vector<std::vector<Neighbour>> neighbours_;  ///< [chips]
};

}  // namespace

ChipTraffic chip_traffic(const Schedule& schedule) {
    ChipTraffic traffic;
    traffic.load.resize(static_cast<std::size_t>(schedule.machine.chips()));
    for (const Fanout& fanout : schedule.fanouts) {
        const std::int64_t packets = fanout.kind == Fanout::Kind::message ? fanout.end - fanout.begin : 1;
        for (std::uint32_t e = fanout.entry; e < fanout.entry + fanout.entries; ++e) {
            const LinkEnds link = schedule.topology.link(schedule.routes.link(e));
            traffic.load[link.owner.index()] += packets;
            if (link.kind == LinkKind::chip) traffic.between[{link.owner.value, link.receiver.value}] += packets;
        }
    }
    for (const ScheduledSlice& slice : schedule.slices) ++traffic.load[slice.chip];
    return traffic;
}

Result<Dealing> deal_chips(const ChipTraffic& traffic, ChipId host, int ranks) {
    const auto busy = std::ranges::count_if(traffic.load, [](std::int64_t load) { return load > 0; });
    if (ranks > busy)
        return fail(ErrorCode::does_not_fit,
                    std::to_string(ranks) + " ranks for " + std::to_string(busy) +
                        (busy == 1 ? " chip that has" : " chips that have") + " anything to do",
                    "ranks", "start no more than " + std::to_string(busy));
    return Dealing{Deal(traffic, host, ranks).run()};
}

}  // namespace tephra
