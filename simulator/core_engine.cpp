#include "simulator/core_engine.hpp"

#include <algorithm>
#include <cassert>

namespace tephra {
namespace {

enum PathPart : std::size_t { at_cores, in_network, at_host };  // parts of PathPoint::split

// The hash takes the time and one of these marks as one word.
constexpr int mark_bits = 2;
constexpr std::uint64_t fire_mark = 1, serve_mark = 2;
static_assert(fire_mark < 1U << mark_bits && serve_mark < 1U << mark_bits);
static_assert(static_cast<std::uint64_t>(longest_time.value() - 1) <= UINT64_MAX >> mark_bits);

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
    core_of_link_.assign(static_cast<std::size_t>(links.count()), no_index);
    const auto channels = static_cast<std::uint32_t>(plan_.topology.channels());
    for (int c = 0; c <= cores; ++c) {
        const bool is_host = c == cores;
        if (is_host && machine.host.chip != chip_) break;
        const CoreId id = is_host ? plan_.topology.host() : CoreId(chip_.value * cores + c);
        Core& core = cores_[static_cast<std::size_t>(c)];
        core.is_host = is_host;
        core.in_buffer = links.local(plan_.topology.eject(id)) * channels;
        core_of_link_[links.local(plan_.topology.eject(id))] = static_cast<std::uint32_t>(c);
        core_of_link_[links.local(plan_.topology.inject(id))] = static_cast<std::uint32_t>(c);
    }
    queued_.assign(plan_.slices.size(), 0);
}

std::uint32_t CoreEngine::local_core(CoreId core) const {
    if (core == plan_.topology.host()) return host_core();
    return static_cast<std::uint32_t>(core.value % plan_.machine.cores_per_chip());
}

void CoreEngine::make_ready(std::uint32_t slice) {
    if (queued_[slice] != 0) return;
    queued_[slice] = 1;
    cores_[local_core(plan_.slices[slice].core)].ready.push_back(slice);
}

void CoreEngine::start(std::uint32_t slice, std::int64_t now) {
    make_ready(slice);
    schedule(local_core(plan_.slices[slice].core), now);
}

void CoreEngine::start_feed(std::int64_t now) {
    feeding_ = true;
    schedule(host_core(), now);
}

void CoreEngine::schedule(std::uint32_t index, std::int64_t now) {
    Core& core = cores_[index];
    if (core.scheduled) return;
    core.scheduled = true;
    queue_.push(std::max(now, core.busy_until), event_target(ChipEvent::core, index), 0, 0);
}

bool CoreEngine::feed_waits(const Core& core) const {
    return feeding_ && core.is_host && queued_[plan_.source] == 0 && run_.feed->waiting() &&
           run_.slices[plan_.source].ready();
}

/// Whether a core has a next task, as things stand now. If not, the event that brings one wakes it.
bool CoreEngine::has_work(const Core& core) {
    if (network_.front(core.in_buffer) != no_index) return true;
    if (core.sending && core.next != nullptr)
        return run_.noc == NocMode::ideal || network_.can_inject(core.next->entry);
    return !core.ready.empty() || feed_waits(core);
}

void CoreEngine::wake(std::uint32_t link, std::int64_t now) {
    const std::uint32_t index = core_of_link_[link];
    Core& core = cores_[index];
    if (core.scheduled) return;
    // A core that sends chooses its next task by an event, after all packets that arrive at that picosecond.
    const bool event_follows = core.sending && network_.precedes(event_target(ChipEvent::core, index));
    if (core.busy_until > now || (core.busy_until == now && event_follows)) {
        schedule(index, now);
        return;
    }
    if (core.next == nullptr) core.sending = false;
    run_tasks(index, now);
}

void CoreEngine::step(std::uint32_t index, std::int64_t now) {
    cores_[index].scheduled = false;
    run_tasks(index, now);
}

/// If nobody samples a token's logits, the host skips its work for the token: zero time, zero output. Packets and
/// firings still keep the order of tokens. The token source works for every token.
bool CoreEngine::idles(const Core& core, std::uint32_t token) const {
    return core.is_host && !run_.feed->wants_output(token);
}

/// Does the next task, and makes an event for its end if another task waits.
void CoreEngine::run_tasks(std::uint32_t index, std::int64_t now) {
    Core& core = cores_[index];
    assert(core.busy_until <= now);
    while (true) {
        if (now > core.busy_until) core.busy_since = now;
        if (feed_waits(core)) make_ready(plan_.source);
        std::int64_t duration = -1;
        if (network_.front(core.in_buffer) != no_index)
            duration = serve(core, index, now);
        else if (core.sending)
            duration = send(core, now);
        else if (!core.ready.empty())
            duration = fire(core, index, now);
        if (duration < 0) return;
        core.busy_until = now + duration;
        core.busy += duration;
        core.busy_in_step += duration;
        if (core.busy_until > last_end_) {
            last_end_ = core.busy_until;
            last_core_ = index;
        }
        if (duration == 0) continue;
        if (has_work(core)) schedule(index, core.busy_until);
        return;
    }
}

/// Serves the first packet that has arrived. The time for its weights passes now; the sums are made when the slice
/// fires.
std::int64_t CoreEngine::serve(Core& core, std::uint32_t index, std::int64_t now) {
    const std::uint32_t at = network_.take(core.in_buffer, now);
    const Packet packet = packets_[at];
    packets_.release(at);
    const std::uint32_t where = plan_.routes.entries()[packet.entry].first_child;
    const Terminal& terminal = plan_.terminals[where];
    ++run_.delivered[where];
    const bool idle = idles(core, packet.token);
    if (idle && (packet.flags & packet_empty) == 0) ++run_.ignored[where];
    const Machine& machine = plan_.machine;
    std::int64_t duration = (core.is_host ? machine.host.message : machine.timing.message_in).value();
    std::uint32_t words = packet.value;
    if (packet.extra == no_index) {  // a plain message; a credit of a barrier run does not exist
        for (std::uint32_t k = 0; k < terminal.deliveries; ++k) {
            const Delivery& to = plan_.deliveries[terminal.first_delivery + k];
            if (!run_.slices[to.slice].deliver(to.port, packet.token, packet.neuron, packet.value)) ++collisions_;
            if (!idle) duration += service(to, packet.neuron);
        }
    } else {
        std::int64_t weights = 0;
        words = serve_extra(packet, terminal, weights);
        if (!idle) duration += weights;
    }
    hash_.add(static_cast<std::uint64_t>(now) << mark_bits | serve_mark, std::uint64_t{where} << 32 | packet.token,
              std::uint64_t{packet.neuron} << 32 | words);
    if (trace_.sample())
        trace_.add({now, duration, index, plan_.fanouts[terminal.fanout].slice, packet.token, TraceEvent::Kind::serve});
    return duration;
}

/// Time for the weights that a message meets at one input. Where their number depends on its source, they are counted.
std::int64_t CoreEngine::service(const Delivery& to, std::uint32_t neuron) {
    if (to.service >= 0) return to.service;
    const SliceInput& input = plan_.inputs[to.input];
    const std::int64_t synops = plan_.synops(input, neuron);
    run_.synops[to.input] += synops;
    return synops * input.synop.value();
}

/// Serves a record, or a message that ends a token. Returns its content as one word for the hash.
std::uint32_t CoreEngine::serve_extra(const Packet& packet, const Terminal& terminal, std::int64_t& duration) {
    const PacketExtra extra = packets_.extra(packet.extra);
    packets_.release_extra(packet.extra);
    const PathPoint from{extra.sent, extra.path};
    const bool record = (packet.flags & packet_record) != 0;
    const bool message = (packet.flags & (packet_record | packet_empty | packet_credit)) == 0;
    for (std::uint32_t k = 0; k < terminal.deliveries; ++k) {
        const Delivery& to = plan_.deliveries[terminal.first_delivery + k];
        SliceEngine& slice = run_.slices[to.slice];
        bool fits = true;
        if (record) fits = slice.deliver(to.port, packet.token, extra.words);
        if (message) {
            fits = slice.deliver(to.port, packet.token, packet.neuron, packet.value);
            duration += service(to, packet.neuron);
        }
        if (!fits) ++collisions_;
        if ((packet.flags & packet_last) != 0) completed(to.input, packet.token, from);
    }
    std::uint32_t words = packet.value;
    for (const std::uint32_t word : extra.words) words = words * 31 + word;
    return words;
}

/// One source slice has sent all of a token. Only self-timed runs ask: barrier runs fire by the step.
void CoreEngine::completed(std::uint32_t input, std::uint32_t token, const PathPoint& from) {
    const std::uint32_t slice = plan_.inputs[input].slice;
    const bool ready = run_.slices[slice].complete(input - plan_.slices[slice].first_input, token, from);
    if (ready && slice != plan_.source) make_ready(slice);
}

/// Extends the critical path from `from` to time `to`: the core was busy since busy_since, before that the path waited
/// for the network.
PathPoint CoreEngine::advance(const Core& core, const PathPoint& from, std::int64_t to) const {
    PathPoint point = from;
    const std::int64_t work_from = std::clamp(core.busy_since, from.time, to);
    point.split[in_network] += work_from - from.time;
    point.split[core.is_host ? at_host : at_cores] += to - work_from;
    point.time = to;
    return point;
}

/// Fires the next ready slice of a core. Returns the time it takes.
std::int64_t CoreEngine::fire(Core& core, std::uint32_t index, std::int64_t now) {
    const std::uint32_t id = core.ready.front();
    core.ready.erase(core.ready.begin());
    queued_[id] = 0;
    const ScheduledSlice& plan = plan_.slices[id];
    const SliceEngine& slice = run_.slices[id];
    const Machine& machine = plan_.machine;
    core.slice = id;
    core.token = slice.next_token();
    core.fired = advance(core, slice.trigger(), now);
    const bool idle = id != plan_.source && idles(core, core.token);
    const Picoseconds update = core.is_host ? machine.host.neuron_update : machine.timing.neuron_update;
    std::int64_t duration = idle ? 0 : update.value() * plan.size();
    compute(core, now, duration, idle);
    if (id == plan_.source) duration += machine.host.token.value();
    auto& counts = run_.slice_counts[id];
    ++counts.fired;
    if (idle) ++counts.idle;
    if (plan.message_fanouts > 0) counts.skipped += std::ranges::count(core.output.messages, 0U);
    duration += pass_locally(plan, core);
    begin_sending(core, plan);
    if (run_.sync == SyncMode::dataflow && id != plan_.source && slice.ready()) make_ready(id);
    hash_.add(static_cast<std::uint64_t>(now) << mark_bits | fire_mark, id, core.token);
    if (trace_.enabled()) trace_.add({now, duration, index, id, core.token, TraceEvent::Kind::fire});
    return duration;
}

/// The output of the slice that fires on `core`. The source takes its token from the feed, the sink gives it the
/// logits.
void CoreEngine::compute(Core& core, std::int64_t now, std::int64_t duration, bool idle) {
    SliceEngine& slice = run_.slices[core.slice];
    if (core.slice == plan_.source) {
        const PathPoint& known = run_.feed->trigger();
        if (known.time > slice.trigger().time) core.fired = advance(core, known, now);
        const auto values = run_.feed->enter(now);
        fire_slice(core, values);
    } else if (core.slice == plan_.sink) {
        core.output.messages.clear();
        core.output.record.clear();
        check(core, slice.collect(logits_));
        end_of_path_ = core.fired;
        end_of_path_.time += duration;
        end_of_path_.split[at_host] += duration;
        run_.feed->leave(core.token, logits_, end_of_path_);
    } else {
        fire_slice(core, {});
        if (idle) std::ranges::fill(core.output.messages, 0U);
    }
}

void CoreEngine::fire_slice(Core& core, std::span<const std::int32_t> fed) {
    SliceEngine& slice = run_.slices[core.slice];
    const int stream = run_.feed->stream(core.token);
    check(core, slice.fire(stream, fed, core.output));
    if (run_.observer == nullptr) return;
    const std::span messages(reinterpret_cast<const std::int32_t*>(core.output.messages.data()),
                             core.output.messages.size());
    run_.observer->fired(plan_.slices[core.slice], core.token, messages, slice.state(stream));
}

void CoreEngine::check(const Core& core, const std::optional<SliceFault>& fault) {
    if (fault) run_.fault.raise({core.token, core.slice, *fault});
}

std::int64_t CoreEngine::busy_of_last() const {
    return cores_[last_core_].busy_in_step;
}

bool CoreEngine::last_is_host() const {
    return cores_[last_core_].is_host;
}

void CoreEngine::begin_step() {
    for (Core& core : cores_) core.busy_in_step = 0;
}

}  // namespace tephra
