#pragma once
// Schedule: which slice sends what to which cores. Built once from Program, Mapping and Machine; a run does not change
// it.
//
//   slice --fan-outs--> route --terminals--> core --deliveries--> inputs of the slices there
//
// A neuron's message is one packet per destination core (unicast) or one per tree (multicast), however many projections
// it feeds there. A record is a packet of its own for each projection.
#include <cstdint>
#include <memory>
#include <vector>

#include "mapper/mapping.hpp"
#include "mapper/route.hpp"
#include "neuro/program.hpp"
#include "simulator/routes.hpp"
#include "simulator/run.hpp"

namespace tephra {

/// What one projection brings to a slice.
struct SliceInput {
    std::uint32_t slice = 0;
    ProjectionId projection;
    std::uint32_t sources = 0;     ///< slices that send to it: each marks its last message of a round (self-timed runs)
    std::int64_t synops = 0;       ///< weights that one message is multiplied by; varying: not the same for all sources
    Picoseconds service;           ///< time that these weights take for one message
    Picoseconds synop;             ///< time of one weight
    bool wide = false;             ///< its weights do not fit two bits, or are not kept in two
    std::size_t first_fan_in = 0;  ///< varying: of source `first_source`, index into Schedule::fan_ins
    int first_source = 0, listened = 0;  ///< varying: sources that the fan-ins are for
    static constexpr std::int64_t varying = -1;
};

/// Messages or records that leave a slice on one route.
struct Fanout {
    enum class Kind : std::uint8_t { message, record, credit };
    Kind kind = Kind::message;
    std::uint32_t slice = 0;
    ProjectionId projection;           ///< of records and credits
    std::uint32_t entry = 0;           ///< first entry of the route
    std::uint32_t entries = 0;         ///< of the route, one behind the other
    int begin = 0, end = 0;            ///< source neurons that send on it
    std::size_t members = no_members;  ///< only some of them send: index into Schedule::members, a bit each
    static constexpr std::size_t no_members = SIZE_MAX;
    std::uint16_t flits = 0;  ///< of one packet; a marker has Schedule::header_flits
    std::uint32_t first_terminal = 0, terminals = 0;
};

/// One input that a packet reaches at its core, with all that serving it needs.
struct Delivery {
    std::uint32_t input = 0;
    std::uint32_t slice = 0;
    std::uint32_t port = 0;
    std::int64_t service = 0;  ///< SliceInput::service in picoseconds; negative: Schedule::synops tells the weights
};

/// Where a route ends.
struct Terminal {
    std::uint32_t fanout = 0;
    std::uint32_t entry = 0;  ///< last entry of its path
    CoreId core;              ///< or the host
    std::uint32_t chip = 0;
    std::uint32_t buffer = 0;    ///< in front of the core, within its chip
    std::int64_t latency = 0;    ///< of all links of the path, with what they take per packet beside its flits
    std::int64_t flit_time = 0;  ///< sum over the links of their time per flit
    std::uint32_t first_delivery = 0, deliveries = 0;
};

/// What is passed to a slice on the same core without a packet: by a format that does so, or within the host.
struct LocalPass {
    std::uint32_t input = 0;
    int begin = 0, end = 0;  ///< source neurons
};

struct ScheduledSlice {
    PopulationId population;
    CoreId core;  ///< or the host
    std::uint32_t chip = 0;
    bool on_host = false;
    int begin = 0, end = 0;
    std::int64_t neuron = 0;                    ///< picoseconds to evaluate a neuron
    std::int64_t spike = 0;                     ///< further picoseconds if it sends a message
    std::uint32_t first_input = 0, inputs = 0;  ///< by port
    std::uint32_t first_fanout = 0, fanouts = 0;
    std::uint32_t message_fanouts = 0;  ///< so many of these carry messages, and they come first
    std::uint32_t first_local = 0, locals = 0;
    [[nodiscard]] int size() const { return end - begin; }
    [[nodiscard]] NeuronRange neurons() const { return {begin, end}; }
};

struct Schedule {
    Schedule(Machine machine_in, Topology topology_in);
    Schedule(const Schedule&) = delete;  // routes point at machine and topology
    Schedule& operator=(const Schedule&) = delete;

    const Machine machine;
    const Topology topology;
    RouteTable routes;
    std::vector<ScheduledSlice> slices;  ///< in order of chip and core, the host's last
    std::vector<SliceInput> inputs;
    std::vector<Fanout> fanouts;
    std::vector<Terminal> terminals;
    std::vector<Delivery> deliveries;
    std::vector<LocalPass> locals;
    std::vector<std::uint32_t> fan_ins;  ///< weights that a message of a source meets at an input
    std::vector<bool> members;           ///< of fan-outs that only some neurons of their range send on
    std::uint32_t source = 0, sink = 0;  ///< slices of the program's source and sink
    std::uint16_t header_flits = 1;      ///< of a packet without payload: a marker or a credit
    Picoseconds longest_token;           ///< no round takes longer (simulator/longest_time.hpp)
    int mapped_chips = 0;
    int mapped_tiles = 0;           ///< over all chips
    int tiles_of_fullest_chip = 0;  ///< mapped ones
    /// Weights that a message of a source meets at an input.
    [[nodiscard]] std::int64_t synops(const SliceInput& input, std::uint32_t from) const {
        if (input.synops != SliceInput::varying) return input.synops;
        const std::uint32_t k = from - static_cast<std::uint32_t>(input.first_source);
        return k < static_cast<std::uint32_t>(input.listened) ? fan_ins[input.first_fan_in + k] : 0;
    }
    /// Whether a neuron sends on a fan-out of its slice.
    [[nodiscard]] bool sends(const Fanout& fanout, int neuron) const {
        if (neuron < fanout.begin || neuron >= fanout.end) return false;
        return fanout.members == Fanout::no_members ||
               members[fanout.members + static_cast<std::size_t>(neuron - fanout.begin)];
    }
    /// Time of one barrier.
    [[nodiscard]] Picoseconds barrier_time() const;
    /// How long nothing moves in a self-timed run until those who wait go on without what was lost.
    [[nodiscard]] Picoseconds stall_time() const { return machine.barrier.stall.value_or(barrier_time()); }
};

/// `self_timed` adds the credits. The mapping need not keep the machine's limits (check_mapping tells), but every
/// population must lie on cores, one slice a core, unless it may be on the host.
/// Errors: bad_input when the mapping does not cover the program, a record has more than max_record_words, or a token
/// could take longest_time or more; and those of Topology::create.
Result<std::unique_ptr<const Schedule>> make_schedule(const Program& program, const Machine& machine,
                                                      const Mapping& mapping, bool self_timed);

}  // namespace tephra
