#include "simulator/core_engine.hpp"

#include <algorithm>
#include <cassert>

namespace tephra {
namespace {

constexpr ChipEvent event_of(CoreUnit unit) {
    return static_cast<ChipEvent>(static_cast<std::uint32_t>(ChipEvent::receive) + static_cast<std::uint32_t>(unit));
}
static_assert(event_of(CoreUnit::neurons) == ChipEvent::neurons && event_of(CoreUnit::send) == ChipEvent::send);
static_assert(static_cast<PathPart>(CoreUnit::receive) == PathPart::synapses &&
              static_cast<PathPart>(CoreUnit::neurons) == PathPart::neurons &&
              static_cast<PathPart>(CoreUnit::send) == PathPart::sending);

}  // namespace

CoreEngine::CoreEngine(RunState& run, const ChipParts& parts)
    : run_(run),
      plan_(*run.schedule),
      chip_(parts.chip),
      network_(parts.network),
      queue_(parts.queue),
      packets_(parts.packets),
      outbox_(parts.outbox),
      trace_(parts.trace) {
    const Machine& machine = plan_.machine;
    const int cores = machine.cores_per_chip();
    const ChipLinks links{&machine, &plan_.topology, chip_};
    cores_.resize(static_cast<std::size_t>(cores) + 1);
    of_link_.resize(static_cast<std::size_t>(links.count()));
    for (int c = 0; c <= cores; ++c) {
        const bool is_host = c == cores;
        if (is_host && machine.host.chip != chip_) break;
        const CoreId id = is_host ? plan_.topology.host() : CoreId(chip_.value * cores + c);
        Core& core = cores_[static_cast<std::size_t>(c)];
        core.is_host = is_host;
        const CoreTiming timing = machine.timing_of(id);
        core.message_in = (is_host ? machine.host.message : timing.message_in).value();
        core.message_out = (is_host ? machine.host.message : timing.message_out).value();
        core.in_buffer = links.buffer({plan_.topology.eject(id)});
        of_link_[links.local(plan_.topology.eject(id))] = {static_cast<std::uint32_t>(c), CoreUnit::receive};
        of_link_[links.local(plan_.topology.inject(id))] = {static_cast<std::uint32_t>(c), CoreUnit::send};
    }
    bool found = false;
    for (std::uint32_t s = 0; s < plan_.slices.size(); ++s) {  // in order of chip and core, the host's last
        const ScheduledSlice& slice = plan_.slices[s];
        if (slice.on_host && machine.host.chip != chip_) break;
        if (!slice.on_host && slice.chip != static_cast<std::uint32_t>(chip_.value)) continue;
        if (slice.on_host) first_host_slice_ = std::min(first_host_slice_, s);
        if (!slice.on_host && !std::exchange(found, true)) first_slice_ = s;
        if (!slice.on_host) ++chip_slices_;
        Core& core = cores_[local_core(slice.core)];
        if (core.first_slice == core.end_slice) {
            core.first_slice = s;
            if (!slice.on_host) mapped_.push_back(local_core(slice.core));
        }
        core.end_slice = s + 1;
        if (!slice.on_host) core.evaluation += slice.neuron * slice.size();
        firings_.emplace_back();
    }
    // A timeline records what cores do in the order of events.
    ahead_ = run_.sync == SyncMode::barrier && run_.noc == NocMode::contended && !trace_.enabled();
    for (const std::uint32_t c : mapped_)
        if (longest_core_ == no_index || cores_[c].evaluation > cores_[longest_core_].evaluation) longest_core_ = c;
    if (!ahead_) return;
    for (const Core& core : cores_)
        if (&core != &cores_.back() || machine.host.chip == chip_) network_.serve_ahead(*this, core.in_buffer);
}

std::uint32_t CoreEngine::local_core(CoreId core) const {
    if (core == plan_.topology.host()) return host_core();
    return static_cast<std::uint32_t>(core.value % plan_.machine.cores_per_chip());
}

void CoreEngine::start(std::uint32_t slice, std::int64_t now) {
    firing(slice).queued = true;
    const std::uint32_t index = local_core(plan_.slices[slice].core);
    schedule(cores_[index], index, CoreUnit::neurons, now);
}

void CoreEngine::start_feed(std::int64_t now) {
    offer(plan_.source, now);
}

void CoreEngine::schedule(Core& core, std::uint32_t index, CoreUnit unit, std::int64_t time) {
    Unit& of = core.unit(unit);
    if (of.scheduled) return;
    of.scheduled = true;
    queue_.push(std::max(time, of.busy_until), event_target(event_of(unit), index), 0, 0);
}

void CoreEngine::wake(std::uint32_t link, std::int64_t now) {
    const auto [index, which] = of_link_[link];
    Core& core = cores_[index];
    const Unit& unit = core.unit(which);
    if (unit.scheduled) return;
    if (which == CoreUnit::receive) {
        if (unit.busy_until > now) return schedule(core, index, which, now);
        return receive(core, index, now);
    }
    if (ahead_) return send_ahead(core, index, now);
    if (core.chosen == no_index) return;
    const std::int64_t from = std::max({now, unit.busy_until, firing(core.chosen).next_from});
    // A core sends by an event, after all packets that arrive at that picosecond.
    if (from > now || network_.precedes(event_target(ChipEvent::send, index)))
        return schedule(core, index, which, from);
    send(core, index, now);
}

void CoreEngine::step(ChipEvent kind, std::uint32_t index, std::int64_t now) {
    Core& core = cores_[index];
    switch (kind) {
        case ChipEvent::receive:
            if (ahead_) return;  // the network has freed slots of the buffer
            core.unit(CoreUnit::receive).scheduled = false;
            return receive(core, index, now);
        case ChipEvent::neurons:
            if (run_.sync == SyncMode::barrier) return evaluate_step(core, index, now);
            return evaluate_ready(core, index, now);
        case ChipEvent::send:
            core.unit(CoreUnit::send).scheduled = false;
            return send(core, index, now);
        default:
            assert(false);
    }
}

/// If nobody samples a token's logits, the host skips its work for the token: zero time, zero output. Packets and
/// firings still keep the order of tokens. The token source works for every token.
bool CoreEngine::idles(const Core& core, std::uint32_t token) const {
    return core.is_host && !run_.feed->wants_output(token);
}

/// Self-timed runs: a slice joins the queue of its core's neuron unit if its next token may fire.
void CoreEngine::offer(std::uint32_t slice, std::int64_t now) {
    Firing& last = firing(slice);
    if (last.queued || last.outgoing || !run_.slices[slice].ready()) return;
    if (slice == plan_.source && !run_.feed->waiting()) return;
    last.queued = true;
    const std::uint32_t index = local_core(plan_.slices[slice].core);
    cores_[index].ready.push_back(slice);
    schedule(cores_[index], index, CoreUnit::neurons, now);
}

/// Barrier runs: evaluates all neurons of a core, slice by slice; those whose token is due fire. The host evaluates
/// nothing else.
void CoreEngine::evaluate_step(Core& core, std::uint32_t index, std::int64_t now) {
    Unit& unit = core.unit(CoreUnit::neurons);
    unit.scheduled = false;
    unit.busy_until = now;
    for (std::uint32_t s = core.first_slice; s < core.end_slice; ++s) {
        if (firing(s).queued)
            fire(core, index, s, unit.busy_until);
        else if (!core.is_host)
            unit.busy_until += plan_.slices[s].neuron * plan_.slices[s].size();
    }
    book(core, index, CoreUnit::neurons, now, unit.busy_until);
    if (ahead_) send_ahead(core, index, now);
}

/// Self-timed runs: evaluates the next slice that is ready.
void CoreEngine::evaluate_ready(Core& core, std::uint32_t index, std::int64_t now) {
    Unit& unit = core.unit(CoreUnit::neurons);
    assert(unit.busy_until <= now && !core.ready.empty());
    if (now > unit.busy_until) unit.busy_since = now;
    const std::uint32_t slice = core.ready.front();
    core.ready.erase(core.ready.begin());
    unit.busy_until = now;
    fire(core, index, slice, now);  // what it makes ready finds the unit scheduled
    book(core, index, CoreUnit::neurons, now, unit.busy_until);
    unit.scheduled = false;
    offer(slice, now);
    if (!core.ready.empty()) schedule(core, index, CoreUnit::neurons, unit.busy_until);
}

/// Fires the next token of a slice from `start` on; the neuron unit is busy until its last neuron is evaluated.
void CoreEngine::fire(Core& core, std::uint32_t index, std::uint32_t id, std::int64_t start) {
    Firing& now = firing(id);
    now.queued = false;
    const ScheduledSlice& plan = plan_.slices[id];
    const SliceEngine& slice = run_.slices[id];
    now.token = slice.next_token();
    const bool idle = id != plan_.source && idles(core, now.token);
    now.neuron = idle ? 0 : plan.neuron;
    now.spike = idle ? 0 : plan.spike;
    now.first = start + (id == plan_.source ? plan_.machine.host.token.value() : 0);
    now.fired = {start, {}};
    if (run_.sync == SyncMode::dataflow) {
        now.fired = slice.trigger();
        // The unit was free, and the inputs were there: then the slice waited until its last output was sent.
        now.fired.extend(part(core, CoreUnit::send), std::min(core.unit(CoreUnit::neurons).busy_since, start));
        now.fired.extend(part(core, CoreUnit::neurons), start);
    }
    std::int64_t duration = now.first - start + now.neuron * plan.size();
    compute(now, id, start, duration, idle);
    const std::int64_t zeros = std::ranges::count(now.output.messages, 0U);
    // The host takes no part in a round in which nothing enters: it has nothing to look up and nothing to send.
    const bool absent = id == plan_.source && zeros == std::ssize(now.output.messages) && now.output.record.empty();
    if (absent) duration = now.neuron = 0, now.first = start;
    auto& counts = run_.slice_counts[id];
    ++counts.fired;
    if (idle || absent) ++counts.idle;
    if (plan.message_fanouts > 0 && !idle && !absent) counts.skipped += zeros;
    const std::int64_t messages = std::ssize(now.output.messages) - zeros;
    counts.messages += messages;
    if (run_.bins > 0) run_.binned[static_cast<std::size_t>(id * run_.bins + now.token / run_.bin_width)] += messages;
    duration += now.spike * messages + pass_locally(plan, id, now);
    now.end = start + duration;
    core.unit(CoreUnit::neurons).busy_until = now.end;
    hash_.add(moment(start, Mark::fire), id, now.token);
    if (trace_.enabled()) trace_.add({start, duration, index, id, now.token, TraceEvent::Kind::fire});
    if (id == plan_.sink && run_.sync == SyncMode::dataflow) offer(plan_.source, start);
    if (plan.fanouts == 0) return;
    if (run_.sync == SyncMode::dataflow) find_last_neurons(now, plan);
    begin_sending(core, index, id, start);
}

/// The output of a slice that fires. The source takes its token from the feed, the sink gives it the logits.
void CoreEngine::compute(Firing& firing, std::uint32_t id, std::int64_t start, std::int64_t duration, bool idle) {
    SliceEngine& slice = run_.slices[id];
    if (id == plan_.source) {
        PathPoint known = run_.feed->trigger();
        if (run_.sync == SyncMode::dataflow && known.time > slice.trigger().time) {
            known.extend(PathPart::host, start);
            firing.fired = known;
        }
        const auto values = run_.feed->enter(start);
        fire_slice(firing, id, values);
    } else if (id == plan_.sink) {
        firing.output.messages.clear();
        firing.output.record.clear();
        check(firing, id, slice.collect(logits_));
        end_of_path_ = firing.fired;
        end_of_path_.extend(PathPart::host, start + duration);
        run_.feed->leave(firing.token, logits_, end_of_path_);
    } else {
        fire_slice(firing, id, {});
        if (idle) std::ranges::fill(firing.output.messages, 0U);
    }
}

void CoreEngine::fire_slice(Firing& firing, std::uint32_t id, std::span<const std::int32_t> fed) {
    SliceEngine& slice = run_.slices[id];
    const int stream = run_.feed->stream(firing.token);
    check(firing, id, slice.fire(stream, fed, firing.output));
    if (run_.observer == nullptr) return;
    const std::span messages(reinterpret_cast<const std::int32_t*>(firing.output.messages.data()),
                             firing.output.messages.size());
    run_.observer->fired(plan_.slices[id], firing.token, messages, slice.state(stream));
}

void CoreEngine::check(const Firing& firing, std::uint32_t id, const std::optional<SliceFault>& fault) {
    if (fault) run_.fault.raise({firing.token, id, *fault});
}

}  // namespace tephra
