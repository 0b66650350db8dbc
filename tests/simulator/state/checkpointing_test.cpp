// Runs that stop at any window and go on from a checkpoint: the same run, in every mode.
#include "simulator/state/checkpointing.hpp"

#include "core/philox.hpp"
#include "core/stop.hpp"
#include "neuro/lm/lower.hpp"
#include "neuro/lm/sampling.hpp"
#include "neuro/lm/synth.hpp"
#include "simulator/lm/simulate_tokens.hpp"
#include "tests/catch.hpp"
#include "tests/mapper/small_machine.hpp"
#include "tests/simulator/networks.hpp"
#include "tests/simulator/spread.hpp"

using namespace tephra;

namespace {

std::string text_of(Result<Run> run) {
    if (!run) FAIL(to_string(run.error()));
    run->parameters = 1;
    const auto text = run_json(*run);
    if (!text) FAIL(to_string(text.error()));
    return *text;
}

/// A run and where its checkpoints go. `run`: the whole run as text, with its timeline where it has one.
struct Case {
    std::function<std::string(const CheckpointOptions&, int threads)> run;
};

/// Due at window number `window`, counted from 1.
std::function<bool()> at_window(std::int64_t window) {
    return [window, count = std::int64_t{0}]() mutable { return ++count == window; };
}

/// Interrupts the run at windows drawn by `seed`, and goes on with other numbers of threads.
void check_interruptions(const Case& of, int interruptions, std::uint64_t seed) {
    const std::string expected = of.run({}, 1);
    const test::TemporaryPath file("run.ckpt");
    CheckpointReport report;
    std::int64_t windows = 0;
    CheckpointOptions options;
    options.path = file.str();
    options.report = &report;
    options.due = [&windows] { return ++windows, false; };
    CHECK(of.run(options, 2) == expected);
    CHECK(report.written == 0);
    REQUIRE(windows > interruptions);
    for (int k = 0; k < interruptions; ++k) {
        const auto window = static_cast<std::int64_t>(1 + random_words(seed, 1, static_cast<std::uint64_t>(k), 0)[0] %
                                                              static_cast<std::uint64_t>(windows));
        CAPTURE(window, windows);
        report = {};
        options.resume = nullptr;
        options.due = at_window(window);
        CHECK(of.run(options, 1 + k % 3) == expected);  // a checkpoint changes nothing
        CHECK(report.written == 1);
        const auto saved = Checkpoint::open(file.str());
        if (!saved) FAIL(to_string(saved.error()));
        CheckpointOptions resumed;
        resumed.resume = &*saved;
        CHECK(of.run(resumed, 1 + (k + 1) % 3) == expected);
        // Asked to stop on the way, it writes another one, in place of the one that it began with.
        const std::atomic<bool> stop = true;
        {
            const StopScope scope(&stop);
            options.resume = &*saved;
            if (window < windows) CHECK_THROWS_AS(of.run(options, 2), Stopped);
        }
        const auto second = Checkpoint::open(file.str());
        REQUIRE(second);
        resumed.resume = &*second;
        CHECK(of.run(resumed, 1 + k % 3) == expected);
    }
}

struct Shape {
    const char* machine;
    int neurons;
    bool head_on_host;
};

/// Tokens of a small model, sampled; the text is what was sampled, before and after the checkpoint.
Case tokens_on(const Program& program, const Shape& shape, RunMode mode, SyncMode sync, NocMode noc, bool traced) {
    const Machine machine = *find_machine(shape.machine);
    const Mapping mapping = test::spread(program, machine, shape.neurons, 3, shape.head_on_host);
    return {[=, &program](const CheckpointOptions& checkpoint, int threads) {
        std::map<int, std::string> said;
        TokenOptions options;
        options.mode = mode;
        options.sync = sync;
        options.noc = noc;
        options.threads = threads;
        options.prompts = {{3, 77, 12, 5}, {9, 9}, {101, 4, 64, 8, 31}};
        options.new_tokens = mode == RunMode::generate ? 3 : 0;
        options.checkpoint = checkpoint;
        auto sampler = *Sampler::create({.temperature = 2, .top_k = 40, .seed = 7}, 8);
        const auto say = [&](int stream, std::int32_t id) { said[stream] += " " + std::to_string(id); };
        options.resumed = say;
        options.sample = [&](int stream, int position, std::span<const std::int32_t> logits) {
            const auto id =
                sampler.next(logits, static_cast<std::uint32_t>(stream), static_cast<std::uint64_t>(position));
            if (stream == 1 && position == 2) return -1;  // ends early
            say(stream, id);
            return static_cast<int>(id);
        };
        const test::TemporaryPath path("trace.json");
        std::optional<OutputFile> timeline;
        if (traced) timeline = *OutputFile::create(path.str());
        options.trace.file = timeline ? &*timeline : nullptr;
        std::string text = text_of(simulate_tokens(program, machine, mapping, options));
        for (const auto& [stream, ids] : said) text += std::to_string(stream) + ids;
        if (timeline) {
            REQUIRE(timeline->commit());
            text += *read_file(path.str());
        }
        return text;
    }};
}

const Program& small_program() {
    static const auto model = *make_synthetic_model(synth_shape(40, 1, 60, 130, 5));
    static const Program program = lower(model);
    return program;
}

}  // namespace

TEST_CASE("a run of tokens goes on from any window as if nothing had been", "[threads]") {
    std::uint64_t seed = 1;
    for (const Shape& shape :
         test::repeats<Shape>({{"oheo-gulch", 40, false}, {"kapoho-point", 7, false}, {"generic-mesh", 11, true}}))
        for (const RunMode mode : {RunMode::generate, RunMode::prefill})
            for (const SyncMode sync : {SyncMode::barrier, SyncMode::dataflow})
                for (const NocMode noc : {NocMode::ideal, NocMode::contended}) {
                    CAPTURE(shape.machine, mode_name(mode), sync_name(sync), noc_name(noc));
                    check_interruptions(tokens_on(small_program(), shape, mode, sync, noc, false), 1, ++seed);
                }
}

TEST_CASE("a run whose links err goes on from any window with the same faults", "[threads]") {
    Machine machine = *find_machine("kapoho-point");
    const test::TemporaryPath file("errs.json");
    std::uint64_t seed = 400;
    for (const LinkErrors& errors : {LinkErrors{bits_of_error_rate / 1000, 1}, {bits_of_error_rate / 300, 4}})
        for (const RunMode mode : {RunMode::generate, RunMode::prefill})
            for (const SyncMode sync : {SyncMode::barrier, SyncMode::dataflow})
                for (const NocMode noc : {NocMode::ideal, NocMode::contended}) {
                    CAPTURE(errors.attempts, mode_name(mode), sync_name(sync), noc_name(noc));
                    machine.link.errors = errors;
                    REQUIRE(write_file(file.str(), machine_json(machine)));
                    check_interruptions(
                        tokens_on(small_program(), {file.str().c_str(), 7, false}, mode, sync, noc, false), 1, ++seed);
                }
}

TEST_CASE("a run goes on with and without a timeline", "[threads]") {
    for (const SyncMode sync : {SyncMode::barrier, SyncMode::dataflow})
        for (const bool traced : test::repeats({false, true})) {
            CAPTURE(sync_name(sync), traced);
            check_interruptions(tokens_on(small_program(), {"kapoho-point", 13, false}, RunMode::generate, sync,
                                          NocMode::contended, traced),
                                2, 77);
        }
}

TEST_CASE("a network goes on from any window, with what its probes recorded", "[threads]") {
    const spiking::Network network = test::mixed_network();
    const auto program = *spiking::lower(network, "mixed", hash128("mixed"), spiking::HostInput::messages);
    constexpr int rounds = 40;
    const test::Played plain = test::play_plain(network, rounds);
    for (const auto& machine : {test::small_machine({1, 1, 1}, {4, 4}), test::unicast_machine({2, 1, 2}, {1, 1}, 2)})
        for (const NocMode noc : {NocMode::ideal, NocMode::contended}) {
            const Mapping mapping = *map_program(program, machine, {});
            const Case of{[&](const CheckpointOptions& checkpoint, int threads) {
                SimulateOptions options;
                options.noc = noc;
                options.threads = threads;
                options.checkpoint = checkpoint;
                test::Played played;
                std::string text = text_of(test::play_on(network, program, machine, mapping, options, rounds, played));
                // What the host reads is a callback's own, which a test does not save.
                CHECK(played.messages == plain.messages);
                CHECK(played.states == plain.states);
                return text;
            }};
            check_interruptions(of, 5, 5);
        }
}

TEST_CASE("a checkpoint of another run is refused, with what differs") {
    const Shape shape{"kapoho-point", 13, false};
    const test::TemporaryPath file("run.ckpt");
    CheckpointOptions options;
    options.path = file.str();
    options.due = at_window(30);
    tokens_on(small_program(), shape, RunMode::generate, SyncMode::barrier, NocMode::contended, false).run(options, 1);
    const auto saved = Checkpoint::open(file.str());
    REQUIRE(saved);
    const Machine machine = *find_machine("kapoho-point");
    const Program& program = small_program();
    struct Change {
        const char* what;
        std::function<void(TokenOptions&, Machine&, Mapping&)> make;
    };
    const auto error_of = [&](const std::function<void(TokenOptions&, Machine&, Mapping&)>& change) {
        TokenOptions here;
        here.prompts = {{3, 77, 12, 5}, {9, 9}, {101, 4, 64, 8, 31}};
        here.new_tokens = 3;
        here.sample = [](int, int, std::span<const std::int32_t>) { return 1; };
        here.checkpoint.resume = &*saved;
        Machine its = machine;
        Mapping mapping = test::spread(program, machine, shape.neurons, 3);
        change(here, its, mapping);
        const auto run = simulate_tokens(program, its, mapping, here);
        return run ? std::string() : to_string(run.error());
    };
    CHECK(error_of([](auto&, auto&, auto&) {}).empty());
    const std::vector<Change> changes = {
        {"machine",
         [&](TokenOptions&, Machine& its, Mapping& mapping) {
             its.link.latency = Picoseconds(1 + its.link.latency.value());
             its = *parse_machine(machine_json(its), "machine");
             mapping.machine = its.hash;
         }},
        {"mapping", [&](auto&, auto&, Mapping& mapping) { mapping = test::spread(program, machine, 14, 3); }},
        {"--sync", [](TokenOptions& here, auto&, auto&) { here.sync = SyncMode::dataflow; }},
        {"--noc", [](TokenOptions& here, auto&, auto&) { here.noc = NocMode::ideal; }},
        {"prompt of stream 1",
         [](TokenOptions& here, auto&, auto&) {
             here.prompts[1] = {9, 8};
         }},
        {"number of tokens", [](TokenOptions& here, auto&, auto&) { here.new_tokens = 4; }},
        {"seed", [](TokenOptions& here, auto&, auto&) {
             here.checkpoint.inputs.push_back({"seed", "3"});
         }}};
    for (const auto& [what, change] : changes)
        CHECK_THAT(error_of(change), test::contains("of a run with another " + std::string(what)));
    auto other = program;
    other.model = hash128("another");
    Mapping mapping = test::spread(other, machine, shape.neurons, 3);
    TokenOptions here;
    here.prompts = {{3, 77, 12, 5}, {9, 9}, {101, 4, 64, 8, 31}};
    here.checkpoint.resume = &*saved;
    CHECK_THAT(to_string(simulate_tokens(other, machine, mapping, here).error()), test::contains("another model"));
}
