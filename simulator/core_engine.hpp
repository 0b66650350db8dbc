#pragma once
// CoreEngine: the neurocores of one chip, and the host where it is attached.
//
// A core has three units that work side by side (docs/decisions/0010-units-of-a-core.md). One receives: it serves the
// packets of its input buffer in order. One evaluates neurons: in a barrier step all of the core, from its start on;
// in self-timed runs those of the next slice that is ready. One sends: the messages of a slice as its neurons are
// evaluated, when the core's link into the mesh has a free slot. Receiving waits for nothing else, so every packet that
// waits for a core is served in the end, and no cycle of requests and answers can lock.
#include <array>
#include <cstdint>
#include <vector>

#include "simulator/event_hash.hpp"
#include "simulator/network.hpp"
#include "simulator/run_state.hpp"
#include "simulator/trace.hpp"

namespace tephra {

/// The parts of one chip that its cores work with. They outlive the CoreEngine.
struct ChipParts {
    ChipId chip;
    Network& network;
    EventQueue& queue;
    PacketPool& packets;
    Outbox& outbox;
    TraceBuffer& trace;
};

/// Where a self-timed run stands still: all slices before it, by round and then by stage, have fired, so what is still
/// to come for those that wait here is lost.
struct Stall {
    std::int64_t round = most_tokens, stage = 0;  ///< most_tokens: nowhere
    friend auto operator<=>(const Stall&, const Stall&) = default;
};

/// Units of a core, in the order of their events and of PathPart.
enum class CoreUnit : std::uint8_t { receive, neurons, send };
inline constexpr std::size_t core_units = 3;

class CoreEngine {
public:
    CoreEngine(RunState& run, const ChipParts& parts);

    /// Barrier runs: the next token of a slice of this chip fires in the step that begins now.
    void start(std::uint32_t slice, std::int64_t now);
    /// Self-timed runs: the host begins to feed tokens.
    void start_feed(std::int64_t now);
    /// Self-timed runs in which nothing moves: the first place at which slices of this chip wait for what was lost.
    [[nodiscard]] Stall first_stall();
    /// Slices that wait at this place go on without it.
    void go_on(const Stall& at, std::int64_t now);
    /// Event: a unit of a core is free for its next task.
    void step(ChipEvent kind, std::uint32_t core, std::int64_t now);
    /// The network has woken a link: a unit of its core starts a task if it is free.
    void wake(std::uint32_t link, std::int64_t now);

    /// Runs that work ahead of the events (core_ahead.cpp): the network calls it when a packet takes the link to its
    /// core.
    EventKey serve_ahead(std::uint32_t link, const Packet& packet, std::int64_t arrival, std::int64_t now);

    /// When the last task ended so far.
    [[nodiscard]] std::int64_t last_end() const { return last_end_; }
    /// How the core that ended last worked in this step (barrier runs). Its moments are booked to one unit each, so the
    /// sum is the time in which any of its units worked.
    [[nodiscard]] PathSplit parts_of_last();
    /// Barrier runs: at the beginning of a step each core begins to evaluate its neurons.
    void begin_step(std::int64_t now);
    /// Barrier runs: the last token left at `end`. The neurons that cores still evaluate then are no part of the run.
    void end_run(std::int64_t end);
    /// Time in which any unit of a core worked.
    [[nodiscard]] std::int64_t busy(std::uint32_t core) const;
    [[nodiscard]] const EventHash& hash() const { return hash_; }
    /// Where the critical path stood when the last token left (host's chip; its split in self-timed runs alone).
    [[nodiscard]] const PathPoint& end_of_path() const { return end_of_path_; }
    /// Packets whose slot still held another token: a fault of the schedule, 0 in every sound run.
    [[nodiscard]] std::int64_t collisions() const { return collisions_; }
    [[nodiscard]] std::uint32_t host_core() const { return static_cast<std::uint32_t>(cores_.size()) - 1; }
    /// Between windows; loads into cores that were not used (simulator/state/core_state.cpp).
    void state(StateFields& fields);

private:
    /// A moment and what began then, as the hash's first word.
    enum class Mark : std::uint64_t { fire = 1, serve = 2 };
    static constexpr std::uint64_t moment(std::int64_t time, Mark mark) {
        constexpr int mark_bits = 2;
        static_assert(static_cast<std::uint64_t>(longest_time.value() - 1) <= UINT64_MAX >> mark_bits);
        return static_cast<std::uint64_t>(time) << mark_bits | static_cast<std::uint64_t>(mark);
    }
    struct Unit {
        std::int64_t busy_until = 0;
        std::int64_t busy_since = 0;  ///< start of the present run of tasks without a gap
        bool scheduled = false;       ///< an event for its next task is under way
    };
    /// How far the output of a firing has been sent.
    struct Cursor {
        std::uint32_t late = 0;     ///< next record, then next marker: a fan-out relative to the slice's first
        bool records = true;        ///< records are left
        std::uint32_t neuron = 0;   ///< of the next message, relative to the slice's begin
        std::uint32_t fanout = 0;   ///< of the next message
        std::int64_t messages = 0;  ///< neurons up to that one that send
        bool counted = false;       ///< that one is among them
    };
    /// A slice's latest firing, whose output is sent.
    struct Firing {
        bool queued = false;    ///< waits for the neuron unit
        bool outgoing = false;  ///< waits for the send unit, or is being sent
        std::uint32_t token = 0;
        std::int64_t first = 0;   ///< when its first neuron begins
        std::int64_t neuron = 0;  ///< time of a neuron
        std::int64_t spike = 0;   ///< further time of a neuron that sends
        std::int64_t end = 0;     ///< when its last neuron is evaluated
        PathPoint fired;
        SliceOutput output;
        std::vector<std::int32_t> last_neuron;  ///< [message fan-outs] last neuron that sends, -1: none
        Cursor cursor;
        const Fanout* next = nullptr;  ///< fan-out of the next packet; nullptr: none is left
        std::int64_t next_from = 0;    ///< when the next packet may be sent
        Packet packet;                 ///< the next packet
    };
    /// A served packet that ends a token of its slice (self-timed runs): it counts when its service ends.
    struct Completion {
        std::uint32_t terminal = no_index;  ///< of the schedule
        std::uint32_t token = 0;
        PathPoint sent;
    };

    /// What a unit does ahead of the events.
    struct Task {
        std::int64_t from = 0, to = 0;
    };

    struct Core {
        std::uint32_t in_buffer = 0;  ///< packets that arrive
        bool is_host = false;
        std::int64_t message_in = 0, message_out = 0;  ///< times: to look up a packet, to send one
        std::uint32_t first_slice = 0, end_slice = 0;  ///< its slices
        std::int64_t evaluation = 0;                   ///< of all its neurons in a barrier step; the host's: 0
        std::array<Unit, core_units> units;
        std::int64_t worked_until = 0;                          ///< end of the latest task of any unit
        std::array<std::int64_t, core_units> busy{}, before{};  ///< in the whole run; before this step
        Ring<Task> receptions, sendings;                        ///< ahead of the events: still to be booked
        std::int64_t served_from = 0;  ///< ahead of the events: when the last packet was served
        Completion completion;
        std::vector<std::uint32_t> ready;     ///< self-timed runs: slices, in the order they fire
        std::vector<std::uint32_t> outgoing;  ///< slices with output; they take turns
        std::uint32_t chosen = no_index;      ///< that sends the next packet
        Unit& unit(CoreUnit u) { return units[static_cast<std::size_t>(u)]; }
    };

    // core_receiving.cpp
    void receive(Core& core, std::uint32_t index, std::int64_t now);
    std::int64_t serve(Core& core, std::uint32_t index, const Packet& packet, std::int64_t now);
    std::int64_t service(const Delivery& to, std::uint32_t neuron);
    std::uint32_t serve_extra(Core& core, const Packet& packet, const Terminal& terminal, std::int64_t& duration);
    void complete(Core& core, std::int64_t now);
    void completed(std::uint32_t input, std::uint32_t token, const PathPoint& from, std::int64_t now);

    // core_engine.cpp
    void offer(std::uint32_t slice, std::int64_t now);
    [[nodiscard]] Stall waits_at(std::uint32_t slice) const;
    template <typename Use>
    void for_each_slice(const Use& use);
    void evaluate_step(Core& core, std::uint32_t index, std::int64_t now);
    void evaluate_ready(Core& core, std::uint32_t index, std::int64_t now);
    void fire(Core& core, std::uint32_t index, std::uint32_t id, std::int64_t start);
    void compute(Firing& firing, std::uint32_t id, std::int64_t start, std::int64_t duration, bool idle);
    void fire_slice(Firing& firing, std::uint32_t id, std::span<const std::int32_t> fed);
    void check(const Firing& firing, std::uint32_t id, const std::optional<SliceFault>& fault);
    [[nodiscard]] bool idles(const Core& core, std::uint32_t token) const;
    void schedule(Core& core, std::uint32_t index, CoreUnit unit, std::int64_t time);
    [[nodiscard]] static PathPart part(const Core& core, CoreUnit unit) {
        return core.is_host ? PathPart::host : static_cast<PathPart>(unit);
    }
    [[nodiscard]] std::uint32_t local_core(CoreId core) const;
    Firing& firing(std::uint32_t slice) {
        return firings_[slice >= first_host_slice_ ? slice - first_host_slice_ + chip_slices_ : slice - first_slice_];
    }

    // core_sending.cpp
    std::int64_t pass_locally(const ScheduledSlice& plan, std::uint32_t id, const Firing& firing);
    void find_last_neurons(Firing& firing, const ScheduledSlice& plan) const;
    void begin_sending(Core& core, std::uint32_t index, std::uint32_t id, std::int64_t time);
    void end_sent(Core& core, std::int64_t now);
    void choose_slice(Core& core, std::int64_t time);
    void send(Core& core, std::uint32_t index, std::int64_t now);
    std::int64_t send_packet(Core& core, std::int64_t now);
    void await_slot(Core& core, std::uint32_t index, std::int64_t time);
    void choose_packet(Firing& firing, const ScheduledSlice& plan, std::int64_t time) const;
    bool next_message(Firing& firing, const ScheduledSlice& plan) const;
    bool next_late(Firing& firing, const ScheduledSlice& plan) const;
    std::uint32_t add_extra(const Core& core, const Firing& firing, const Fanout& fanout, std::int64_t now,
                            std::int64_t duration);
    void deliver_ideal(const Fanout& fanout, const Packet& packet, std::int64_t time);
    void pass_links(const Fanout& fanout, const Packet& packet);

    // core_ahead.cpp
    void send_ahead(Core& core, std::uint32_t index, std::int64_t now);

    // core_accounts.cpp
    void book(Core& core, std::uint32_t index, CoreUnit unit, std::int64_t from, std::int64_t to);
    static void cover(Core& core, CoreUnit unit, std::int64_t from, std::int64_t to);
    void note_end(std::uint32_t index, std::int64_t to, const EventKey& key);
    static void book_begun(Core& core, std::int64_t now);

    // state/core_state.cpp
    void core_state(StateFields& fields, Core& core);
    void firing_state(StateFields& fields, Firing& firing, const ScheduledSlice& plan);
    void slice_state(StateFields& fields, std::uint32_t& slice, bool none);

    RunState& run_;
    const Schedule& plan_;
    ChipId chip_;
    Network& network_;
    EventQueue& queue_;
    PacketPool& packets_;
    Outbox& outbox_;
    TraceBuffer& trace_;
    std::vector<Core> cores_;  ///< of the chip, then the host (used on its chip only)
    struct Woken {
        std::uint32_t core = no_index;
        CoreUnit unit = CoreUnit::receive;
    };
    std::vector<Woken> of_link_;         ///< [local links] whom a woken link concerns
    std::vector<std::uint32_t> mapped_;  ///< cores with slices, the host left out
    // Slices of the chip, then those of the host (on its chip only).
    std::uint32_t first_slice_ = 0, chip_slices_ = 0, first_host_slice_ = no_index;
    std::vector<Firing> firings_;
    std::vector<std::int32_t> logits_;
    /// How errors of an ideal network's links change the way of a packet.
    struct Passage {
        std::int64_t added = 0;
        bool lost = false;
    };
    std::vector<Passage> passages_, ways_;  ///< of the present packet: [its terminals], [entries of its route]
    bool ahead_ = false;                    ///< cores serve and send ahead of the events
    std::int64_t last_end_ = 0;
    EventKey last_key_;  ///< of the first event that led to last_end_
    std::uint32_t last_core_ = 0;
    std::uint32_t longest_core_ = no_index;  ///< that takes longest to evaluate its neurons
    EventHash hash_;
    PathPoint end_of_path_;
    std::int64_t collisions_ = 0;
};

}  // namespace tephra
