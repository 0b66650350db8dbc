// Receiving: serving packets of a core's input buffer, and knowing when a token is complete.
#include <algorithm>
#include <cassert>

#include "simulator/core_engine.hpp"

namespace tephra {

/// Serves the next packet, and makes an event for the end of its service if anything follows.
void CoreEngine::receive(Core& core, std::uint32_t index, std::int64_t now) {
    Unit& unit = core.unit(CoreUnit::receive);
    assert(unit.busy_until <= now);
    while (true) {
        if (core.completion.terminal != no_index) complete(core, now);
        if (network_.front(core.in_buffer) == no_index) return;
        if (now > unit.busy_until) unit.busy_since = now;
        const std::uint32_t at = network_.take(core.in_buffer, now);
        const Packet packet = packets_[at];
        packets_.release(at);
        const std::int64_t duration = serve(core, index, packet, now);
        unit.busy_until = now + duration;
        book(core, index, CoreUnit::receive, now, unit.busy_until);
        if (duration == 0) continue;
        if (core.completion.terminal != no_index || network_.front(core.in_buffer) != no_index)
            schedule(core, index, CoreUnit::receive, unit.busy_until);
        return;
    }
}

/// Serves a packet from `now` on; returns how long that takes. Looking up its synapses goes on while the weights of the
/// packet before are applied, so it takes the longer of the two. The time passes now; the sums are made when the slice
/// fires.
std::int64_t CoreEngine::serve(Core& core, std::uint32_t index, const Packet& packet, std::int64_t now) {
    const std::uint32_t where = packet.terminal + plan_.routes.entries()[packet.entry].first_child;
    const Terminal& terminal = plan_.terminals[where];
    ++run_.delivered[where];
    const bool idle = idles(core, packet.token);
    if (idle && (packet.flags & packet_empty) == 0) ++run_.ignored[where];
    std::int64_t weights = 0;
    std::uint32_t words = packet.value;
    if (packet.extra == no_index) {  // a plain message; a credit of a barrier run does not exist
        for (std::uint32_t k = 0; k < terminal.deliveries; ++k) {
            const Delivery& to = plan_.deliveries[terminal.first_delivery + k];
            if (!run_.slices[to.slice].deliver(to.port, packet.token, packet.neuron, packet.value)) ++collisions_;
            weights += service(to, packet.neuron);
        }
    } else {
        words = serve_extra(core, packet, terminal, weights);
    }
    const std::int64_t duration = idle ? core.message_in : std::max(core.message_in, weights);
    hash_.add(moment(now, Mark::serve), std::uint64_t{where} << 32 | packet.token,
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
std::uint32_t CoreEngine::serve_extra(Core& core, const Packet& packet, const Terminal& terminal,
                                      std::int64_t& duration) {
    const PacketExtra extra = packets_.extra(packet.extra);
    packets_.release_extra(packet.extra);
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
    }
    if ((packet.flags & packet_last) != 0)
        core.completion = {
            static_cast<std::uint32_t>(&terminal - plan_.terminals.data()), packet.token, {extra.sent, extra.path}};
    std::uint32_t words = packet.value;
    for (const std::uint32_t word : extra.words) words = words * 31 + word;
    return words;
}

/// The packet that has been served was the last of a token from its slice.
void CoreEngine::complete(Core& core, std::int64_t now) {
    const Completion done = std::exchange(core.completion, {});
    PathPoint path = done.sent;
    path.extend(PathPart::network, std::min(core.unit(CoreUnit::receive).busy_since, now));
    path.extend(part(core, CoreUnit::receive), now);
    const Terminal& terminal = plan_.terminals[done.terminal];
    for (std::uint32_t k = 0; k < terminal.deliveries; ++k)
        completed(plan_.deliveries[terminal.first_delivery + k].input, done.token, path, now);
}

/// One source slice has sent all of a token. Only self-timed runs ask: barrier runs fire by the step.
void CoreEngine::completed(std::uint32_t input, std::uint32_t token, const PathPoint& from, std::int64_t now) {
    const std::uint32_t slice = plan_.inputs[input].slice;
    if (run_.slices[slice].complete(input - plan_.slices[slice].first_input, token, from)) offer(slice, now);
}

/// Where a slice waits for inputs or credits of a round that has entered.
Stall CoreEngine::waits_at(std::uint32_t slice) const {
    const SliceEngine& engine = run_.slices[slice];
    const std::int64_t round = engine.next_token();
    const bool due = slice == plan_.source ? run_.feed->waiting() : round < run_.feed->entered();
    if (!due || engine.ready()) return {};
    return {round, (*run_.program)[plan_.slices[slice].population].stage};
}

/// The slices of this chip, and those of the host if it is here.
template <typename Use>
void CoreEngine::for_each_slice(const Use& use) {
    for (std::uint32_t s = first_slice_; s < first_slice_ + chip_slices_; ++s) use(s);
    if (first_host_slice_ == no_index) return;
    for (std::uint32_t s = first_host_slice_; s < plan_.slices.size(); ++s) use(s);
}

Stall CoreEngine::first_stall() {
    Stall first;
    for_each_slice([&](std::uint32_t slice) { first = std::min(first, waits_at(slice)); });
    return first;
}

void CoreEngine::go_on(const Stall& at, std::int64_t now) {
    for_each_slice([&](std::uint32_t slice) {
        if (waits_at(slice) != at) return;
        network_.faults().wait({at.round, slice});
        run_.slices[slice].go_on(now);
        offer(slice, now);
    });
}

}  // namespace tephra
