#pragma once
// CoreEngine: the neurocores of one chip, and the host where it is attached.
//
// A core does one task at a time, in this order of preference: it serves the first packet of its input buffer; it
// sends the next packet of the slice that fired last; it fires the next slice whose inputs are complete. It sends only
// when its link into the mesh has a free slot. Until then the core goes on serving arrivals, so every packet that
// waits for a core is served in the end: sending never blocks receiving, and no cycle of requests and answers can lock.
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

class CoreEngine {
public:
    CoreEngine(RunState& run, const ChipParts& parts);

    /// Barrier runs: the next token of a slice of this chip may fire from `now` on.
    void start(std::uint32_t slice, std::int64_t now);
    /// Self-timed runs: the host begins to feed tokens.
    void start_feed(std::int64_t now);
    /// Event: a core is free for its next task.
    void step(std::uint32_t core, std::int64_t now);
    /// The network has woken a link: its core starts a task if it is free.
    void wake(std::uint32_t link, std::int64_t now);

    /// When the last task ended so far, and the core that did it.
    [[nodiscard]] std::int64_t last_end() const { return last_end_; }
    [[nodiscard]] std::int64_t busy_of_last() const;
    [[nodiscard]] bool last_is_host() const;
    /// Forgets busy times of the step (barrier runs).
    void begin_step();
    [[nodiscard]] std::int64_t busy(std::uint32_t core) const { return cores_[core].busy; }
    [[nodiscard]] const EventHash& hash() const { return hash_; }
    /// Where the critical path stood when the last token left (self-timed runs, host's chip).
    [[nodiscard]] const PathPoint& end_of_path() const { return end_of_path_; }
    /// Packets whose slot still held another token: a fault of the schedule, 0 in every sound run.
    [[nodiscard]] std::int64_t collisions() const { return collisions_; }
    [[nodiscard]] std::uint32_t host_core() const { return static_cast<std::uint32_t>(cores_.size()) - 1; }

private:
    /// What a firing sends, in this order.
    enum class Phase : std::uint8_t { records, markers, messages };

    struct Core {
        std::uint32_t in_buffer = 0;  ///< packets that arrive
        bool is_host = false;
        bool scheduled = false;  ///< a step event is under way
        std::int64_t busy_until = 0;
        std::int64_t busy_since = 0;  ///< start of the present run of tasks without a gap
        std::int64_t busy = 0;
        std::int64_t busy_in_step = 0;
        std::vector<std::uint32_t> ready;  ///< slices, in the order they fire
        // The slice that fired last, and its packets that are still to be sent.
        bool sending = false;          ///< until a task finds no packet left
        const Fanout* next = nullptr;  ///< fan-out of the next packet; nullptr: no packet is left
        Packet packet;                 ///< the next packet
        std::uint32_t slice = 0, token = 0;
        std::uint32_t fanout = 0;  ///< next fan-out, relative to the slice's first
        std::uint32_t neuron = 0;  ///< next neuron, relative to the slice's begin
        Phase phase = Phase::records;
        PathPoint fired;
        SliceOutput output;
        std::vector<std::int32_t> last_neuron;  ///< [message fan-outs] last neuron that sends, -1: none
    };

    void run_tasks(std::uint32_t core, std::int64_t now);
    std::int64_t serve(Core& core, std::uint32_t index, std::int64_t now);
    std::int64_t service(const Delivery& to, std::uint32_t neuron);
    std::uint32_t serve_extra(const Packet& packet, const Terminal& terminal, std::int64_t& duration);
    std::int64_t fire(Core& core, std::uint32_t index, std::int64_t now);
    void compute(Core& core, std::int64_t now, std::int64_t duration, bool idle);
    void fire_slice(Core& core, std::span<const std::int32_t> fed);
    void check(const Core& core, const std::optional<SliceFault>& fault);
    std::int64_t pass_locally(const ScheduledSlice& plan, const Core& core);
    void begin_sending(Core& core, const ScheduledSlice& plan);
    void find_last_neurons(Core& core, const ScheduledSlice& plan) const;
    std::int64_t send(Core& core, std::int64_t now);
    void prepare_packet(Core& core, const ScheduledSlice& plan) const;
    const Fanout* next_packet(Core& core, const ScheduledSlice& plan, Packet& packet) const;
    void deliver_ideal(const Fanout& fanout, const Packet& packet, std::int64_t time);
    void completed(std::uint32_t input, std::uint32_t token, const PathPoint& from);
    void make_ready(std::uint32_t slice);
    [[nodiscard]] bool feed_waits(const Core& core) const;
    [[nodiscard]] bool idles(const Core& core, std::uint32_t token) const;
    [[nodiscard]] PathPoint advance(const Core& core, const PathPoint& from, std::int64_t to) const;
    [[nodiscard]] bool has_work(const Core& core);
    void schedule(std::uint32_t core, std::int64_t now);
    [[nodiscard]] std::uint32_t local_core(CoreId core) const;

    RunState& run_;
    const Schedule& plan_;
    ChipId chip_;
    Network& network_;
    EventQueue& queue_;
    PacketPool& packets_;
    Outbox& outbox_;
    TraceBuffer& trace_;
    std::vector<Core> cores_;  ///< of the chip, then the host (used on its chip only)
    std::vector<std::uint32_t> core_of_link_;
    std::vector<char> queued_;  ///< [slices] whether it is in the ready list of its core
    std::vector<std::int32_t> logits_;
    std::int64_t last_end_ = 0;
    std::uint32_t last_core_ = 0;
    EventHash hash_;
    PathPoint end_of_path_;
    std::int64_t collisions_ = 0;
    bool feeding_ = false;
};

}  // namespace tephra
