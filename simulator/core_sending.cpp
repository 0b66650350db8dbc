// Sending the output of a firing. Slices on the same core receive it at once, others packet by packet, as the link has
// free slots.
#include "simulator/core_engine.hpp"

#include <algorithm>

namespace tephra {

/// Passes output to slices on the same core. Returns the time that this takes beyond the firing: that of the weights on
/// the host.
std::int64_t CoreEngine::pass_locally(const ScheduledSlice& plan, const Core& core) {
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
                const std::uint32_t value = core.output.messages[static_cast<std::size_t>(j - plan.begin)];
                if (value == 0) continue;
                fits = slice.deliver(port, core.token, static_cast<std::uint32_t>(j), value) && fits;
                if (input.synops == SliceInput::varying) {
                    const std::int64_t synops = plan_.synops(input, static_cast<std::uint32_t>(j));
                    run_.synops[pass.input] += synops;
                    duration += synops * input.synop.value();
                } else if (input.synops > 0) {
                    ++run_.local_messages[pass.input];
                    duration += input.service.value();
                }
            }
            run_.slice_counts[core.slice].passed += pass.end - pass.begin;
        } else if (projection.transport != Transport::credit) {
            fits = slice.deliver(port, core.token,
                                 std::span(core.output.record)
                                     .subspan(static_cast<std::size_t>(projection.first_word),
                                              static_cast<std::size_t>(projection.words)));
            ++run_.slice_counts[core.slice].passed;
        }
        if (!fits) ++collisions_;
        if (run_.sync == SyncMode::dataflow) completed(pass.input, core.token, core.fired);
    }
    return duration;
}

/// Begins to send a firing: records and credits first, since other cores wait for them, then the messages.
void CoreEngine::begin_sending(Core& core, const ScheduledSlice& plan) {
    core.sending = plan.fanouts > 0;
    core.fanout = plan.message_fanouts;
    core.neuron = 0;
    core.phase = Phase::records;
    if (run_.sync == SyncMode::dataflow) find_last_neurons(core, plan);
    prepare_packet(core, plan);
}

/// Self-timed runs mark the last message of each fan-out; if all are zero, a marker is sent instead.
void CoreEngine::find_last_neurons(Core& core, const ScheduledSlice& plan) const {
    core.last_neuron.assign(plan.message_fanouts, -1);
    int found = -1;
    for (std::uint32_t k = 0; k < plan.message_fanouts; ++k) {
        const Fanout& fanout = plan_.fanouts[plan.first_fanout + k];
        const Fanout* before = k == 0 ? nullptr : &fanout - 1;
        if (before == nullptr || fanout.begin != before->begin || fanout.end != before->end ||
            fanout.members != before->members) {  // most fan-outs share one range
            for (found = fanout.end - 1; found >= fanout.begin; --found)
                if (core.output.messages[static_cast<std::size_t>(found - plan.begin)] != 0 &&
                    plan_.sends(fanout, found))
                    break;
            if (found < fanout.begin) found = -1;
        }
        core.last_neuron[k] = found;
    }
}

/// Sends the next packet. Returns the time it takes the core: 0 when no packet is left, -1 when the link has no free
/// slot.
std::int64_t CoreEngine::send(Core& core, std::int64_t now) {
    const Fanout* fanout = core.next;
    Packet& packet = core.packet;
    if (fanout == nullptr) {
        core.sending = false;
        return 0;
    }
    if (run_.noc == NocMode::contended && !network_.can_inject(fanout->entry)) return -1;
    const Machine& machine = plan_.machine;
    const std::int64_t duration = (core.is_host ? machine.host.message : machine.timing.message_out).value();
    if ((packet.flags & (packet_last | packet_record)) != 0) {
        PacketExtra extra;
        if (fanout->kind == Fanout::Kind::record) {
            const Projection& projection = (*run_.program)[fanout->projection];
            std::copy_n(core.output.record.begin() + projection.first_word, projection.words, extra.words.begin());
        }
        const PathPoint point = advance(core, core.fired, now);
        extra.path = point.split;
        extra.sent = now;
        packet.extra = packets_.add_extra(extra);
    }
    auto& sent = run_.sent[static_cast<std::size_t>(fanout - plan_.fanouts.data())];
    ++((packet.flags & packet_empty) != 0 ? sent.markers : sent.packets);
    packet.entry = fanout->entry;
    ++core.fanout;
    if (run_.noc == NocMode::contended)
        network_.inject(packet, now + duration);
    else
        deliver_ideal(*fanout, packet, now + duration);
    prepare_packet(core, plan_.slices[core.slice]);
    return duration;
}

void CoreEngine::prepare_packet(Core& core, const ScheduledSlice& plan) const {
    core.packet = Packet{};
    core.packet.token = core.token;
    core.next = next_packet(core, plan, core.packet);
}

/// Finds the next packet of a firing and fills in what it carries. Returns its fan-out; nullptr when all are sent.
const Fanout* CoreEngine::next_packet(Core& core, const ScheduledSlice& plan, Packet& packet) const {
    const Fanout* fanouts = plan_.fanouts.data() + plan.first_fanout;
    const bool marks = run_.sync == SyncMode::dataflow;
    if (core.phase == Phase::records) {
        if (core.fanout < plan.fanouts) {
            const Fanout& fanout = fanouts[core.fanout];
            packet.flits = fanout.flits;
            packet.flags = fanout.kind == Fanout::Kind::record ? packet_record : packet_credit;
            if (marks) packet.flags |= packet_last;
            return &fanout;
        }
        core.phase = marks ? Phase::markers : Phase::messages;
        core.fanout = 0;
    }
    if (core.phase == Phase::markers) {
        for (; core.fanout < plan.message_fanouts; ++core.fanout) {
            if (core.last_neuron[core.fanout] >= 0) continue;
            packet.flits = plan_.header_flits;
            packet.flags = packet_last | packet_empty;
            return &fanouts[core.fanout];
        }
        core.phase = Phase::messages;
        core.fanout = 0;
    }
    const auto size = static_cast<std::uint32_t>(core.output.messages.size());
    for (; core.neuron < size; ++core.neuron, core.fanout = 0) {
        packet.value = core.output.messages[core.neuron];
        if (packet.value == 0) continue;
        const int neuron = plan.begin + static_cast<int>(core.neuron);
        for (; core.fanout < plan.message_fanouts; ++core.fanout) {
            const Fanout& fanout = fanouts[core.fanout];
            if (!plan_.sends(fanout, neuron)) continue;
            packet.neuron = static_cast<std::uint32_t>(neuron);
            packet.flits = fanout.flits;
            if (marks && core.last_neuron[core.fanout] == neuron) packet.flags = packet_last;
            return &fanout;
        }
    }
    return nullptr;
}

/// Ideal network: the packet arrives after the latency of its path, as if no other packet used its links.
void CoreEngine::deliver_ideal(const Fanout& fanout, const Packet& packet, std::int64_t time) {
    for (std::uint32_t k = 0; k < fanout.terminals; ++k) {
        const Terminal& terminal = plan_.terminals[fanout.first_terminal + k];
        Packet copy = packet;
        copy.entry = terminal.entry;
        if (packet.extra != no_index && k > 0)
            copy.extra = packets_.add_extra(PacketExtra(packets_.extra(packet.extra)));
        const std::int64_t arrival = time + terminal.latency + packet.flits * terminal.flit_time;
        if (terminal.chip == static_cast<std::uint32_t>(chip_.value)) {
            queue_.push(arrival, event_target(ChipEvent::arrive, terminal.buffer), terminal.entry, packets_.add(copy));
            continue;
        }
        outbox_.post({arrival, terminal.chip, terminal.buffer, false, copy, no_index}, packets_);
    }
}

}  // namespace tephra
