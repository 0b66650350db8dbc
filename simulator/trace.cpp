#include "simulator/trace.hpp"

#include <algorithm>
#include <set>

#include "core/json.hpp"
#include "simulator/schedule.hpp"

namespace tephra {
namespace {

constexpr std::int64_t least_event_bytes = 80;  ///< of the shortest line that add() below writes
constexpr std::int64_t margin = 4;              ///< over the events that a chip's share of the work suggests

/// Picoseconds as the microseconds of the format, exactly.
std::string microseconds(std::int64_t time) {
    std::string digits = std::to_string(time % 1'000'000);
    return std::to_string(time / 1'000'000) + "." + std::string(6 - digits.size(), '0') + digits;
}

std::string quoted(const std::string& text) {
    return Json(text).dump(-1);
}

/// Lines of a trace file as long as they fit its bound; rows are named by their first event.
class TraceWriter {
public:
    TraceWriter(OutputFile& file, std::int64_t bytes, const TraceRecord& record)
        : file_(file), room_(bytes - std::ssize(text_) - std::ssize(end(INT64_MAX))), record_(record) {}

    /// False when the event does not fit: the file is full.
    [[nodiscard]] Result<bool> add(std::size_t chip, const TraceEvent& event) {
        const bool step = event.kind == TraceEvent::Kind::step;
        const Schedule& plan = record_.schedule;
        const std::string name =
            step ? "step " + std::to_string(event.token) : record_.program[plan.slices[event.slice].population].name;
        std::string lines;
        if (!chips_.contains(chip))
            lines += meta("process_name", chip, 0, step ? "barriers" : "chip " + std::to_string(chip));
        const std::uint32_t row = row_of(event);
        if (!rows_.contains({chip, row})) lines += meta("thread_name", chip, row, row_name(event));
        lines +=
            ",\n"
            R"({"ph":"X","pid":)" +
            std::to_string(chip) + R"(,"tid":)" + std::to_string(row) + R"(,"ts":)" + microseconds(event.start) +
            R"(,"dur":)" + microseconds(event.duration) + R"(,"cat":")" +
            (step ? "step" : (event.kind == TraceEvent::Kind::fire ? "fire" : "message")) + R"(","name":)" +
            quoted(name) +
            (step ? ""
                  : R"(,"args":{")" + round_words(record_.program.round).key + R"(":)" + std::to_string(event.token) +
                        "}") +
            "}";
        if (first_) lines.erase(0, 1);  // the comma
        if (std::ssize(lines) > room_) return false;
        first_ = false;
        room_ -= std::ssize(lines);
        chips_.insert(chip);
        rows_.insert({chip, row});
        text_ += lines;
        if (text_.size() < flush_bytes) return true;
        return write().map([] { return true; });
    }

    [[nodiscard]] Result<void> finish(std::int64_t dropped) {
        text_ += end(dropped);
        return write();
    }

private:
    static constexpr std::size_t flush_bytes = 1 << 20;

    /// Cores evaluate neurons and receive side by side: two rows each.
    static std::uint32_t row_of(const TraceEvent& event) {
        return 2 * event.core + (event.kind == TraceEvent::Kind::serve ? 1 : 0);
    }
    [[nodiscard]] std::string row_name(const TraceEvent& event) const {
        if (event.kind == TraceEvent::Kind::step) return "steps";
        const bool host = event.core == static_cast<std::uint32_t>(record_.schedule.machine.cores_per_chip());
        const std::string name = host ? "host" : "core " + std::to_string(event.core);
        return name + (event.kind == TraceEvent::Kind::serve ? ", receives" : ", neurons");
    }
    static std::string meta(const std::string& what, std::size_t pid, std::uint32_t tid, const std::string& name) {
        return ",\n"
               R"({"ph":"M","pid":)" +
               std::to_string(pid) + R"(,"tid":)" + std::to_string(tid) + R"(,"name":")" + what +
               R"(","args":{"name":)" + quoted(name) + "}}";
    }
    static std::string end(std::int64_t dropped) {
        return "\n],\"otherData\":{\"dropped_events\":" + std::to_string(dropped) + "}}\n";
    }
    Result<void> write() {
        auto written = file_.write(text_);
        text_.clear();
        return written;
    }

    OutputFile& file_;
    std::string text_ = R"({"displayTimeUnit":"ns","traceEvents":[)";
    std::int64_t room_;  ///< bytes for further events
    const TraceRecord& record_;
    std::set<std::size_t> chips_;                           ///< named ones
    std::set<std::pair<std::size_t, std::uint32_t>> rows_;  ///< named ones: chip and row
    bool first_ = true;
};

/// Events that one token is expected to make: firings and drawn packets by chip, then steps.
std::vector<std::int64_t> expected_events(const Program& program, const Schedule& schedule) {
    std::vector<std::int64_t> events(static_cast<std::size_t>(schedule.machine.chips()) + 1);
    for (const ScheduledSlice& slice : schedule.slices) ++events[slice.chip];
    std::vector<std::int64_t> packets(events.size());
    for (const Terminal& terminal : schedule.terminals) {
        const Fanout& fanout = schedule.fanouts[terminal.fanout];
        packets[terminal.chip] += fanout.kind == Fanout::Kind::message ? fanout.end - fanout.begin : 1;
    }
    for (std::size_t c = 0; c < events.size(); ++c) events[c] += packets[c] / TraceBuffer::sample_every;
    events.back() = program.steps;
    return events;
}

}  // namespace

TraceShares trace_shares(const Program& program, const Schedule& schedule, std::int64_t bytes) {
    const std::vector<std::int64_t> expected = expected_events(program, schedule);
    double all = 0;
    for (const std::int64_t events : expected) all += static_cast<double>(events);
    const std::int64_t most = bytes / least_event_bytes + 1;
    std::vector<std::size_t> limits;
    for (const std::int64_t events : expected) {
        const double share = static_cast<double>(margin * most) * static_cast<double>(events) / all;
        limits.push_back(static_cast<std::size_t>(std::min(share + 1, static_cast<double>(most))));
    }
    const std::size_t steps = limits.back();
    limits.pop_back();
    return {std::move(limits), steps};
}

Result<std::int64_t> write_trace(OutputFile& file, std::int64_t bytes, const TraceRecord& record) {
    struct Entry {
        std::size_t chip;  ///< the steps after the last
        const TraceEvent* event;
    };
    std::vector<Entry> entries;
    std::int64_t dropped = record.steps.dropped();
    for (std::size_t c = 0; c < record.chips.size(); ++c) {
        dropped += record.chips[c].dropped();
        for (const TraceEvent& event : record.chips[c].events()) entries.push_back({c, &event});
    }
    for (const TraceEvent& event : record.steps.events()) entries.push_back({record.chips.size(), &event});
    std::ranges::stable_sort(entries, {}, [](const Entry& entry) { return entry.event->start; });
    TraceWriter writer(file, bytes, record);
    for (std::size_t k = 0; k < entries.size(); ++k) {
        const auto fits = writer.add(entries[k].chip, *entries[k].event);
        if (!fits) return tl::unexpected(fits.error());
        if (*fits) continue;
        dropped += std::ssize(entries) - static_cast<std::int64_t>(k);
        break;
    }
    if (auto done = writer.finish(dropped); !done) return tl::unexpected(done.error());
    return dropped;
}

}  // namespace tephra
