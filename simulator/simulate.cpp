#include "simulator/simulate.hpp"

#include <algorithm>

#include "core/stop.hpp"
#include "simulator/counts.hpp"
#include "simulator/damage_record.hpp"
#include "simulator/fault_counts.hpp"
#include "simulator/ranked_run.hpp"
#include "simulator/state/checkpointing.hpp"
#include "simulator/state/plain_fields.hpp"
#include "simulator/windows.hpp"

namespace tephra {
namespace {

Result<void> check_options(const SimulateOptions& options) {
    if (auto good = check_threads(options.threads); !good) return good;
    if (options.trace.file != nullptr && options.trace.bytes < least_trace_bytes)
        return bad_input("a trace of " + std::to_string(options.trace.bytes) + " bytes", "trace bytes",
                         "give " + std::to_string(least_trace_bytes) + " or more");
    return {};
}

Result<void> check_mapped(const Program& program, const Machine& machine, const Mapping& mapping, int streams) {
    if (auto sound = accept_mapping(program, machine, mapping); !sound) return sound;
    if (streams > mapping.streams)
        return fail(
            ErrorCode::does_not_fit,
            std::to_string(streams) + " streams, but the mapping holds the state of " + std::to_string(mapping.streams),
            "mapping", "map the model with --streams " + std::to_string(streams));
    return {};
}

/// Chips that are alone need no windows but those at whose ends they may be saved: 1 us, some hundred events.
constexpr std::int64_t window_of_one_chip = 1'000'000;

/// Credits keep a self-timed run from overrunning the slots of its inputs.
Result<void> check_sync(const Program& program, SyncMode sync) {
    const auto credit = [](const Projection& projection) { return projection.transport == Transport::credit; };
    if (sync == SyncMode::barrier || std::ranges::any_of(program.projections, credit)) return {};
    return bad_input("it has no credits, which a self-timed run needs", program.model_name,
                     "networks of time steps run with barriers");
}

/// Simulated time must hold the whole run, even if nothing in it happened side by side.
Result<void> check_time(const Schedule& schedule, std::int64_t rounds, RoundKind round) {
    const std::int64_t most = (longest_time.value() - 1) / std::max<std::int64_t>(1, schedule.longest_token.value());
    if (rounds <= most) return {};
    return fail(ErrorCode::does_not_fit,
                "simulated time has room for " + std::to_string(most) + " " + round_words(round).many +
                    " of this model on this machine, up to " + std::to_string(rounds) + " are wanted",
                round == RoundKind::token ? "new tokens" : "time steps",
                round == RoundKind::token ? "ask for fewer new tokens or streams" : "ask for fewer time steps");
}

class Simulation {
public:
    Simulation(const Program& program, const Machine& machine, const Mapping& mapping, HostFeed& feed,
               const SimulateOptions& options, const Schedule& schedule, RankedRun& ranked)
        : program_(program),
          machine_(machine),
          mapping_(mapping),
          options_(options),
          plan_(schedule),
          feed_(feed),
          ranked_(ranked) {
        state_.program = &program;
        state_.schedule = &schedule;
        state_.sync = options.sync;
        state_.noc = options.noc;
        if (machine.has_link_errors()) state_.errors = &errors_.emplace(schedule, options.fault_seed);
        if (state_.errors != nullptr && options.noc == NocMode::ideal)
            state_.arrivals.resize(schedule.terminals.size());
        ranked.join(state_);
        state_.slices.reserve(schedule.slices.size());
        for (const ScheduledSlice& slice : schedule.slices)
            if (ranked.has(slice.chip))
                state_.slices.emplace_back(program, schedule, slice, feed_.streams(), feed_.total());
            else
                state_.slices.emplace_back();
        state_.slice_counts.resize(schedule.slices.size());
        state_.sent.resize(schedule.fanouts.size());
        state_.delivered.resize(schedule.terminals.size());
        state_.ignored.resize(schedule.terminals.size());
        state_.local_messages.resize(schedule.inputs.size());
        state_.synops.resize(schedule.inputs.size());
        if (program.round == RoundKind::time_step) {
            state_.bins = time_bins(feed_.total());
            state_.bin_width = time_bin_width(feed_.total());
            state_.binned.resize(schedule.slices.size() * static_cast<std::size_t>(state_.bins));
        }
        const TraceShares shares = traced() ? trace_shares(program, schedule, ranked.trace_bytes()) : TraceShares{};
        chips_.resize(static_cast<std::size_t>(machine.chips()));
        for (std::uint32_t c = 0; c < chips_.size(); ++c)
            if (ranked.has(c))
                chips_[c] = std::make_unique<Chip>(state_, ChipId(static_cast<int>(c)), traced() ? shares.chips[c] : 0);
        steps_trace_ = TraceBuffer(shares.steps);
        checkpointing_ = std::make_unique<Checkpointing>(
            options.checkpoint, run_inputs(state_, mapping_hash(mapping), feed_.total(), ranked.trace_bytes()), state_,
            chips_, ranked, [this](StateFields& fields) { loop_state(fields); });
        windows_ =
            std::make_unique<Windows<Chip, RankedRun>>(chips_, window_length(), options.threads, ranked.others());
    }

    /// `stop`: the caller's flag (core/stop.hpp). A run that several share or that is saved stops between windows:
    /// there all ranks do, and the state is whole.
    Result<Run> run(const std::atomic<bool>* stop) {
        if (ranked_.resumes())
            if (auto loaded = checkpointing_->resume(); !loaded) return tl::unexpected(loaded.error());
        const bool pauses = ranked_.saves() || options_.ranks != nullptr;
        const StopScope scope(pauses ? nullptr : stop);
        stop_point();
        if (pauses)
            windows_->pauses([this, stop] { return checkpointing_->wanted(stop); },
                             [this](Pause pause) { checkpointing_->pause(pause); });
        if (options_.sync == SyncMode::barrier) {
            run_steps();
        } else {
            run_self_timed();
            if (ranked_.is_root()) split_ = host_cores().end_of_path().split;
        }
        if (const auto fault = state_.fault.first())
            return bad_input(describe(fault->what) + " in round " + std::to_string(fault->round),
                             program_[plan_.slices[fault->slice].population].name,
                             "use smaller inputs, weights or biases (docs/numerics.md)");
        if (feed_.left() != feed_.total())
            return fail(ErrorCode::internal,
                        "the run stopped after " + std::to_string(feed_.left()) + " of " +
                            std::to_string(feed_.total()) + " " + round_words(program_.round).many,
                        "simulation");
        RunCounters counters = read_counters(plan_, chips_);
        std::vector<TraceBuffer> traces;
        for (const auto& chip : chips_) traces.push_back(chip ? chip->take_trace() : TraceBuffer(0));
        ranked_.gather(counters, traces);
        if (options_.scaling != nullptr && options_.ranks == nullptr)
            *options_.scaling = {ranked_.scaling().rows(), ranked_.scaling().event_seconds()};
        if (!ranked_.is_root()) return Run{};
        if (auto sound = check_conservation(state_, counters); !sound) return tl::unexpected(sound.error());
        Run run = summary(counters.hash);
        collect_counts(state_, counters, run);
        if (state_.errors != nullptr) {
            run.faults = record_faults(plan_, counters.faults, counters.waits);
            run.faults->seed = options_.fault_seed;
            if (options_.sync == SyncMode::dataflow) run.faults->stall = plan_.stall_time();
        }
        if (traced())
            if (auto written = write_timeline(traces); !written) return tl::unexpected(written.error());
        return run;
    }

private:
    [[nodiscard]] bool traced() const { return ranked_.trace_bytes() > 0; }

    [[nodiscard]] Result<void> write_timeline(const std::vector<TraceBuffer>& traces) const {
        const auto dropped =
            write_trace(*options_.trace.file, options_.trace.bytes, {program_, plan_, traces, steps_trace_});
        if (!dropped) return tl::unexpected(dropped.error());
        if (options_.trace.dropped != nullptr) *options_.trace.dropped = *dropped;
        return {};
    }

    [[nodiscard]] std::int64_t window_length() const {
        if (machine_.chips() == 1) return ranked_.saves() ? window_of_one_chip : EventQueue::never;
        return std::max<std::int64_t>(machine_.link.latency.value(), 1);
    }

    /// Self-timed runs. Where messages were lost, the run stands still until the time-out tells those that wait for
    /// them to go on: then all that was not lost has arrived, so nothing comes too late.
    void run_self_timed() {
        if (ranked_.is_root() && !ranked_.resumes()) host_cores().start_feed(0);
        for (;;) {
            windows_->run();
            const StepEnd end = ranked_.together(step_end());
            if (state_.errors == nullptr || state_.fault.raised() || end.stall == Stall{}) return;
            const std::int64_t now = std::max(end.last_end, end.last_event) + plan_.stall_time().value();
            for_each_chip([&](Chip& chip) { chip.cores().go_on(end.stall, now); });
        }
    }

    /// Barrier runs. A token enters at the beginning of a step when one is known; k steps later the slices of stage k
    /// fire it. The step ends when all neurons are evaluated and no packet and no task is left; then the barrier
    /// synchronises all chips.
    void run_steps() {
        const auto stages = slices_by_stage();
        bool begun = ranked_.resumes();  // a checkpoint lies within a step
        for (;; ++step_, begun = false) {
            if (!begun && !begin_step(stages)) break;
            windows_->run();
            const StepEnd last = ranked_.together(step_end());
            if (state_.fault.raised()) return;
            now_ = end_step(step_, now_, last);
        }
    }

    /// false: no token is left.
    bool begin_step(const std::vector<std::vector<std::uint32_t>>& stages) {
        const auto depth = static_cast<std::int64_t>(stages.size());
        if (feed_.waiting()) entry_.push_back(step_);
        while (oldest_ < entry_.size() && step_ - entry_[oldest_] >= depth) ++oldest_;
        if (oldest_ == entry_.size()) return false;
        for_each_chip([this](Chip& chip) { chip.cores().begin_step(now_); });
        for (std::size_t token = oldest_; token < entry_.size(); ++token)
            for (const std::uint32_t slice : stages[static_cast<std::size_t>(step_ - entry_[token])])
                chips_[plan_.slices[slice].chip]->cores().start(slice, now_);
        return true;
    }

    void loop_state(StateFields& fields) {
        fields(split_, barrier_, management_, steps_, step_, now_, oldest_);
        fields.list(entry_, static_cast<std::size_t>(feed_.total()));
        bool sound = oldest_ <= entry_.size() && now_ >= 0;
        for (std::size_t token = oldest_; sound && token < entry_.size(); ++token)
            sound = entry_[token] <= step_ && step_ - entry_[token] < program_.steps;
        fields.expect(sound, "a step is none of the run");
        steps_trace_.state(fields, plan_.slices.size());
    }

    /// How the step ended on the chips of this rank.
    StepEnd step_end() {
        StepEnd end;
        CoreEngine* last = nullptr;
        for (std::size_t c = 0; c < chips_.size(); ++c) {
            if (!chips_[c]) continue;
            end.last_event = std::max(end.last_event, chips_[c]->last_time());
            if (last != nullptr && chips_[c]->cores().last_end() <= last->last_end()) continue;
            last = &chips_[c]->cores();
            end.last_chip = static_cast<int>(c);
        }
        if (last != nullptr) {  // each rank has a chip
            end.last_end = last->last_end();
            end.parts = last->parts_of_last();
        }
        if (ranked_.is_root()) end.left_at = host_cores().end_of_path().time;
        if (state_.errors != nullptr && options_.sync == SyncMode::dataflow)
            for_each_chip([&](Chip& chip) { end.stall = std::min(end.stall, chip.cores().first_stall()); });
        return end;
    }

    /// Books a step that began at `begin`, by what its last core waited for; returns when the next one begins.
    std::int64_t end_step(std::int64_t step, std::int64_t begin, const StepEnd& last) {
        if (feed_.left() == feed_.total()) return end_run(step, begin, last.left_at);
        const std::int64_t end = std::max(begin, last.last_end);
        std::int64_t rest = end - begin;
        if (rest > 0)
            for (std::size_t k = 0; k < path_parts; ++k) split_[k] += last.parts[k], rest -= last.parts[k];
        const std::int64_t barrier = plan_.barrier_time().value();
        const std::int64_t management = machine_.barrier.management.value();
        barrier_ += barrier;
        management_ += management;
        ++steps_;
        steps_trace_.add({begin, end - begin, 0, 0, static_cast<std::uint32_t>(step), TraceEvent::Kind::step});
        // A step begins with all credits at home, also where the barrier is shorter than the link between chips that
        // they return over.
        const std::int64_t next = std::max(end + barrier + management, last.last_event);
        part(PathPart::network) += rest + next - (end + barrier + management);
        return next;
    }

    /// The last step ends when its token leaves: what the host did since its begin.
    std::int64_t end_run(std::int64_t step, std::int64_t begin, std::int64_t end) {
        for_each_chip([end](Chip& chip) { chip.cores().end_run(end); });
        part(PathPart::host) += end - begin;
        steps_trace_.add({begin, end - begin, 0, 0, static_cast<std::uint32_t>(step), TraceEvent::Kind::step});
        return end;
    }

    std::int64_t& part(PathPart part) { return split_[static_cast<std::size_t>(part)]; }
    [[nodiscard]] Picoseconds time_of(PathPart part) const {
        return Picoseconds(split_[static_cast<std::size_t>(part)]);
    }

    /// The chips that this rank has.
    template <typename Use>
    void for_each_chip(const Use& use) {
        for (const auto& chip : chips_)
            if (chip) use(*chip);
    }
    /// On the root: those of the host's chip.
    [[nodiscard]] CoreEngine& host_cores() { return chips_[machine_.host.chip.index()]->cores(); }

    /// Those of this rank.
    [[nodiscard]] std::vector<std::vector<std::uint32_t>> slices_by_stage() const {
        std::vector<std::vector<std::uint32_t>> stages(static_cast<std::size_t>(program_.steps));
        for (std::uint32_t s = 0; s < plan_.slices.size(); ++s)
            if (ranked_.has(plan_.slices[s].chip))
                stages[static_cast<std::size_t>(program_[plan_.slices[s].population].stage)].push_back(s);
        return stages;
    }

    Run summary(const EventHash& hash) const {
        Run run;
        run.version = TEPHRA_VERSION;
        run.model_name = program_.model_name;
        run.machine_name = machine_.name;
        run.machine_kind = machine_.kind;
        run.model = program_.model;
        run.machine = machine_.hash;
        run.mapping = mapping_hash(mapping_);
        run.trace = {hash.low, hash.high};
        run.round = program_.round;
        run.sync = options_.sync;
        run.noc = options_.noc;
        run.synapse_format = weight_storage_name(mapping_.format);
        run.head_on_host = mapping_.head_on_host;
        run.powered_chips = plan_.mapped_chips;
        run.machine_chips = machine_.chips();
        run.geometry = {machine_.chips_x,      machine_.chips_y,      machine_.chips_z,
                        machine_.mesh.tiles_x, machine_.mesh.tiles_y, machine_.mesh.cores_per_tile};
        run.damage = record_damage(machine_);
        feed_.describe(run);
        Picoseconds end;
        for (const TokenRecord& token : run.tokens) end = std::max(end, token.left);
        run.elapsed = end - run.tokens.front().entered;
        run.synapses = time_of(PathPart::synapses);
        run.neurons = time_of(PathPart::neurons);
        run.sending = time_of(PathPart::sending);
        run.network = time_of(PathPart::network);
        run.host = time_of(PathPart::host);
        run.barrier = Picoseconds(barrier_);
        run.management = Picoseconds(management_);
        run.steps = steps_;
        return run;
    }

    const Program& program_;
    const Machine& machine_;
    const Mapping& mapping_;
    const SimulateOptions& options_;
    const Schedule& plan_;
    HostFeed& feed_;
    RankedRun& ranked_;
    std::optional<LinkErrorLaw> errors_;
    RunState state_;
    std::vector<std::unique_ptr<Chip>> chips_;  ///< nullptr: of other ranks, or idle
    std::unique_ptr<Windows<Chip, RankedRun>> windows_;
    TraceBuffer steps_trace_{0};
    PathSplit split_{};
    std::int64_t barrier_ = 0, management_ = 0;
    std::int64_t steps_ = 0;
    // Barrier runs: the present step, when it began, the step in which each token entered, the first token in flight.
    std::int64_t step_ = 0, now_ = 0;
    std::vector<std::int64_t> entry_;
    std::size_t oldest_ = 0;
    std::unique_ptr<Checkpointing> checkpointing_;
};

}  // namespace

Result<Run> simulate(const Program& program, const Machine& machine, const Mapping& mapping, HostFeed& feed,
                     const SimulateOptions& options) {
    // Ranks stop together: none may leave where others wait for it.
    const std::atomic<bool>* stop = stop_flag();
    const StopScope scope(options.ranks == nullptr ? stop : nullptr);
    return on_ranks(options.ranks, [&]() -> Result<Run> {
        if (auto fine = check_options(options); !fine) return tl::unexpected(fine.error());
        if (auto fine = check_mapped(program, machine, mapping, feed.streams()); !fine)
            return tl::unexpected(fine.error());
        if (auto fine = check_sync(program, options.sync); !fine) return tl::unexpected(fine.error());
        RankedRun ranked(options.ranks, feed);
        if (auto fine = ranked.agree(program, mapping, options); !fine) return tl::unexpected(fine.error());
        const bool self_timed = options.sync == SyncMode::dataflow;
        auto schedule = make_schedule(program, machine, mapping, self_timed);
        if (!schedule) return tl::unexpected(schedule.error());
        if (auto fine = check_time(**schedule, feed.total(), program.round); !fine) return tl::unexpected(fine.error());
        if (auto fine = ranked.deal(program, **schedule, options.scaling != nullptr); !fine)
            return tl::unexpected(fine.error());
        return with_threads([&] {
            return Simulation(program, machine, mapping, ranked.feed(), options, **schedule, ranked).run(stop);
        });
    });
}

}  // namespace tephra
