#include <algorithm>
#include <array>
#include <map>

#include "neuro/lm/lower.hpp"
#include "neuro/lm/synth.hpp"
#include "simulator/core_engine.hpp"
#include "simulator/lm/token_feed.hpp"
#include "tests/catch.hpp"
#include "tests/simulator/spread.hpp"

using namespace tephra;

namespace {

struct Sent {
    std::int64_t time = 0;  ///< when it left the core
    Packet packet;
    std::uint32_t fanout = 0;
};

/// What the host of a one-chip machine sends when the token source has fired once, in order of sending. The packets
/// reach their cores over an ideal network, and are not served.
std::vector<Sent> sent_by_source(const Program& program, const Schedule& plan) {
    TokenOptions options;
    options.mode = RunMode::prefill;
    options.prompts = {{1}};
    TokenFeed feed(options);
    RunState state;
    state.program = &program;
    state.schedule = &plan;
    state.sync = SyncMode::dataflow;
    state.noc = NocMode::ideal;
    state.feed = &feed;
    for (const ScheduledSlice& slice : plan.slices) state.slices.emplace_back(program, plan, slice, 1, 1);
    state.slice_counts.resize(plan.slices.size());
    state.sent.resize(plan.fanouts.size());
    state.delivered.resize(plan.terminals.size());
    state.ignored.resize(plan.terminals.size());
    state.local_messages.resize(plan.inputs.size());
    EventQueue queue;
    PacketPool packets;
    Outbox outbox;
    TraceBuffer trace(0);
    Network network({&plan.machine, &plan.topology, ChipId(0)}, plan.routes.entries(), queue, packets, outbox);
    CoreEngine cores(state, {ChipId(0), network, queue, packets, outbox, trace});
    cores.start_feed(0);
    std::vector<Sent> sent;
    Event event;
    while (queue.pop(EventQueue::never, event)) {
        const ChipEvent kind = event_kind(event.target);
        if (kind == ChipEvent::neurons || kind == ChipEvent::send) {
            cores.step(kind, event_index(event.target), event.time);
            continue;
        }
        REQUIRE(kind == ChipEvent::arrive);
        const Packet packet = packets[event.payload];
        const Terminal& terminal = plan.terminals[packet.terminal + plan.routes.entries()[packet.entry].first_child];
        CHECK(event_index(event.target) == terminal.buffer);
        // Over an ideal network a packet takes the latency of its path, and its flits on each link.
        sent.push_back({event.time - terminal.latency - packet.flits * terminal.flit_time, packet, terminal.fanout});
    }
    std::ranges::stable_sort(sent, {}, &Sent::time);
    return sent;
}

enum Kind : int { record, marker, message };  ///< records go before markers, both before messages that wait

Kind kind_of(const Packet& packet) {
    if ((packet.flags & (packet_record | packet_credit)) != 0) return record;
    return (packet.flags & packet_empty) != 0 ? marker : message;
}

}  // namespace

TEST_CASE("a message leaves when its neuron is evaluated, records and markers when all are, and the last is marked") {
    const auto model = *make_synthetic_model(synth_shape(96, 1, 150, 130, 5));
    const Program program = lower(model);
    const Machine machine = *find_machine("oheo-gulch");
    REQUIRE(machine.mesh.routing == Routing::unicast);
    const auto plan = *make_schedule(program, machine, test::spread(program, machine, 30), true);
    const ScheduledSlice& source = plan->slices[plan->source];
    SliceOutput output;
    SliceEngine(program, *plan, source, 1, 1).fire(0, std::array{1}, output);

    const std::vector<Sent> sent = sent_by_source(program, *plan);
    REQUIRE(sent.size() > 1);
    std::map<std::uint32_t, int> last, messages;
    const std::int64_t begin = machine.host.token.value(), end = begin + 96 * machine.host.neuron_update.value();
    std::int64_t free = 0;  // the sending unit
    bool before = false, after = false;
    for (std::size_t k = 0; k < sent.size(); ++k) {
        const Packet& packet = sent[k].packet;
        CHECK(packet.token == 0);
        CHECK(plan->fanouts[sent[k].fanout].slice == plan->source);
        CHECK(last[sent[k].fanout] == 0);  // nothing follows the last packet of a fan-out
        if ((packet.flags & packet_last) != 0) ++last[sent[k].fanout];
        const Kind kind = kind_of(packet);
        std::int64_t evaluated = end;
        if (kind == message) evaluated = begin + (packet.neuron + 1) * machine.host.neuron_update.value();
        const std::int64_t start = std::max(free, evaluated);
        CHECK(sent[k].time == start + machine.host.message.value());
        // No message goes while a record or marker could.
        const bool late_left = std::any_of(sent.begin() + static_cast<std::ptrdiff_t>(k), sent.end(),
                                           [](const Sent& s) { return kind_of(s.packet) != message; });
        if (kind == message) CHECK((free < end || !late_left));
        if (k > 0 && kind == record) CHECK(kind_of(sent[k - 1].packet) != marker);
        (free < end ? before : after) = true;
        free = sent[k].time;
        if (kind != message) continue;
        ++messages[sent[k].fanout];
        CHECK(packet.value == output.messages[packet.neuron]);
        CHECK(packet.value != 0);
        CHECK(packet.flits == plan->fanouts[sent[k].fanout].flits);
    }
    for (std::uint32_t f = source.first_fanout; f < source.first_fanout + source.fanouts; ++f) {
        const Fanout& fanout = plan->fanouts[f];
        CHECK(last[f] == 1);
        if (fanout.kind != Fanout::Kind::message) continue;
        const auto zeros = std::count(output.messages.begin() + fanout.begin, output.messages.begin() + fanout.end, 0U);
        CHECK(messages[f] == fanout.end - fanout.begin - zeros);
    }
    CHECK((before && after));  // the test saw both
}
