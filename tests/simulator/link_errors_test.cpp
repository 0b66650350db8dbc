// Links between chips that err: what is counted, what is lost, and what never changes.
#include "simulator/link_errors.hpp"

#include <cmath>

#include "neuro/lm/engine.hpp"
#include "neuro/lm/lower.hpp"
#include "neuro/lm/sampling.hpp"
#include "neuro/lm/synth.hpp"
#include "simulator/lm/simulate_tokens.hpp"
#include "tests/catch.hpp"
#include "tests/mapper/small_machine.hpp"
#include "tests/simulator/networks.hpp"
#include "tests/simulator/spread.hpp"
#include "tests/simulator/thread_ranks.hpp"

using namespace tephra;

namespace {

constexpr LinkErrors no_errors{};
constexpr LinkErrors retries{bits_of_error_rate / 1000, 1000};  // no packet of so few bits is lost
constexpr LinkErrors losses{bits_of_error_rate / 1000, 1};
constexpr LinkErrors everything{bits_of_error_rate, 1};

struct Language {
    std::shared_ptr<const Deployment> model = *make_synthetic_model(synth_shape(96, 1, 150, 130, 5));
    Program program = lower(model);
};
const Language& language() {
    static const Language made;
    return made;
}

Machine with(Machine machine, const LinkErrors& errors, const std::vector<Machine::FaultyLink>& own = {}) {
    machine.link.errors = errors;
    machine.faulty_links = own;
    auto read = parse_machine(machine_json(machine), "machine");
    if (!read) FAIL(to_string(read.error()));
    return *read;
}

struct Case {
    RunMode mode;
    SyncMode sync;
    NocMode noc;
};
std::vector<Case> all_cases() {
    std::vector<Case> cases;
    for (const RunMode mode : {RunMode::generate, RunMode::prefill})
        for (const SyncMode sync : {SyncMode::barrier, SyncMode::dataflow})
            for (const NocMode noc : {NocMode::ideal, NocMode::contended}) cases.push_back({mode, sync, noc});
    return cases;
}

struct Output {
    Run run;
    std::string text, error;  ///< the run file; why there is none
    std::vector<std::int32_t> sampled;
};

Output run(const Machine& machine, const Case& of, int threads = 1, std::uint64_t seed = 0, Ranks* ranks = nullptr) {
    Output output;
    TokenOptions options;
    options.mode = of.mode;
    options.sync = of.sync;
    options.noc = of.noc;
    options.threads = threads;
    options.fault_seed = seed;
    options.ranks = ranks;
    options.prompts = {{3, 77, 5}, {9}};
    options.new_tokens = of.mode == RunMode::generate ? 3 : 0;
    options.sample = [&](int, int, std::span<const std::int32_t> logits) {
        output.sampled.push_back(greedy_token(logits));
        return output.sampled.back();
    };
    const Program& program = language().program;
    auto made = simulate_tokens(program, machine, test::spread(program, machine, 20, 2), options);
    if (!made) return output.error = to_string(made.error()), output;
    if (ranks != nullptr && !ranks->is_root()) return output;
    output.run = std::move(*made);
    auto text = run_json(output.run);
    if (text) output.text = *text;
    if (!text) output.error = to_string(text.error());
    return output;
}

std::int64_t retries_of(const Run& run) {
    std::int64_t sum = 0;
    for (const LinkFaultRecord& fault : run.faults.value().links) sum += fault.retries;
    return sum;
}
std::int64_t lost_by(const Run& run) {
    std::int64_t sum = 0;
    for (const LinkFaultRecord& fault : run.faults.value().links) sum += fault.lost;
    return sum;
}
std::int64_t waits_of(const Run& run) {
    return std::ranges::count_if(run.faults.value().missed, [](const MissedRecord& row) { return row.waited; });
}

Machine kapoho() {
    return *find_machine("kapoho-point");
}

}  // namespace

TEST_CASE("the probability that a packet errs is that of its bits") {
    CHECK(wrong_packet(0, 1000) == 0);
    CHECK(wrong_packet(5, 0) == 0);
    CHECK(wrong_packet(bits_of_error_rate, 1) == UINT64_MAX);
    CHECK(wrong_packet(bits_of_error_rate / 2, 1) == std::uint64_t{1} << 63);
    CHECK(wrong_packet(bits_of_error_rate / 2, 2) == std::uint64_t{3} << 62);
    CHECK(wrong_packet(bits_of_error_rate / 2, 1000) == UINT64_MAX);
    CHECK(wrong_packet(1, 1) == 18);  // 2^64 / 10^18, rounded
    CHECK(wrong_packet(bits_of_error_rate - 1, 1) == UINT64_MAX - 17);
    for (const std::int64_t rate : {1'000L, 1'000'000L, 1'000'000'000'000L, 10'000'000'000'000'000L})
        for (const std::int64_t bits : {1, 2, 33, 64, 4097, 1 << 24}) {
            const long double one = static_cast<long double>(rate) / 1e18L;
            const long double expected = -std::expm1(static_cast<long double>(bits) * std::log1p(-one)) * 0x1p64L;
            CAPTURE(rate, bits);
            CHECK(std::abs(static_cast<long double>(wrong_packet(rate, bits)) - expected) <=
                  static_cast<long double>(bits) + expected * 1e-15L + 50);  // that of a bit is rounded to 2^-64
            CHECK(wrong_packet(rate, bits + 1) >= wrong_packet(rate, bits));
        }
}

TEST_CASE("a packet errs as often as its bits say, by seed, link and packet") {
    const Machine machine = with(kapoho(), {bits_of_error_rate / 256, 3}, {{ChipId(1), ChipId(0), no_errors}});
    const Program& program = language().program;
    const auto schedule = make_schedule(program, machine, test::spread(program, machine, 20), false);
    REQUIRE(schedule);
    const LinkErrorLaw law(**schedule, 5), other(**schedule, 6);
    const LinkId link = (*schedule)->topology.chip_link(ChipId(0), ChipId(1));
    const LinkId sound = (*schedule)->topology.chip_link(ChipId(1), ChipId(0));
    std::array<int, 4> failed{};  // attempts
    int differ = 0;
    constexpr int packets = 20'000;
    for (int k = 0; k < packets; ++k) {
        Packet packet;
        packet.token = static_cast<std::uint32_t>(k % 100);
        packet.neuron = static_cast<std::uint32_t>(k / 100);
        packet.terminal = 7;
        packet.flits = 2;
        const LinkOutcome outcome = law.of(link, packet);
        ++failed[static_cast<std::size_t>(outcome.retries + (outcome.lost ? 1 : 0))];
        differ += other.of(link, packet).retries != outcome.retries ? 1 : 0;
        CHECK(law.of(sound, packet).retries == 0);
        CHECK_FALSE(law.of(sound, packet).lost);
    }
    const int bits = 2 * machine.mesh.flit_bits;
    const double wrong = 1 - std::pow(1 - 1.0 / 256, bits);
    double share = 1;
    for (int k = 0; k < 3; ++k) {
        const double expected = packets * share * (1 - wrong);
        CHECK(std::abs(failed[static_cast<std::size_t>(k)] - expected) < 5 * std::sqrt(expected));
        share *= wrong;
    }
    CHECK(std::abs(failed[3] - packets * share) < 5 * std::sqrt(packets * share));
    CHECK(differ > 100);
}

TEST_CASE("retries take time and flits, and never change a bit of the text") {
    for (const Case& of : all_cases()) {
        CAPTURE(mode_name(of.mode), sync_name(of.sync), noc_name(of.noc));
        const Output sound = run(kapoho(), of), retried = run(with(kapoho(), retries), of);
        REQUIRE(sound.error.empty());
        CHECK(retried.error.empty());
        CHECK(retried.sampled == sound.sampled);
        CHECK_FALSE(sound.run.faults);
        REQUIRE(retried.run.faults);
        CHECK(retries_of(retried.run) > 0);
        CHECK(lost_by(retried.run) == 0);
        CHECK(waits_of(retried.run) == 0);
        CHECK(retried.run.faults->missed.empty());
        CHECK(retried.run.elapsed > sound.run.elapsed);
        CHECK(total(retried.run, EventKind::chip_flit) > total(sound.run, EventKind::chip_flit));
        for (const EventKind kind : {EventKind::message_in, EventKind::message_out, EventKind::hop_x, EventKind::hop_y,
                                     EventKind::hop_local, EventKind::synop_ternary, EventKind::synop_int8})
            CHECK(total(retried.run, kind) == total(sound.run, kind));
    }
}

TEST_CASE("a machine without errors gives the run of one that never heard of them") {
    for (const Case& of : all_cases()) {
        const Output plain = run(kapoho(), of), zero = run(with(kapoho(), {0, 1}), of, 1, 77);
        CHECK(plain.text == zero.text);
        CHECK(plain.text.find("faults") == std::string::npos);
    }
}

TEST_CASE("what was sent was received or lost, whatever the network, for any number of threads and ranks",
          "[threads]") {
    for (const Case& of : all_cases()) {
        CAPTURE(mode_name(of.mode), sync_name(of.sync), noc_name(of.noc));
        const Machine machine = with(kapoho(), losses);
        const Output one = run(machine, of);
        REQUIRE(one.error.empty());  // simulate() counts what was sent, received and lost at each target
        CHECK(lost_by(one.run) > 0);
        CHECK(retries_of(one.run) == 0);
        CHECK_FALSE(one.run.faults->missed.empty());
        CHECK((waits_of(one.run) > 0) == (of.sync == SyncMode::dataflow));
        for (const int threads : {2, 3}) CHECK(run(machine, of, threads).text == one.text);
        for (const int ranks : {2, 3}) {
            std::string text;
            test::ThreadRounds(ranks).run([&](Ranks& rank) {
                const Output mine = run(machine, of, 1 + rank.rank() % 2, 0, &rank);
                if (rank.is_root()) text = mine.error + mine.text;
            });
            CHECK(text == one.text);
        }
        CHECK(run(machine, of, 1, 1).text != one.text);
        const auto again = parse_run(one.text, "run");
        REQUIRE(again);
        CHECK(run_json(*again).value() == one.text);
    }
}

TEST_CASE("a packet meets the same errors over an ideal network as over a contended one") {
    const Machine machine = with(kapoho(), retries);
    for (const RunMode mode : {RunMode::generate, RunMode::prefill})
        for (const SyncMode sync : {SyncMode::barrier, SyncMode::dataflow}) {
            const Output ideal = run(machine, {mode, sync, NocMode::ideal});
            const Output contended = run(machine, {mode, sync, NocMode::contended});
            CHECK(retries_of(ideal.run) == retries_of(contended.run));
            CHECK(ideal.run.faults->links.size() == contended.run.faults->links.size());
            CHECK(total(ideal.run, EventKind::chip_flit) == total(contended.run, EventKind::chip_flit));
        }
}

TEST_CASE("a machine that loses everything comes to its end") {
    for (const Case& of : all_cases()) {
        CAPTURE(mode_name(of.mode), sync_name(of.sync), noc_name(of.noc));
        const Output all = run(with(kapoho(), everything), of);
        CHECK(all.error.empty());
        CHECK(all.sampled.size() == (of.mode == RunMode::generate ? 6U : 2U));
        // Nothing crosses a second link.
        const Output again = run(with(kapoho(), {bits_of_error_rate, 5}), of);
        CHECK(again.error.empty());
        CHECK(retries_of(again.run) == 4 * lost_by(again.run));
        CHECK(total(again.run, EventKind::chip_flit) == 5 * total(all.run, EventKind::chip_flit));
        CHECK(again.sampled == all.sampled);
    }
}

TEST_CASE("a self-timed run waits for what was lost as long as the machine says") {
    const auto stalled = [](std::optional<Picoseconds> stall) {
        Machine machine = with(kapoho(), everything);
        machine.barrier.stall = stall;
        return run(with(machine, everything), {RunMode::generate, SyncMode::dataflow, NocMode::contended});
    };
    const Output none = stalled(Picoseconds(0)), some = stalled(Picoseconds(1'000'000)), missing = stalled({});
    for (const Output* output : {&none, &some, &missing}) CHECK(output->error.empty());
    CHECK(some.sampled == none.sampled);
    CHECK(missing.sampled == none.sampled);
    CHECK(waits_of(none.run) == waits_of(some.run));
    const std::int64_t longer = (some.run.elapsed - none.run.elapsed).value();
    CHECK(longer >= 1'000'000);
    CHECK(longer % 1'000'000 == 0);  // slices that wait together go on together
    CHECK(none.run.faults->stall == Picoseconds(0));
    CHECK(some.run.faults->stall == Picoseconds(1'000'000));
    CHECK(missing.run.faults->stall > Picoseconds(0));  // a barrier's time
}

TEST_CASE("errors of one link hit that link alone") {
    const Machine machine = with(kapoho(), no_errors, {{ChipId(0), ChipId(1), everything}});
    const Output output = run(machine, {RunMode::generate, SyncMode::barrier, NocMode::contended});
    CHECK(output.error.empty());
    REQUIRE_FALSE(output.run.faults->links.empty());
    for (const LinkFaultRecord& fault : output.run.faults->links) {
        CHECK(fault.from == 0);
        CHECK(fault.to == 1);
    }
}

TEST_CASE("a network of time steps loses messages and goes on") {
    const spiking::Network network = test::mixed_network();
    const auto program = spiking::lower(network, "mixed", hash128("mixed"), spiking::HostInput::messages);
    REQUIRE(program);
    constexpr int rounds = 24;
    const test::Played sound = test::play_plain(network, rounds);
    for (const auto& plain : {test::small_machine({2, 2, 1}, {2, 1}), test::unicast_machine({2, 1, 2}, {1, 1}, 2)})
        for (const NocMode noc : {NocMode::ideal, NocMode::contended}) {
            std::string expected;
            for (const int threads : {1, 3}) {
                const Machine machine = with(plain, {bits_of_error_rate / 500, 1});
                SimulateOptions options;
                options.noc = noc;
                options.threads = threads;
                test::Played played;
                const auto mapping = map_program(*program, machine, {});
                REQUIRE(mapping);
                const auto run = test::play_on(network, *program, machine, *mapping, options, rounds, played);
                if (!run) FAIL(to_string(run.error()));
                CHECK(run->tokens.size() == rounds);
                CHECK(lost_by(*run) > 0);
                CHECK(played != sound);
                if (threads == 1) expected = run_json(*run).value();
                CHECK(run_json(*run).value() == expected);
            }
        }
}
