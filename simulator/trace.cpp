#include "simulator/trace.hpp"

#include <algorithm>
#include <set>

#include "core/files.hpp"
#include "core/json.hpp"
#include "core/text.hpp"
#include "simulator/schedule.hpp"

namespace tephra {
namespace {

constexpr std::int64_t bytes_per_event = 160;  // of the longest line below, with a population name of 40 characters

/// Picoseconds as the microseconds of the format, exactly.
std::string microseconds(std::int64_t time) {
    std::string digits = std::to_string(time % 1'000'000);
    return std::to_string(time / 1'000'000) + "." + std::string(6 - digits.size(), '0') + digits;
}

std::string quoted(const std::string& text) {
    return Json(text).dump(-1);
}

class TraceWriter {
public:
    TraceWriter(const Program& program, const Schedule& schedule) : program_(program), plan_(schedule) {}

    void name_rows(std::size_t chip, const TraceBuffer& buffer) {
        if (buffer.events().empty()) return;
        meta("process_name", chip, 0, "chip " + std::to_string(chip));
        std::set<std::uint32_t> cores;
        for (const TraceEvent& event : buffer.events()) cores.insert(event.core);
        const auto host = static_cast<std::uint32_t>(plan_.machine->cores_per_chip());
        for (const std::uint32_t core : cores)
            meta("thread_name", chip, core, core == host ? "host" : "core " + std::to_string(core));
    }

    void add(std::size_t chip, const TraceEvent& event) {
        const bool step = event.kind == TraceEvent::Kind::step;
        const std::string name =
            step ? "step " + std::to_string(event.token) : program_[plan_.slices[event.slice].population].name;
        begin();
        text_ += R"({"ph":"X","pid":)" + std::to_string(chip) + R"(,"tid":)" + std::to_string(event.core) +
                 R"(,"ts":)" + microseconds(event.start) + R"(,"dur":)" + microseconds(event.duration) + R"(,"cat":")" +
                 (step ? "step" : (event.kind == TraceEvent::Kind::fire ? "fire" : "message")) + R"(","name":)" +
                 quoted(name) + (step ? "" : R"(,"args":{"token":)" + std::to_string(event.token) + "}") + "}";
    }

    void meta(const std::string& what, std::size_t pid, std::uint32_t tid, const std::string& name) {
        begin();
        text_ += R"({"ph":"M","pid":)" + std::to_string(pid) + R"(,"tid":)" + std::to_string(tid) + R"(,"name":")" +
                 what + R"(","args":{"name":)" + quoted(name) + "}}";
    }

    [[nodiscard]] std::string finish(std::int64_t dropped) const {
        return text_ + "\n],\"otherData\":{\"dropped_events\":" + std::to_string(dropped) + "}}\n";
    }

private:
    void begin() {
        text_ += first_ ? "\n" : ",\n";
        first_ = false;
    }
    const Program& program_;
    const Schedule& plan_;
    std::string text_ = R"({"displayTimeUnit":"ns","traceEvents":[)";
    bool first_ = true;
};

}  // namespace

std::size_t trace_limit(std::int64_t bytes, std::size_t buffers) {
    return static_cast<std::size_t>(
        std::max<std::int64_t>(1, bytes / bytes_per_event / static_cast<std::int64_t>(buffers)));
}

Result<void> write_trace(const std::string& path, const Program& program, const Schedule& schedule,
                         const std::vector<const TraceBuffer*>& chips, const TraceBuffer& steps) {
    TraceWriter writer(program, schedule);
    std::int64_t dropped = steps.dropped();
    for (std::size_t c = 0; c < chips.size(); ++c) writer.name_rows(c, *chips[c]);
    if (!steps.events().empty()) writer.meta("process_name", chips.size(), 0, "barrier steps");
    for (std::size_t c = 0; c < chips.size(); ++c) {
        dropped += chips[c]->dropped();
        for (const TraceEvent& event : chips[c]->events()) writer.add(c, event);
    }
    for (const TraceEvent& event : steps.events()) writer.add(chips.size(), event);
    return write_file(path, writer.finish(dropped));
}

}  // namespace tephra
