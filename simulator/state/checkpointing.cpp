#include "simulator/state/checkpointing.hpp"

#include <chrono>
#include <optional>

#include "core/stop.hpp"
#include "core/text.hpp"
#include "simulator/state/plain_fields.hpp"

namespace tephra {

std::function<bool()> every_seconds(double seconds) {
    using Clock = std::chrono::steady_clock;
    const auto period = std::chrono::duration<double>(seconds);
    return [period, last = Clock::now()]() mutable {
        const auto now = Clock::now();
        if (now - last < period) return false;
        last = now;
        return true;
    };
}

std::vector<CheckpointInput> run_inputs(const RunState& run, const Hash128& mapping, std::int64_t rounds,
                                        std::int64_t trace_bytes) {
    return {
        {"version of tephra", TEPHRA_VERSION},
        {"model", to_string(run.program->model)},
        {"machine", to_string(run.schedule->machine.hash)},
        {"mapping", to_string(mapping)},
        {"--sync", sync_name(run.sync)},
        {"--noc", noc_name(run.noc)},
        {"--fault-seed", run.errors == nullptr ? "no link errs" : std::to_string(run.errors->seed())},
        {"number of " + round_words(run.program->round).many, std::to_string(rounds)},
        {"number of streams", std::to_string(run.feed->streams())},
        {"bound of --trace", trace_bytes == 0 ? "no timeline" : bytes_text(static_cast<std::uint64_t>(trace_bytes))}};
}

namespace {

/// The file that a checkpoint is written into. What fails is told at the end.
class SavedFile {
public:
    SavedFile(const std::string& path, std::span<const CheckpointInput> inputs, std::size_t sections)
        : file_(OutputFile::create_regular(path)) {
        if (!file_) {
            failure_ = file_.error();
            return;
        }
        writer_.emplace(*file_);
        keep(writer_->begin(inputs, sections));
    }
    void add(std::span<const std::byte> section) {
        if (!failure_) keep(writer_->add(section));
    }
    /// Returns its bytes.
    Result<std::size_t> commit() {
        if (failure_) return tl::unexpected(*failure_);
        const std::size_t bytes = file_->size();
        return file_->commit().map([bytes] { return bytes; });
    }

private:
    void keep(const Result<void>& done) {
        if (!done) failure_ = done.error();
    }
    Result<OutputFile> file_;
    std::optional<CheckpointWriter> writer_;
    std::optional<Error> failure_;
};

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}

std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Checkpointing::Checkpointing(const CheckpointOptions& options, std::vector<CheckpointInput> inputs, RunState& run,
                             std::vector<std::unique_ptr<Chip>>& chips, RankedRun& ranked,
                             std::function<void(StateFields&)> loop)
    : options_(options), inputs_(std::move(inputs)), run_(run), chips_(chips), ranked_(ranked), loop_(std::move(loop)) {
    inputs_.insert(inputs_.end(), options.inputs.begin(), options.inputs.end());
    if (!ranked.saves() && !ranked.resumes()) return;
    const Schedule& plan = *run.schedule;
    slices_.resize(chips.size());
    terminals_.resize(chips.size());
    for (std::uint32_t s = 0; s < plan.slices.size(); ++s)
        slices_[plan.slices[s].on_host ? plan.machine.host.chip.index() : plan.slices[s].chip].push_back(s);
    for (std::uint32_t t = 0; t < plan.terminals.size(); ++t) terminals_[plan.terminals[t].chip].push_back(t);
}

/// What belongs to no chip. The root alone has it all.
void Checkpointing::run_state(StateFields& fields) {
    run_.feed->state(fields);
    loop_(fields);
    if (fields.sound() && run_.observer != nullptr) run_.observer->state(fields, run_.feed->entered());
    fault_state(fields);
}

void Checkpointing::fault_state(StateFields& fields) {
    auto fault = run_.fault.first().value_or(RunFault::Place{});
    bool raised = run_.fault.raised();
    auto kind = static_cast<std::uint32_t>(fault.what.kind);
    fields(raised, fault.round, fault.what.neuron);
    fields.index(fault.slice, run_.slices.size());
    fields.index(kind, static_cast<std::size_t>(SliceFault::Kind::message) + 1);
    fault.what.kind = static_cast<SliceFault::Kind>(kind);
    if (fields.loading() && fields.sound() && raised) run_.fault.raise(fault);
}

void Checkpointing::chip_state(StateFields& fields, std::size_t chip) {
    if (!chips_[chip]) return;  // it has nothing to do
    const Schedule& plan = *run_.schedule;
    for (const std::uint32_t s : slices_[chip]) {
        const ScheduledSlice& slice = plan.slices[s];
        run_.slices[s].state(fields);
        RunState::SliceCounts& counts = run_.slice_counts[s];
        fields(counts.fired, counts.skipped, counts.passed, counts.messages, counts.idle);
        const auto bins = static_cast<std::size_t>(run_.bins);
        if (bins > 0) fields.part(std::span(run_.binned).subspan(s * bins, bins));
        for (RunState::FanoutCounts& sent : std::span(run_.sent).subspan(slice.first_fanout, slice.fanouts))
            fields(sent.packets, sent.markers);
        for (std::uint32_t f = slice.first_fanout; !run_.arrivals.empty() && f < slice.first_fanout + slice.fanouts;
             ++f)
            fields.part(std::span(run_.arrivals).subspan(plan.fanouts[f].first_terminal, plan.fanouts[f].terminals));
        fields.part(std::span(run_.local_messages).subspan(slice.first_input, slice.inputs));
        fields.part(std::span(run_.synops).subspan(slice.first_input, slice.inputs));
    }
    for (const std::uint32_t t : terminals_[chip]) fields(run_.delivered[t], run_.ignored[t]);
    chips_[chip]->state(fields);
}

/// Section of a chip, on the root; "" on other ranks.
std::string Checkpointing::chip_section(std::size_t chip) {
    StateFields fields;
    chip_state(fields, chip);
    std::string section = text_of(fields.saved());
    ranked_.to_root(chip, section);
    return section;
}

/// All ranks go through all rounds, whatever fails on the root.
Result<std::size_t> Checkpointing::write() {
    ranked_.gather_faults();
    std::optional<SavedFile> file;
    if (ranked_.is_root()) {
        StateFields fields;
        run_state(fields);
        file.emplace(options_.path, inputs_, 1 + chips_.size()).add(fields.saved());
    }
    for (std::size_t c = 0; c < chips_.size(); ++c) {
        const std::string section = chip_section(c);
        if (file) file->add(bytes_of(section));
    }
    Result<std::size_t> written = file ? file->commit() : 0;
    ranked_.meet();  // nobody goes on, or ends, before the file is there
    return written;
}

Result<void> Checkpointing::load(std::span<const std::byte> section, const std::string& what,
                                 const std::function<void(StateFields&)>& state) {
    StateFields fields(section);
    state(fields);
    const std::string fault = fields.fault();
    if (fault.empty()) return {};
    return bad_input("the state of " + what + " does not fit this run: " + fault,
                     options_.resume != nullptr ? options_.resume->place() : "checkpoint",
                     "run again without the checkpoint");
}

Result<void> Checkpointing::accept() const {
    const Checkpoint& from = *options_.resume;
    if (auto same = from.accept(inputs_); !same) return same;
    if (from.sections() == 1 + chips_.size()) return {};
    return bad_input("it has " + std::to_string(from.sections()) + " sections, this machine has " +
                         std::to_string(1 + chips_.size()),
                     from.place(), "run again without the checkpoint");
}

Result<void> Checkpointing::resume() {
    const bool root = ranked_.is_root();
    const auto run = [this](StateFields& fields) { run_state(fields); };
    std::string shared;
    if (root) {
        if (auto fits = accept(); !fits) return fits;
        if (auto loaded = load(options_.resume->section(0), "the run", run); !loaded) return loaded;
        StateFields fields;
        loop_(fields);
        shared = text_of(fields.saved());
    }
    ranked_.go_on(shared);
    if (!root)
        if (auto loaded = load(bytes_of(shared), "the run", loop_); !loaded) return loaded;
    for (std::size_t c = 0; c < chips_.size(); ++c) {
        std::string section = root ? text_of(options_.resume->section(1 + c)) : "";
        ranked_.from_root(c, section);
        const auto state = [&](StateFields& fields) { chip_state(fields, c); };
        if (auto loaded = load(bytes_of(section), "chip " + std::to_string(c), state); !loaded) return loaded;
    }
    return {};
}

Pause Checkpointing::wanted(const std::atomic<bool>* stop) {
    if (stop != nullptr && stop->load(std::memory_order_relaxed)) return Pause::stop;
    // Asked on the root alone, whose clock counts.
    return ranked_.is_root() && ranked_.saves() && options_.due && options_.due() ? Pause::save : Pause::none;
}

void Checkpointing::pause(Pause pause) {
    if (ranked_.saves()) {
        const Result<std::size_t> written = write();
        if (options_.report != nullptr && ranked_.is_root()) {
            options_.report->failure = written ? std::nullopt : std::optional(written.error());
            if (written) ++options_.report->written, options_.report->bytes = *written;
        }
    }
    if (pause == Pause::stop) throw Stopped();
}

}  // namespace tephra
