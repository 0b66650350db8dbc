#include <algorithm>
#include <array>
#include <map>

#include "neuro/lower.hpp"
#include "neuro/synth.hpp"
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
        if (event_kind(event.target) == ChipEvent::core) {
            cores.step(event_index(event.target), event.time);
            continue;
        }
        REQUIRE(event_kind(event.target) == ChipEvent::arrive);
        const Packet packet = packets[event.payload];
        const Terminal& terminal = plan.terminals[plan.routes.entries()[packet.entry].first_child];
        CHECK(event_index(event.target) == terminal.buffer);
        // Over an ideal network a packet takes the latency of its path, and its flits on each link.
        sent.push_back({event.time - terminal.latency - packet.flits * terminal.flit_time, packet, terminal.fanout});
    }
    std::ranges::stable_sort(sent, {}, &Sent::time);
    return sent;
}

/// Order in which kinds of packets must leave.
int rank_of(const Packet& packet) {
    if ((packet.flags & (packet_record | packet_credit)) != 0) return 0;
    return (packet.flags & packet_empty) != 0 ? 1 : 2;
}

}  // namespace

TEST_CASE("a firing sends records, then markers, then messages, and marks the last of each fan-out") {
    const auto model = *make_synthetic_model(synth_shape(96, 1, 150, 130, 5));
    const Program program = lower(model);
    const Machine machine = *find_machine("loihi2-oheo-gulch");
    REQUIRE(machine.mesh.routing == Routing::unicast);
    const auto plan = *make_schedule(program, machine, test::spread(program, machine, 30), true);
    const ScheduledSlice& source = plan->slices[plan->source];
    SliceOutput output;
    SliceEngine(program, *plan, source, 1, 1).fire(0, std::array{1}, output);

    const std::vector<Sent> sent = sent_by_source(program, *plan);
    REQUIRE(sent.size() > 1);
    std::map<std::uint32_t, int> last, messages;
    for (std::size_t k = 0; k < sent.size(); ++k) {
        const Packet& packet = sent[k].packet;
        CHECK(packet.token == 0);
        CHECK(plan->fanouts[sent[k].fanout].slice == plan->source);
        if (k > 0) {
            CHECK(sent[k].time - sent[k - 1].time == machine.host.message.value());
            CHECK(rank_of(packet) >= rank_of(sent[k - 1].packet));
        }
        CHECK(last[sent[k].fanout] == 0);  // nothing follows the last packet of a fan-out
        if ((packet.flags & packet_last) != 0) ++last[sent[k].fanout];
        if (rank_of(packet) != 2) continue;
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
}
