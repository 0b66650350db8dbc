// The units of a core by hand: a program of two populations on two cores, whose times follow from a recurrence a line.
//
//   source (host, 3) ══ ternary ══> first (3, core 0) ── identity ──> second (0 on core 0; 1, 2 on core 1)
//     ── identity ──> sink (host, 3)
#include "simulator/core_engine.hpp"

#include <algorithm>

#include "neuro/identity.hpp"
#include "neuro/lm/dense_ternary.hpp"
#include "simulator/simulate.hpp"
#include "tests/catch.hpp"
#include "tests/mapper/small_machine.hpp"

using namespace tephra;

namespace {

/// Sends 1 from every neuron, whatever comes.
class Ones final : public NeuronModel {
public:
    explicit Ones(NeuronProgram program) : program_(program) {}
    [[nodiscard]] std::string_view kind() const override { return "ones"; }
    [[nodiscard]] NeuronProgram program() const override { return program_; }
    [[nodiscard]] int neurons() const override { return 0; }
    [[nodiscard]] std::span<const std::string_view> ports() const override { return {}; }
    [[nodiscard]] std::span<const std::string_view> states() const override { return {}; }
    [[nodiscard]] int state_bits() const override { return 0; }
    [[nodiscard]] int parameter_bits() const override { return 0; }
    void begin(NeuronRange, std::span<std::int32_t>) const override {}
    [[nodiscard]] std::optional<int> fire(const SliceRound& slice) const override {
        std::ranges::fill(slice.messages, 1);
        return std::nullopt;
    }

private:
    NeuronProgram program_;
};

/// Lets a number of rounds in as fast as the machine takes them.
class Rounds final : public HostFeed {
public:
    explicit Rounds(std::int64_t total) : total_(total) {}
    [[nodiscard]] int streams() const override { return 1; }
    [[nodiscard]] std::int64_t total() const override { return total_; }
    [[nodiscard]] std::int64_t at_once() const override { return total_; }
    [[nodiscard]] std::int64_t entered() const override { return std::ssize(records_); }
    [[nodiscard]] std::int64_t left() const override { return left_; }
    [[nodiscard]] bool waiting() const override { return std::ssize(records_) < total_; }
    [[nodiscard]] const PathPoint& trigger() const override { return start_; }
    std::span<const std::int32_t> enter(std::int64_t now) override {
        const int position = static_cast<int>(records_.size());
        records_.push_back({0, position, 0, -1, Picoseconds(now), {}});
        return values_;
    }
    [[nodiscard]] int stream(std::uint32_t) const override { return 0; }
    [[nodiscard]] bool wants_output(std::uint32_t) const override { return true; }
    void leave(std::uint32_t round, std::span<const std::int32_t> values, const PathPoint& end) override {
        CHECK(std::ranges::equal(values, std::array{1, 1, 1}));
        records_[round].left = Picoseconds(end.time);
        ++left_;
    }
    void describe(Run& run) const override { run.tokens = records_; }
    void state(StateFields&) override { FAIL("no checkpoint is asked for"); }

private:
    std::int64_t total_, left_ = 0;
    std::vector<TokenRecord> records_;
    std::array<std::int32_t, 1> values_{};
    PathPoint start_;
};

constexpr int size = 3;

Program chain() {
    Program program;
    program.model_name = "chain";
    program.steps = 4;
    program.layers = {{"all"}};
    program.source = PopulationId(0);
    program.sink = PopulationId(3);
    const auto add = [&](const char* name, std::shared_ptr<const NeuronModel> model) {
        Population p;
        p.name = name;
        p.size = size;
        p.layer = LayerId(0);
        p.stage = static_cast<int>(program.populations.size());
        p.message_bits = model == nullptr ? 0 : 8;
        p.model = std::move(model);
        program.populations.push_back(p);
    };
    add("source", std::make_shared<Ones>(NeuronProgram::microcode));
    add("first", std::make_shared<Ones>(NeuronProgram::special));
    add("second", std::make_shared<Ones>(NeuronProgram::fixed_function));
    add("sink", nullptr);
    program.populations.front().runs_on = program.populations.back().runs_on = RunsOn::host;
    program.populations[0].payload = Payload::fields;
    program.populations[1].payload = program.populations[2].payload = Payload::number;
    const auto connect = [&](int source, int target, Transport transport) -> Projection& {
        const ProjectionId id(static_cast<int>(program.projections.size()));
        Projection& p = program.projections.emplace_back();
        p.name = "projection";
        p.source = PopulationId(source);
        p.target = PopulationId(target);
        p.transport = transport;
        p.slots = 2;
        program.populations[static_cast<std::size_t>(source)].outputs.push_back(id);
        program.populations[static_cast<std::size_t>(target)].inputs.push_back(id);
        return p;
    };
    static const std::vector<std::uint8_t> zeros(static_cast<std::size_t>(size * ternary_row_bytes(size)), 0x55);
    connect(0, 1, Transport::messages).synapses =
        std::make_shared<DenseTernary>(std::vector<TernaryInput>{{{size, size, zeros, 1}, 0}}, nullptr);
    for (const int source : {1, 2}) connect(source, source + 1, Transport::messages).synapses = make_identity(size);
    connect(3, 0, Transport::credit).lag = 1;  // within the host: self-timed runs want credits
    return program;
}

/// Two cores on one chip. Times without a common factor, so that no two things end at once by chance.
Machine machine_of(std::int64_t synop) {
    Machine machine = test::unicast_machine({1, 1, 1}, {2, 1});
    machine.timing.message_in = Picoseconds(1009);
    machine.timing.synop = Picoseconds(synop);
    machine.timing.neuron = {Picoseconds(307), Picoseconds(0), Picoseconds(2003)};
    machine.timing.spike = Picoseconds(53);
    machine.timing.message_out = Picoseconds(701);
    machine.barrier = {Picoseconds(5003), Picoseconds(0), Picoseconds(0), Picoseconds(20'011)};
    machine.hash = machine_hash(machine);
    return machine;
}

Mapping mapping_of(const Program& program, const Machine& machine) {
    Mapping mapping;
    mapping.model = program.model;
    mapping.machine = machine.hash;
    mapping.machine_name = machine.name;
    mapping.slices = {{}, {{CoreId(0), 0, 3}}, {{CoreId(0), 0, 1}, {CoreId(1), 1, 3}}, {}};
    return mapping;
}

Run run_of(const Machine& machine, SyncMode sync, std::int64_t rounds) {
    const Program program = chain();
    Rounds feed(rounds);
    SimulateOptions options;
    options.sync = sync;
    options.noc = NocMode::ideal;
    auto run = simulate(program, machine, mapping_of(program, machine), feed, options);
    if (!run) FAIL(to_string(run.error()));
    return std::move(*run);
}

/// Times at which messages of a slice arrive. Each leaves when its neuron is evaluated and the unit that sends is free.
class Sender {
public:
    Sender(const Machine& machine, std::int64_t message_out, std::int64_t path)
        : machine_(machine), out_(message_out), path_(path) {}
    void send(std::int64_t evaluated, bool over_hop = false) {
        free_ = std::max(free_, evaluated) + out_;
        const std::int64_t hop = machine_.mesh.hop_x.value() + flits(machine_) * machine_.mesh.flit_x.value();
        arrivals.push_back(free_ + path_ + (over_hop ? hop : 0));
    }
    static std::int64_t flits(const Machine& machine) { return machine.mesh.packet_flits(8); }
    std::vector<std::int64_t> arrivals;

private:
    const Machine& machine_;
    std::int64_t out_, path_, free_ = 0;
};

/// When messages have been served, one after the other as they arrive.
std::int64_t served(std::vector<std::int64_t> arrivals, std::int64_t service) {
    std::ranges::sort(arrivals);
    std::int64_t free = 0;
    for (const std::int64_t arrival : arrivals) free = std::max(free, arrival) + service;
    return free;
}

/// When the messages of each population have been served.
struct Stages {
    const Machine& machine;
    std::int64_t spike = machine.timing.spike.value();
    std::int64_t first_neuron = machine.timing.of(NeuronProgram::special).value() + spike;
    std::int64_t second_neuron = machine.timing.of(NeuronProgram::fixed_function).value() + spike;
    std::int64_t port = Sender::flits(machine) * machine.mesh.flit_local.value();
    std::int64_t host_link = machine.host.latency.value() + Sender::flits(machine) * machine.host.flit.value();

    /// The first neuron begins at `at`; so below.
    [[nodiscard]] std::int64_t source(std::int64_t at) const {
        Sender sender(machine, machine.host.message.value(), host_link + port);
        for (int j = 1; j <= size; ++j)
            sender.send(at + machine.host.token.value() + j * machine.host.neuron_update.value());
        return served(sender.arrivals,
                      std::max(machine.timing.message_in.value(), size * machine.timing.synop.value()));
    }
    /// Neuron 0 passes its state within the core; 1 and 2 send theirs to core 1.
    [[nodiscard]] std::int64_t first(std::int64_t at) const {
        Sender sender(machine, machine.timing.message_out.value(), 2 * port);
        for (int j = 1; j < size; ++j) sender.send(at + (j + 1) * first_neuron, true);
        return served(sender.arrivals, machine.timing.message_in.value());
    }
    /// Neuron 0 on core 0, at the host's tile; 1 and 2 on core 1.
    [[nodiscard]] std::int64_t second(std::int64_t at_core_0, std::int64_t at_core_1) const {
        Sender near(machine, machine.timing.message_out.value(), port + host_link);
        near.send(at_core_0 + second_neuron);
        Sender far(machine, machine.timing.message_out.value(), port + host_link);
        for (int j = 1; j < size; ++j) far.send(at_core_1 + j * second_neuron, true);
        far.arrivals.push_back(near.arrivals[0]);
        return served(far.arrivals, machine.host.message.value());
    }
};

}  // namespace

TEST_CASE("the path is extended up to a time, and not back") {
    PathPoint point{10, {1, 2, 3, 4, 5}};
    point.extend(PathPart::sending, 7);
    point.extend(PathPart::network, 10);
    CHECK((point.time == 10 && point.split == PathSplit{1, 2, 3, 4, 5}));
    point.extend(PathPart::neurons, 15);
    CHECK((point.time == 15 && point.split == PathSplit{1, 7, 3, 4, 5}));
}

TEST_CASE("a barrier step evaluates all neurons from its start on, while messages are sent and served") {
    for (const std::int64_t synop : {11, 1013, 9001}) {  // looking up, weights, or weights alone take longest
        const Machine machine = machine_of(synop);
        const Stages stages{machine};
        // Core 0 holds three neurons of `first`, then one of `second`; core 1 two of `second`. All are evaluated in
        // every step; those that fire take the time of a spike more.
        const std::int64_t special = machine.timing.of(NeuronProgram::special).value();
        const std::int64_t fixed = machine.timing.of(NeuronProgram::fixed_function).value();
        const std::int64_t spike = machine.timing.spike.value();
        for (const std::int64_t rounds : {1, 2, 7}) {
            INFO(synop << " ps a synop, " << rounds << " rounds");
            const Run run = run_of(machine, SyncMode::barrier, rounds);
            std::int64_t now = 0, barriers = 0;
            for (std::int64_t step = 0; step < rounds + 2; ++step, ++barriers) {
                const auto fires = [&](std::int64_t stage) { return step >= stage && step - stage < rounds; };
                const std::int64_t second_at = now + 3 * special + (fires(1) ? 3 * spike : 0);
                std::int64_t end = second_at + fixed + (fires(2) ? spike : 0);
                if (fires(0)) end = std::max(end, stages.source(now));
                if (fires(1)) end = std::max(end, stages.first(now));
                if (fires(2)) end = std::max(end, stages.second(second_at, now));
                if (fires(3)) end = std::max(end, now + size * machine.host.neuron_update.value());
                now = end + 5003 + 20'011;
            }
            const std::int64_t end = now + size * machine.host.neuron_update.value();
            CHECK(run.elapsed.value() == end);
            CHECK(run.steps == barriers);
            CHECK(run.barrier.value() == barriers * 5003);
            CHECK(run.management.value() == barriers * 20'011);
            if (rounds > 1) continue;
            // Core 1 evaluates its neurons in four steps. In the second it serves two messages, long after that; in the
            // third it sends the first message beside the second neuron, and then the other.
            const std::int64_t last = fixed + spike + 2 * machine.timing.message_out.value();
            REQUIRE(2 * (fixed + spike) < last);
            CHECK(run.cores[1].busy.value() == 3 * 2 * fixed + 2 * machine.timing.message_in.value() + last);
        }
    }
}

TEST_CASE("a self-timed slice fires when its inputs are served and its core's neurons are free") {
    const Machine machine = machine_of(1013);
    const Stages stages{machine};
    const Run run = run_of(machine, SyncMode::dataflow, 1);
    const std::int64_t first_at = stages.source(0);
    // Neuron 0 of `second` has its input when `first` fires, and waits for the last neuron of it.
    const std::int64_t second_at = stages.second(first_at + 3 * stages.first_neuron, stages.first(first_at));
    CHECK(run.elapsed.value() == second_at + size * machine.host.neuron_update.value());
    CHECK((run.barrier.value() == 0 && run.management.value() == 0));
    Picoseconds sum;
    for (const PhaseTime& phase : phases_of(run)) sum += phase.time;
    CHECK(sum == run.elapsed);
    // The path: the last message of `source`, of `first` and of `second`; those of `first` are sent as they are ready.
    CHECK(run.synapses.value() == size * machine.timing.synop.value() + machine.timing.message_in.value());
    CHECK(run.neurons.value() == 3 * stages.first_neuron + 2 * stages.second_neuron);
    const std::int64_t out = machine.timing.message_out.value();
    CHECK(run.sending.value() == out + (stages.second_neuron + 2 * out - 2 * stages.second_neuron));
}
