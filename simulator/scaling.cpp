#include "simulator/scaling.hpp"

#include <algorithm>
#include <ctime>
#include <utility>

namespace tephra {

double predicted_seconds(const ScalingRow& row, const ScalingCosts& costs) {
    const double round = row.ranks == 1 ? 0 : costs.latency + (row.ranks - 1) * costs.message + costs.window;
    return static_cast<double>(row.events) * costs.event + static_cast<double>(row.windows) * round +
           static_cast<double>(row.mails) * costs.mail;
}

ScalingCount::ScalingCount(const ChipTraffic& traffic, ChipId host, std::int64_t rounds)
    : before_(traffic.load.size()) {
    const int busy = traffic.busy_chips();
    for (int ranks = 1; ranks < 2 * busy; ranks *= 2) {
        const int dealt = std::min(ranks, busy);
        rank_of_.push_back(deal_chips(traffic, host, dealt, rounds)->rank);
        rows_.push_back({dealt, 0, 0, 0});
        load_.emplace_back(static_cast<std::size_t>(dealt));
        mail_.emplace_back(static_cast<std::size_t>(dealt));
    }
}

std::int64_t ScalingCount::next_window(const std::vector<std::unique_ptr<Chip>>& chips, std::int64_t first) {
    if (began_ >= 0) spent_ += std::clock() - began_;
    bool any = false;
    for (std::size_t c = 0; c < chips.size(); ++c) {
        if (!chips[c]) continue;
        const std::int64_t events = chips[c]->events() - std::exchange(before_[c], chips[c]->events());
        any = any || events > 0;
        for (const Mail& mail : chips[c]->outbox().mails) first = std::min(first, mail.time);
        for (std::size_t k = 0; events > 0 && k < rows_.size(); ++k) add(k, c, events, chips[c]->outbox());
    }
    for (std::size_t k = 0; any && k < rows_.size(); ++k) {
        ++rows_[k].windows;
        rows_[k].events += std::ranges::max(load_[k]);
        rows_[k].mails += std::ranges::max(mail_[k]);
        std::ranges::fill(load_[k], 0);
        std::ranges::fill(mail_[k], 0);
    }
    began_ = std::clock();
    return first;
}

void ScalingCount::add(std::size_t row, std::size_t chip, std::int64_t events, const Outbox& outbox) {
    const std::vector<int>& rank_of = rank_of_[row];
    const auto mine = static_cast<std::size_t>(rank_of[chip]);
    load_[row][mine] += events;
    for (const Mail& mail : outbox.mails) {
        const auto other = static_cast<std::size_t>(rank_of[mail.chip]);
        if (other == mine) continue;
        ++mail_[row][mine];
        ++mail_[row][other];
    }
}

double ScalingCount::event_seconds() const {
    const auto events = std::max<std::int64_t>(1, rows_.front().events);
    return static_cast<double>(spent_) / CLOCKS_PER_SEC / static_cast<double>(events);
}

}  // namespace tephra
