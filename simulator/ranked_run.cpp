#include "simulator/ranked_run.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace tephra {
namespace {

using Counters = std::span<std::int64_t>;

/// All counters that chips add to, which are 0 where another rank has the chip.
std::vector<Counters> all_counters(RunState& state, RunCounters& counters) {
    const auto plain = [](auto& counts) {
        static_assert(sizeof(counts[0]) % sizeof(std::int64_t) == 0);
        return Counters(reinterpret_cast<std::int64_t*>(counts.data()),
                        counts.size() * (sizeof(counts[0]) / sizeof(std::int64_t)));
    };
    return {
        plain(state.slice_counts), state.binned, plain(state.sent),   state.delivered,    state.ignored,
        state.local_messages,      state.synops, counters.link_flits, counters.core_busy, {&counters.live_packets, 1},
        {&counters.collisions, 1}};
}

void put_counters(Counters counts, WireWriter& out) {
    std::vector<std::uint64_t> at;
    std::vector<std::int64_t> values;
    for (std::size_t k = 0; k < counts.size(); ++k)
        if (counts[k] != 0) at.push_back(k), values.push_back(counts[k]);
    out.put_list(std::span<const std::uint64_t>(at));
    out.put_all(std::span<const std::int64_t>(values));
}

void add_counters(WireReader& in, Counters counts) {
    std::vector<std::uint64_t> at;
    in.get_list(at);
    for (const std::uint64_t k : at) counts[k] += in.get<std::int64_t>();
}

/// What must be the same on every rank. The version comes first: the rest has its form.
struct Agreed {
    const char* what;
    std::string value;
};
std::vector<Agreed> agreed(const Program& program, const Mapping& mapping, const SimulateOptions& options,
                           const HostFeed& feed) {
    return {{"version of tephra", TEPHRA_VERSION},
            {"model", to_string(program.model)},
            {"machine", to_string(mapping.machine)},
            {"mapping", to_string(mapping_hash(mapping))},
            {"synchronisation", sync_name(options.sync)},
            {"network", noc_name(options.noc)},
            {"number of streams", std::to_string(feed.streams())},
            {"number of rounds", std::to_string(feed.total())},
            {"seed of faults", std::to_string(options.fault_seed)}};
}

}  // namespace

RankedRun::RankedRun(Ranks* ranks, HostFeed& feed)
    : ranks_(ranks), rank_(ranks == nullptr ? Ranks::root : ranks->rank()), feed_(feed) {
    if (!is_root()) followed_.emplace(feed);
}

Result<void> RankedRun::agree(const Program& program, const Mapping& mapping, const SimulateOptions& options) {
    observer_ = options.observer;
    wants_ = {observer_ != nullptr, !options.checkpoint.path.empty(), options.checkpoint.resume != nullptr,
              options.trace.file == nullptr ? 0 : options.trace.bytes, feed_.at_once()};
    if (ranks_ == nullptr) return {};
    const std::vector<Agreed> mine = agreed(program, mapping, options, feed_);
    for (std::string& out : ranks_->out()) {
        WireWriter writer(out);
        for (const Agreed& one : mine) writer.put_text(one.value);
        writer.put(wants_);
    }
    std::vector<WireReader> readers;
    for (const std::string& in : ranks_->swap()) readers.emplace_back(in);
    for (const Agreed& one : mine) {
        std::vector<std::string> values;
        for (std::size_t r = 0; r < readers.size(); ++r)
            values.push_back(static_cast<int>(r) == rank_ ? one.value : readers[r].get_text());
        for (std::size_t r = 0; r < values.size(); ++r)
            if (values[r] != values[Ranks::root])
                return bad_input(
                    "its " + std::string(one.what) + " is " + values[r] + ", that of rank 0 is " + values[Ranks::root],
                    "rank " + std::to_string(r), "give every rank the same program, files and options");
    }
    if (!is_root()) wants_ = readers[Ranks::root].get<Wants>();
    return {};
}

void RankedRun::join(RunState& state) {
    state_ = &state;
    state.feed = &feed();
    state.observer = observer_;
    if (!is_root()) state.observer = wants_.observed ? &observed_.emplace(*state.schedule) : nullptr;
}

Result<void> RankedRun::deal(const Program& program, const Schedule& schedule, bool count_scaling) {
    const int ranks = ranks_ == nullptr ? 1 : ranks_->size();
    const ChipTraffic traffic = chip_traffic(program, schedule);
    auto dealing = deal_chips(traffic, schedule.machine.host.chip, ranks, wants_.rounds_at_once);
    if (!dealing) return tl::unexpected(dealing.error());
    dealing_ = std::move(*dealing);
    if (ranks_ == nullptr && count_scaling)
        scaling_.emplace(traffic, schedule.machine.host.chip, wants_.rounds_at_once);
    outboxes_.resize(dealing_.rank.size());
    sorted_.resize(static_cast<std::size_t>(ranks));
    return {};
}

/// Writes the mail of a chip to those of other ranks, sorted by rank: its order within a rank stays. Lowers `first` to
/// the time of any mail of the chip.
void RankedRun::send_mail(const Chip& chip, std::size_t id, std::int64_t& first) {
    const Outbox& outbox = chip.outbox();
    if (outbox.mails.empty()) return;
    for (const Mail& mail : outbox.mails) {
        first = std::min(first, mail.time);
        const int rank = dealing_.rank[mail.chip];
        if (rank == rank_) continue;
        Outbox& to = sorted_[static_cast<std::size_t>(rank)];
        to.mails.push_back(mail);
        if (mail.extra == no_index) continue;
        to.mails.back().extra = static_cast<std::uint32_t>(to.extras.size());
        to.extras.push_back(outbox.extras[mail.extra]);
    }
    for (std::size_t r = 0; r < sorted_.size(); ++r) {
        if (sorted_[r].mails.empty()) continue;
        WireWriter out(ranks_->out()[r]);
        out.put(std::uint64_t{id});
        out.put_list(std::span<const Mail>(sorted_[r].mails));
        out.put_list(std::span<const PacketExtra>(sorted_[r].extras));
        sorted_[r].clear();
    }
}

void RankedRun::tell_feed_to(std::string& bytes) {
    WireWriter writer(bytes);
    tell_feed(feed_, state_->slices[state_->schedule->source].next_token(), told_, writer);
}

/// Ends a window in which the first event left on this rank's chips, their mail aside, is at `first`. Afterwards
/// outbox() has what chips of other ranks sent to this one's, and `pause` is the greatest that any rank wants. Returns
/// the time of the first event of all.
std::int64_t RankedRun::swap(const std::vector<std::unique_ptr<Chip>>& chips, std::int64_t first, Pause& pause) {
    if (scaling_) return scaling_->next_window(chips, first);
    const std::string seen = observed_ ? observed_->take() : std::string();
    const auto out = ranks_->out();
    std::string news;
    if (is_root()) tell_feed_to(news);
    for (std::size_t r = 0; r < out.size(); ++r) {
        WireWriter writer(out[r]);
        writer.put(first);
        writer.put(pause);
        if (is_root()) out[r] += news;
        if (observed_ && r == Ranks::root) writer.put_text(seen);
    }
    std::int64_t of_mail = EventQueue::never;
    for (std::size_t c = 0; c < chips.size(); ++c)
        if (chips[c]) send_mail(*chips[c], c, of_mail);
    first = std::min(first, of_mail);
    for (std::string& text : out) text.replace(0, sizeof first, reinterpret_cast<const char*>(&first), sizeof first);
    const auto in = ranks_->swap();
    for (std::size_t r = 0; r < in.size(); ++r) {
        if (static_cast<int>(r) == rank_) continue;
        WireReader reader(in[r]);
        first = std::min(first, reader.get<std::int64_t>());
        pause = std::max(pause, reader.get<Pause>());
        if (r == Ranks::root) followed_->hear(reader);
        if (is_root() && observer_ != nullptr) show_observed(reader);
        while (!reader.at_end()) {
            Outbox& from = outboxes_[reader.get<std::uint64_t>()];
            reader.get_list(from.mails);
            reader.get_list(from.extras);
        }
    }
    return first;
}

void RankedRun::show_observed(WireReader& in) {
    const std::string seen = in.get_text();
    WireReader reader(seen);
    std::vector<std::int32_t> messages, values;
    while (!reader.at_end()) {
        const auto slice = reader.get<std::uint32_t>();
        const auto round = reader.get<std::uint32_t>();
        reader.get_list(messages);
        reader.get_list(values);
        observer_->fired(state_->schedule->slices[slice], round, messages, values);
    }
}

void RankedRun::Observed::fired(const ScheduledSlice& slice, std::uint32_t round,
                                std::span<const std::int32_t> messages, std::span<const std::int32_t> state) {
    const std::scoped_lock lock(mutex_);
    WireWriter writer(bytes_);
    writer.put(static_cast<std::uint32_t>(&slice - schedule_.slices.data()));
    writer.put(round);
    writer.put_list(messages);
    writer.put_list(state);
}

std::string RankedRun::Observed::take() {
    return std::exchange(bytes_, {});
}

StepEnd RankedRun::together(StepEnd mine) {
    if (ranks_ == nullptr) return mine;
    for (std::string& out : ranks_->out()) {
        WireWriter writer(out);
        writer.put(mine);
        const auto fault = state_->fault.first();
        writer.put(fault.has_value());
        if (fault) writer.put(*fault);
    }
    const auto in = ranks_->swap();
    StepEnd all = mine;
    for (std::size_t r = 0; r < in.size(); ++r) {
        if (static_cast<int>(r) == rank_) continue;
        WireReader reader(in[r]);
        const auto other = reader.get<StepEnd>();
        if (reader.get<bool>()) state_->fault.raise(reader.get<RunFault::Place>());
        if (other.last_end > all.last_end || (other.last_end == all.last_end && other.last_chip < all.last_chip)) {
            all.last_end = other.last_end;
            all.last_chip = other.last_chip;
            all.parts = other.parts;
        }
        all.last_event = std::max(all.last_event, other.last_event);
        all.stall = std::min(all.stall, other.stall);
        if (r == Ranks::root) all.left_at = other.left_at;
    }
    return all;
}

void RankedRun::gather_faults() {
    if (ranks_ == nullptr) return;
    const auto fault = state_->fault.first();
    if (fault) WireWriter(ranks_->out()[Ranks::root]).put(*fault);
    const auto in = ranks_->swap();
    for (std::size_t r = 1; is_root() && r < in.size(); ++r)
        if (!in[r].empty()) state_->fault.raise(WireReader(in[r]).get<RunFault::Place>());
}

bool RankedRun::is_sent(std::size_t chip) const {
    return dealing_.rank[chip] != Dealing::idle && dealing_.rank[chip] != Ranks::root;
}

void RankedRun::to_root(std::size_t chip, std::string& bytes) {
    if (!is_sent(chip)) return;
    const int from = dealing_.rank[chip];
    if (rank_ == from) ranks_->out()[Ranks::root] = std::exchange(bytes, {});
    const auto in = ranks_->swap();
    if (is_root()) bytes = in[static_cast<std::size_t>(from)];
}

void RankedRun::from_root(std::size_t chip, std::string& bytes) {
    if (!is_sent(chip)) return;
    const int to = dealing_.rank[chip];
    if (is_root()) ranks_->out()[static_cast<std::size_t>(to)] = std::exchange(bytes, {});
    const auto in = ranks_->swap();
    if (rank_ == to) bytes = in[Ranks::root];
}

void RankedRun::go_on(std::string& bytes) {
    if (ranks_ == nullptr) return;
    std::string news;
    if (is_root()) tell_feed_to(news);
    ranks_->broadcast(news);
    ranks_->broadcast(bytes);
    WireReader reader(news);
    if (!is_root()) followed_->hear(reader);
}

void RankedRun::meet() {
    if (ranks_ != nullptr) (void)ranks_->swap();
}

void RankedRun::gather(RunCounters& counters, std::vector<TraceBuffer>& traces) {
    if (ranks_ == nullptr) return;
    if (!is_root()) {
        WireWriter writer(ranks_->out()[Ranks::root]);
        for (const Counters counts : all_counters(*state_, counters)) put_counters(counts, writer);
        writer.put(counters.hash);
        writer.put_list(std::span<const LinkFault>(counters.faults));
        writer.put_list(std::span<const WaitFault>(counters.waits));
        for (std::size_t c = 0; c < traces.size(); ++c) {
            if (!has(static_cast<std::uint32_t>(c))) continue;
            writer.put(std::uint64_t{c});
            writer.put(traces[c].dropped());
            writer.put_list(std::span(traces[c].events()));
        }
    }
    const auto in = ranks_->swap();
    if (!is_root()) return;
    for (std::size_t r = 1; r < in.size(); ++r) {
        WireReader reader(in[r]);
        for (const Counters counts : all_counters(*state_, counters)) add_counters(reader, counts);
        counters.hash.add(reader.get<EventHash>());
        reader.append_list(counters.faults);
        reader.append_list(counters.waits);
        while (!reader.at_end()) {
            TraceBuffer& trace = traces[reader.get<std::uint64_t>()];
            const auto dropped = reader.get<std::int64_t>();
            std::vector<TraceEvent> events;
            reader.get_list(events);
            trace = TraceBuffer(std::move(events), dropped);
        }
    }
}

}  // namespace tephra
