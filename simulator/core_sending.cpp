// Sending the output of a firing. Slices on the same core receive it at once, others packet by packet, as neurons are
// evaluated and the link has free slots.
#include <algorithm>
#include <utility>

#include "simulator/core_engine.hpp"

namespace tephra {

/// Passes output to slices on the same core. Returns the time that this takes beyond the firing: that of the weights on
/// the host.
std::int64_t CoreEngine::pass_locally(const ScheduledSlice& plan, std::uint32_t id, const Firing& firing) {
    std::int64_t duration = 0;
    for (std::uint32_t k = 0; k < plan.locals; ++k) {
        const LocalPass& pass = plan_.locals[plan.first_local + k];
        const SliceInput& input = plan_.inputs[pass.input];
        SliceEngine& slice = run_.slices[input.slice];
        const std::uint32_t port = pass.input - plan_.slices[input.slice].first_input;
        const Projection& projection = (*run_.program)[input.projection];
        bool fits = true;
        if (projection.transport == Transport::messages) {
            for (int j = pass.begin; j < pass.end; ++j) {
                const std::uint32_t value = firing.output.messages[static_cast<std::size_t>(j - plan.begin)];
                if (value == 0) continue;
                fits = slice.deliver(port, firing.token, static_cast<std::uint32_t>(j), value) && fits;
                if (input.synops == SliceInput::varying) {
                    const std::int64_t synops = plan_.synops(input, static_cast<std::uint32_t>(j));
                    run_.synops[pass.input] += synops;
                    duration += synops * input.synop.value();
                } else if (input.synops > 0) {
                    ++run_.local_messages[pass.input];
                    duration += input.service.value();
                }
            }
            run_.slice_counts[id].passed += pass.end - pass.begin;
        } else if (projection.transport != Transport::credit) {
            fits = slice.deliver(port, firing.token,
                                 std::span(firing.output.record)
                                     .subspan(static_cast<std::size_t>(projection.first_word),
                                              static_cast<std::size_t>(projection.words)));
            ++run_.slice_counts[id].passed;
        }
        if (!fits) ++collisions_;
        if (run_.sync == SyncMode::dataflow) completed(pass.input, firing.token, firing.fired, firing.fired.time);
    }
    return duration;
}

/// Self-timed runs mark the last message of each fan-out; if all are zero, a marker is sent instead.
void CoreEngine::find_last_neurons(Firing& firing, const ScheduledSlice& plan) const {
    firing.last_neuron.assign(plan.message_fanouts, -1);
    int found = -1;
    for (std::uint32_t k = 0; k < plan.message_fanouts; ++k) {
        const Fanout& fanout = plan_.fanouts[plan.first_fanout + k];
        const Fanout* before = k == 0 ? nullptr : &fanout - 1;
        if (before == nullptr || fanout.begin != before->begin || fanout.end != before->end ||
            fanout.members != before->members) {  // most fan-outs share one range
            for (found = fanout.end - 1; found >= fanout.begin; --found)
                if (firing.output.messages[static_cast<std::size_t>(found - plan.begin)] != 0 &&
                    plan_.sends(fanout, found))
                    break;
            if (found < fanout.begin) found = -1;
        }
        firing.last_neuron[k] = found;
    }
}

/// A slice has fired: its output joins what its core sends.
void CoreEngine::begin_sending(Core& core, std::uint32_t index, std::uint32_t id, std::int64_t time) {
    time = std::max(time, core.unit(CoreUnit::send).busy_until);
    Firing& from = firing(id);
    from.outgoing = true;
    from.cursor = {};
    choose_packet(from, plan_.slices[id], time);
    core.outgoing.push_back(id);
    if (core.chosen == no_index) choose_slice(core, time);
    if (!ahead_) await_slot(core, index, time);
}

/// The slice that sends next: the first in turn, after the one before, whose packet may leave at `time`; if there is
/// none, the one whose packet may leave first. no_index: none has a packet left.
void CoreEngine::choose_slice(Core& core, std::int64_t time) {
    if (core.outgoing.size() == 1) {
        core.chosen = firing(core.outgoing[0]).next != nullptr ? core.outgoing[0] : no_index;
        return;
    }
    const auto before = std::ranges::find(core.outgoing, core.chosen);
    const auto first = before == core.outgoing.end() ? core.outgoing.begin() : before + 1;
    std::uint32_t best = no_index;
    std::int64_t best_from = 0;
    const auto look = [&](std::uint32_t id) {
        const Firing& from = firing(id);
        const std::int64_t at = std::max(from.next_from, time);
        if (from.next != nullptr && (best == no_index || at < best_from)) best = id, best_from = at;
    };
    std::for_each(first, core.outgoing.end(), look);
    std::for_each(core.outgoing.begin(), first, look);
    core.chosen = best;
}

/// Makes an event for the next packet, unless its link must wake the core first, and for the end of slices that have
/// sent all.
void CoreEngine::await_slot(Core& core, std::uint32_t index, std::int64_t time) {
    const bool ended = std::ranges::any_of(core.outgoing, [&](std::uint32_t id) { return firing(id).next == nullptr; });
    if (ended) return schedule(core, index, CoreUnit::send, time);
    if (core.chosen == no_index) return;
    const Firing& from = firing(core.chosen);
    if (run_.noc == NocMode::ideal || network_.can_inject(from.next->entry))
        schedule(core, index, CoreUnit::send, std::max(time, from.next_from));
}

/// Slices that have sent all may fire again.
void CoreEngine::end_sent(Core& core, std::int64_t now) {
    for (std::size_t k = 0; k < core.outgoing.size();) {
        const std::uint32_t id = core.outgoing[k];
        if (firing(id).next != nullptr) {
            ++k;
            continue;
        }
        core.outgoing.erase(core.outgoing.begin() + static_cast<std::ptrdiff_t>(k));
        firing(id).outgoing = false;
        if (run_.sync == SyncMode::dataflow) offer(id, now);
    }
}

/// Sends the next packet if it is due and the link has a free slot.
void CoreEngine::send(Core& core, std::uint32_t index, std::int64_t now) {
    end_sent(core, now);
    if (core.chosen == no_index) return;
    const Firing& from = firing(core.chosen);
    if (now < from.next_from || (run_.noc == NocMode::contended && !network_.can_inject(from.next->entry)))
        return await_slot(core, index, now);
    const std::int64_t end = send_packet(core, now);
    book(core, index, CoreUnit::send, now, end);
    await_slot(core, index, end);
}

/// Sends the packet that has been chosen, from `now` on, and chooses the next one. Returns when it has been sent.
std::int64_t CoreEngine::send_packet(Core& core, std::int64_t now) {
    Firing& from = firing(core.chosen);
    const Fanout* fanout = from.next;
    Unit& unit = core.unit(CoreUnit::send);
    const std::int64_t duration = core.message_out;
    Packet& packet = from.packet;
    if ((packet.flags & (packet_last | packet_record)) != 0)
        packet.extra = add_extra(core, from, *fanout, now, duration);
    auto& sent = run_.sent[static_cast<std::size_t>(fanout - plan_.fanouts.data())];
    ++((packet.flags & packet_empty) != 0 ? sent.markers : sent.packets);
    packet.entry = fanout->entry;
    packet.terminal = fanout->first_terminal;
    unit.busy_until = now + duration;
    if (run_.noc == NocMode::contended)
        network_.inject(packet, unit.busy_until);
    else
        deliver_ideal(*fanout, packet, unit.busy_until);
    choose_packet(from, plan_.slices[core.chosen], unit.busy_until);
    choose_slice(core, unit.busy_until);
    return unit.busy_until;
}

/// A record's words, and the critical path up to when it has been sent.
std::uint32_t CoreEngine::add_extra(const Core& core, const Firing& firing, const Fanout& fanout, std::int64_t now,
                                    std::int64_t duration) {
    PacketExtra extra;
    if (fanout.kind == Fanout::Kind::record) {
        const Projection& projection = (*run_.program)[fanout.projection];
        std::copy_n(firing.output.record.begin() + projection.first_word, projection.words, extra.words.begin());
    }
    PathPoint point = firing.fired;
    point.extend(part(core, CoreUnit::neurons), std::min(now, firing.end));
    point.extend(part(core, CoreUnit::send), now + duration);
    extra.path = point.split;
    extra.sent = now + duration;
    return packets_.add_extra(extra);
}

/// Finds what a slice sends next from `time` on: records and markers once all neurons are evaluated, since others wait
/// for them; else the message of the next neuron.
void CoreEngine::choose_packet(Firing& firing, const ScheduledSlice& plan, std::int64_t time) const {
    firing.next = nullptr;
    firing.packet = Packet{};
    firing.packet.token = firing.token;
    if (time >= firing.end && next_late(firing, plan)) return;
    if (next_message(firing, plan)) return;
    next_late(firing, plan);
}

/// The next record, then the next marker; false when none is left.
bool CoreEngine::next_late(Firing& firing, const ScheduledSlice& plan) const {
    const Fanout* fanouts = plan_.fanouts.data() + plan.first_fanout;
    const bool marks = run_.sync == SyncMode::dataflow;
    Cursor& at = firing.cursor;
    firing.next_from = firing.end;
    if (at.records) {
        if (plan.message_fanouts + at.late < plan.fanouts) {
            firing.next = &fanouts[plan.message_fanouts + at.late++];
            firing.packet.flits = firing.next->flits;
            firing.packet.flags = firing.next->kind == Fanout::Kind::record ? packet_record : packet_credit;
            if (marks) firing.packet.flags |= packet_last;
            return true;
        }
        at.records = false;
        at.late = marks ? 0 : plan.message_fanouts;
    }
    while (at.late < plan.message_fanouts) {
        const std::uint32_t k = at.late++;
        if (firing.last_neuron[k] >= 0) continue;
        firing.next = &fanouts[k];
        firing.packet.flits = plan_.header_flits;
        firing.packet.flags = packet_last | packet_empty;
        return true;
    }
    return false;
}

/// The next message, and when its neuron is evaluated; false when none is left.
bool CoreEngine::next_message(Firing& firing, const ScheduledSlice& plan) const {
    const Fanout* fanouts = plan_.fanouts.data() + plan.first_fanout;
    const bool marks = run_.sync == SyncMode::dataflow;
    Cursor& at = firing.cursor;
    const auto size = static_cast<std::uint32_t>(firing.output.messages.size());
    for (; at.neuron < size; ++at.neuron, at.fanout = 0, at.counted = false) {
        const std::uint32_t value = firing.output.messages[at.neuron];
        if (value == 0) continue;
        if (!at.counted) ++at.messages, at.counted = true;
        const int neuron = plan.begin + static_cast<int>(at.neuron);
        while (at.fanout < plan.message_fanouts) {
            const std::uint32_t k = at.fanout++;
            const Fanout& fanout = fanouts[k];
            if (!plan_.sends(fanout, neuron)) continue;
            firing.next = &fanout;
            firing.next_from =
                firing.first + (std::int64_t{at.neuron} + 1) * firing.neuron + at.messages * firing.spike;
            firing.packet.value = value;
            firing.packet.neuron = static_cast<std::uint32_t>(neuron);
            firing.packet.flits = fanout.flits;
            if (marks && firing.last_neuron[k] == neuron) firing.packet.flags = packet_last;
            return true;
        }
    }
    return false;
}

/// Ideal network: the packet arrives after the latency of its path, as if no other packet used its links. Where links
/// err it overtakes none of its own path.
void CoreEngine::deliver_ideal(const Fanout& fanout, const Packet& packet, std::int64_t time) {
    if (run_.errors != nullptr) pass_links(fanout, packet);
    bool delivered = false;
    for (std::uint32_t k = 0; k < fanout.terminals; ++k) {
        const Terminal& terminal = plan_.terminals[fanout.first_terminal + k];
        std::int64_t arrival = time + terminal.latency + packet.flits * terminal.flit_time;
        if (run_.errors != nullptr) {
            if (passages_[k].lost) continue;
            std::int64_t& before = run_.arrivals[fanout.first_terminal + k];
            arrival = before = std::max(arrival + passages_[k].added, before);
        }
        Packet copy = packet;
        copy.entry = terminal.entry;
        if (packet.extra != no_index && std::exchange(delivered, true))
            copy.extra = packets_.add_extra(PacketExtra(packets_.extra(packet.extra)));
        if (terminal.chip == static_cast<std::uint32_t>(chip_.value)) {
            queue_.push(arrival, event_target(ChipEvent::arrive, terminal.buffer), fanout.first_terminal + k,
                        packets_.add(copy));
            continue;
        }
        outbox_.post({arrival, terminal.chip, terminal.buffer, false, copy, no_index}, packets_);
    }
    if (packet.extra != no_index && !delivered) packets_.release_extra(packet.extra);
}

/// Ideal network: what the links of its route do to a packet that is sent on it, in passages_.
void CoreEngine::pass_links(const Fanout& fanout, const Packet& packet) {
    const LinkTiming timing = link_timing(plan_.machine, LinkKind::chip);
    const std::int64_t attempt =
        timing.packet + packet.flits * std::max<std::int64_t>(timing.flit, 1) + 2 * timing.latency;
    passages_.assign(fanout.terminals, {});
    ways_.assign(fanout.entries, {});
    for (std::uint32_t e = 0; e < fanout.entries; ++e) {  // an entry stands before its children
        Passage& way = ways_[e];
        const std::uint32_t id = fanout.entry + e;
        if (!way.lost && plan_.routes.kind(id) == LinkKind::chip) {
            const LinkOutcome outcome = run_.errors->of(plan_.routes.link(id), packet);
            way.added += outcome.retries * attempt;
            way.lost = outcome.lost;
            if (outcome.retries > 0 || outcome.lost)
                network_.faults().add(run_.errors->fault(outcome, packet, id, attempt));
        }
        const RouteEntry& entry = plan_.routes.entries()[id];
        if (entry.children == 0) passages_[entry.first_child] = way;
        for (std::uint32_t c = 0; c < entry.children; ++c) ways_[entry.first_child + c - fanout.entry] = way;
    }
}

}  // namespace tephra
