#include "simulator/state/checkpointing.hpp"

#include <chrono>

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

Checkpointing::Checkpointing(const CheckpointOptions& options, std::vector<CheckpointInput> inputs, RunState& run,
                             std::vector<std::unique_ptr<Chip>>& chips, std::function<void(StateFields&)> loop)
    : options_(options), inputs_(std::move(inputs)), run_(run), chips_(chips), loop_(std::move(loop)) {
    inputs_.insert(inputs_.end(), options.inputs.begin(), options.inputs.end());
    if (!writes() && !resumes()) return;
    const Schedule& plan = *run.schedule;
    slices_.resize(chips.size());
    terminals_.resize(chips.size());
    for (std::uint32_t s = 0; s < plan.slices.size(); ++s)
        slices_[plan.slices[s].on_host ? plan.machine.host.chip.index() : plan.slices[s].chip].push_back(s);
    for (std::uint32_t t = 0; t < plan.terminals.size(); ++t) terminals_[plan.terminals[t].chip].push_back(t);
}

void Checkpointing::run_state(StateFields& fields) {
    run_.feed->state(fields);
    loop_(fields);
    if (fields.sound() && run_.observer != nullptr) run_.observer->state(fields, run_.feed->entered());
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

Result<std::size_t> Checkpointing::write() {
    auto file = OutputFile::create_regular(options_.path);
    if (!file) return tl::unexpected(file.error());
    CheckpointWriter writer(*file);
    if (auto begun = writer.begin(inputs_, 1 + chips_.size()); !begun) return tl::unexpected(begun.error());
    for (std::size_t k = 0; k <= chips_.size(); ++k) {
        StateFields fields;
        k == 0 ? run_state(fields) : chip_state(fields, k - 1);
        if (auto added = writer.add(fields.saved()); !added) return tl::unexpected(added.error());
    }
    const std::size_t bytes = file->size();
    if (auto committed = file->commit(); !committed) return tl::unexpected(committed.error());
    return bytes;
}

Result<void> Checkpointing::load(std::size_t section, const std::string& what,
                                 const std::function<void(StateFields&)>& state) {
    StateFields fields(options_.resume->section(section));
    state(fields);
    const std::string fault = fields.fault();
    if (fault.empty()) return {};
    return bad_input("the state of " + what + " does not fit this run: " + fault, options_.resume->place(),
                     "run again without the checkpoint");
}

Result<void> Checkpointing::resume() {
    const Checkpoint& from = *options_.resume;
    if (auto same = from.accept(inputs_); !same) return same;
    if (from.sections() != 1 + chips_.size())
        return bad_input("it has " + std::to_string(from.sections()) + " sections, this machine has " +
                             std::to_string(1 + chips_.size()),
                         from.place(), "run again without the checkpoint");
    if (auto loaded = load(0, "the run", [&](StateFields& fields) { run_state(fields); }); !loaded) return loaded;
    for (std::size_t c = 0; c < chips_.size(); ++c) {
        auto loaded = load(1 + c, "chip " + std::to_string(c), [&](StateFields& fields) { chip_state(fields, c); });
        if (!loaded) return loaded;
    }
    return {};
}

void Checkpointing::window_ended(const std::atomic<bool>* stop) {
    const bool stops = stop != nullptr && stop->load(std::memory_order_relaxed);
    if (!stops && !(options_.due && options_.due())) return;
    const Result<std::size_t> written = write();
    if (options_.report != nullptr) {
        options_.report->failure = written ? std::nullopt : std::optional(written.error());
        if (written) ++options_.report->written, options_.report->bytes = *written;
    }
    if (stops) throw Stopped();
}

}  // namespace tephra
