#include "simulator/lm/simulate_tokens.hpp"

#include <map>

#include "neuro/lm/engine.hpp"
#include "neuro/lm/lower.hpp"
#include "neuro/lm/sampling.hpp"
#include "neuro/lm/synth.hpp"
#include "tests/catch.hpp"
#include "tests/mapper/random_faults.hpp"
#include "tests/simulator/spread.hpp"

using namespace tephra;

namespace {

using Logits = std::vector<std::int32_t>;

/// What each stream sampled, and the logits it sampled from.
struct Answer {
    std::map<std::pair<int, int>, Logits> logits;  ///< by stream and position
    std::vector<TokenRecord> tokens;
    Run run;
};

TokenOptions options_for(Answer& answer) {
    TokenOptions options;
    options.sample = [&answer](int stream, int position, std::span<const std::int32_t> logits) {
        answer.logits[{stream, position}] = {logits.begin(), logits.end()};
        return greedy_token(logits);
    };
    return options;
}

/// The same by the golden engine.
std::map<std::pair<int, int>, Logits> expected_logits(const std::shared_ptr<const Deployment>& model,
                                                      const std::vector<std::vector<std::int32_t>>& prompts,
                                                      int samples) {
    std::map<std::pair<int, int>, Logits> expected;
    const auto vocabulary = static_cast<std::size_t>(model->graph.config.vocab_size);
    for (int s = 0; s < static_cast<int>(prompts.size()); ++s) {
        const auto engine = make_golden_engine(model, {1, 1}).value();
        std::vector<std::int32_t> ids = prompts[static_cast<std::size_t>(s)];
        const std::size_t prompt = ids.size();
        for (std::size_t k = 0; k < ids.size(); ++k) {
            Logits logits(vocabulary);
            REQUIRE(engine->decode(std::span(ids).subspan(k, 1), logits));
            if (k + 1 < prompt) continue;
            expected[{s, static_cast<int>(k)}] = logits;
            if (static_cast<int>(k + 2 - prompt) < samples) ids.push_back(greedy_token(logits));
        }
    }
    return expected;
}

std::shared_ptr<const Deployment> small_model() {
    static const auto model = *make_synthetic_model(synth_shape(96, 2, 150, 130, 5));
    return model;
}

Picoseconds sum_of_phases(const Run& run) {
    Picoseconds sum;
    for (const PhaseTime& phase : phases_of(run)) sum += phase.time;
    return sum;
}

std::string describe(const TokenOptions& options) {
    return std::string(options.mode == RunMode::prefill ? "prefill" : "generate") +
           (options.sync == SyncMode::barrier ? " barrier" : " dataflow") +
           (options.noc == NocMode::ideal ? " ideal " : " contended ") + std::to_string(options.threads) + " threads";
}

}  // namespace

TEST_CASE("a barrier that is shorter than the link between chips waits for the credits", "[threads]") {
    const auto model = *make_synthetic_model(synth_shape(96, 1, 150, 130, 5));
    const Program program = lower(model);
    const Machine shipped = *find_machine("kapoho-point");
    const std::vector<std::vector<std::int32_t>> prompts{{3, 77}};
    const auto expected = expected_logits(model, prompts, 2);
    for (const std::int64_t latency : test::repeats<std::int64_t>({230'000, 5'000'000, 700'000})) {
        std::int64_t shortest = 0;
        for (const std::int64_t base : {0L, 100'000L, latency - 1, latency, latency + 1, 10'000'000L}) {
            Machine machine = shipped;
            machine.link.latency = Picoseconds(latency);
            machine.barrier = {Picoseconds(base), Picoseconds(0), Picoseconds(0), Picoseconds(0)};
            machine = *parse_machine(machine_json(machine), "machine");
            std::int64_t elapsed = 0;
            for (const int threads : {1, 4}) {
                INFO("link " << latency << ", barrier " << base << ", threads " << threads);
                Answer answer;
                TokenOptions options = options_for(answer);
                options.threads = threads;
                options.prompts = prompts;
                options.new_tokens = 2;
                const auto run = simulate_tokens(program, machine, test::spread(program, machine, 30), options);
                if (!run) FAIL(to_string(run.error()));
                CHECK(answer.logits == expected);
                CHECK(run->elapsed == sum_of_phases(*run));
                if (threads == 1) elapsed = run->elapsed.value();
                CHECK(run->elapsed.value() == elapsed);
            }
            CHECK(elapsed >= shortest);  // a longer barrier shortens no run
            shortest = elapsed;
        }
    }
}

TEST_CASE("a simulated machine gives the golden model's bits in every mode and for any number of threads") {
    const auto model = small_model();
    const Program program = lower(model);
    struct Case {
        const char* machine;
        int neurons;
        bool head_on_host;
    };
    const std::vector<std::vector<std::int32_t>> prompts{{3, 77, 12, 5}, {9, 9}, {101, 4, 64, 8, 31}};
    const auto generated = expected_logits(model, prompts, 3);
    const auto prefilled = expected_logits(model, prompts, 1);
    for (const Case& c :
         test::repeats<Case>({{"generic-mesh", 11, true}, {"oheo-gulch", 40, false}, {"kapoho-point", 7, false}})) {
        const Machine machine = *find_machine(c.machine);
        const Mapping mapping = test::spread(program, machine, c.neurons, 3, c.head_on_host);
        for (const RunMode mode : {RunMode::generate, RunMode::prefill})
            for (const SyncMode sync : {SyncMode::barrier, SyncMode::dataflow})
                for (const NocMode noc : {NocMode::ideal, NocMode::contended}) {
                    Hash128 trace;
                    for (const int threads : test::repeats({1, 3})) {
                        Answer answer;
                        TokenOptions options = options_for(answer);
                        options.mode = mode;
                        options.sync = sync;
                        options.noc = noc;
                        options.threads = threads;
                        options.prompts = prompts;
                        options.new_tokens = mode == RunMode::generate ? 3 : 0;
                        INFO(c.machine << " " << describe(options));
                        const auto run = simulate_tokens(program, machine, mapping, options);
                        if (!run) FAIL(to_string(run.error()));
                        REQUIRE(answer.logits == (mode == RunMode::generate ? generated : prefilled));
                        if (trace == Hash128()) trace = run->trace;
                        CHECK(run->trace == trace);
                        CHECK(run->elapsed == sum_of_phases(*run));
                    }
                }
    }
}

TEST_CASE("buffers of one packet slow a machine down but cannot lock it") {
    const auto model = small_model();
    const Program program = lower(model);
    const std::vector<std::vector<std::int32_t>> prompts{{3, 77, 12, 5, 9, 9}};
    const auto expected = expected_logits(model, prompts, 1);
    for (const char* name : test::repeats({"kapoho-point", "generic-mesh"})) {
        const Machine roomy = *find_machine(name);
        Machine tight = roomy;
        tight.mesh.buffer_packets = tight.link.buffer_packets = 1;
        const Mapping mapping = test::spread(program, roomy, 2);
        Picoseconds elapsed[2];
        for (const Machine* machine : {&roomy, static_cast<const Machine*>(&tight)}) {
            Answer answer;
            TokenOptions options = options_for(answer);
            options.mode = RunMode::prefill;
            options.sync = SyncMode::dataflow;
            options.prompts = prompts;
            const auto run = simulate_tokens(program, *machine, mapping, options);
            if (!run) FAIL(to_string(run.error()));
            CHECK(answer.logits == expected);
            elapsed[machine == &tight] = run->elapsed;
        }
        CHECK(elapsed[1] > elapsed[0]);
    }
}

TEST_CASE("around dead links and routers a machine gives the same bits, with tight buffers too", "[threads]") {
    const auto model = small_model();
    const Program program = lower(model);
    const std::vector<std::vector<std::int32_t>> prompts{{3, 77, 12, 5}, {9, 9}, {101, 4, 64, 8, 31}};
    const auto expected = expected_logits(model, prompts, 1);
    for (const char* name : test::repeats({"kapoho-point", "oheo-gulch", "generic-mesh"}))
        for (const std::uint64_t seed : test::repeats<std::uint64_t>({0, 1, 2})) {
            Machine machine = test::with_random_faults(*find_machine(name), seed, {8, 12, 25});
            machine.mesh.buffer_packets = 1;
            machine.link.buffer_packets = 1;
            machine.hash = machine_hash(machine);
            const Topology topology = *Topology::create(machine);
            const Mapping mapping = test::spread(program, machine, 9, 3);
            REQUIRE(accept_mapping(program, machine, mapping));
            for (const SyncMode sync : {SyncMode::barrier, SyncMode::dataflow}) {
                Hash128 trace;
                for (const int threads : {1, 3}) {
                    Answer answer;
                    TokenOptions options = options_for(answer);
                    options.mode = RunMode::prefill;
                    options.sync = sync;
                    options.threads = threads;
                    options.prompts = prompts;
                    INFO(name << ", seed " << seed << ", " << describe(options));
                    const auto run = simulate_tokens(program, machine, mapping, options);
                    if (!run) FAIL(to_string(run.error()));
                    CHECK(answer.logits == expected);
                    if (threads == 1) trace = run->trace;
                    CHECK(run->trace == trace);
                    for (const Run::ChipLinkRecord& link : run->links)
                        CHECK(topology.works(topology.chip_link(ChipId(link.from), ChipId(link.to))));
                }
            }
        }
}

TEST_CASE("a slow core takes longer, with the same bits and counts") {
    const auto model = small_model();
    const Program program = lower(model);
    const Machine sound = *find_machine("kapoho-point");
    Machine slow = sound;
    Mapping mapping = test::spread(program, sound, 20);
    for (const auto& slices : mapping.slices)
        if (!slices.empty()) slow.slow_cores = {{slices.front().core, 40'000}};
    slow.hash = machine_hash(slow);
    for (const SyncMode sync : {SyncMode::barrier, SyncMode::dataflow}) {
        std::vector<Answer> answers(2);
        for (const Machine* machine : {&sound, static_cast<const Machine*>(&slow)}) {
            Answer& answer = answers[machine == &slow];
            TokenOptions options = options_for(answer);
            options.sync = sync;
            options.prompts = {{3, 77}};
            options.new_tokens = 2;
            mapping.machine = machine->hash;
            auto run = simulate_tokens(program, *machine, mapping, options);
            if (!run) FAIL(to_string(run.error()));
            answer.run = std::move(*run);
        }
        CHECK(answers[0].logits == answers[1].logits);
        CHECK(answers[1].run.elapsed > answers[0].run.elapsed);
        for (std::size_t p = 0; p < answers[0].run.populations.size(); ++p)
            CHECK(answers[0].run.populations[p].counts == answers[1].run.populations[p].counts);
        for (std::size_t c = 0; c < answers[0].run.cores.size(); ++c) {
            const CoreRecord& before = answers[0].run.cores[c];
            const CoreRecord& after = answers[1].run.cores[c];
            CHECK(before.counts == after.counts);
            if (after.core == slow.slow_cores[0].core.value)
                CHECK(after.busy > before.busy * 20);
            else
                CHECK(after.busy.value() <= before.busy.value() * 2);
        }
    }
}

TEST_CASE("a negative id ends its stream, the others go on") {
    const auto model = small_model();
    const Program program = lower(model);
    const Machine machine = *find_machine("oheo-gulch");
    for (const SyncMode sync : {SyncMode::barrier, SyncMode::dataflow}) {
        TokenOptions options;
        options.sync = sync;
        options.noc = NocMode::ideal;
        options.prompts = {{1, 2}, {3}};
        options.new_tokens = 4;
        options.sample = [](int stream, int position, std::span<const std::int32_t>) {
            return stream == 0 && position == 2 ? -1 : position;
        };
        std::int64_t left = 0;
        options.progress = [&](std::int64_t now, std::int64_t all) { left = now == all ? all : left; };
        const auto run = simulate_tokens(program, machine, test::spread(program, machine, 16, 2), options);
        if (!run) FAIL(to_string(run.error()));
        CHECK(run->tokens.size() == 3 + 4);
        CHECK(left == 7);
    }
}

TEST_CASE("what sample throws ends the run and leaves it on the thread of the caller", "[threads]") {
    struct Enough {
        int position;
    };
    const auto model = small_model();
    const Program program = lower(model);
    const Machine machine = *find_machine("kapoho-point");
    const Mapping mapping = test::spread(program, machine, 7);
    for (const SyncMode sync : {SyncMode::barrier, SyncMode::dataflow})
        for (const int threads : {1, 4}) {
            INFO((sync == SyncMode::barrier ? "barrier, " : "dataflow, ") << threads << " threads");
            TokenOptions options;
            options.sync = sync;
            options.threads = threads;
            options.prompts = {{3, 77}};
            options.new_tokens = 4;
            options.sample = [](int, int position, std::span<const std::int32_t>) {
                if (position == 2) throw Enough{position};
                return 5;
            };
            int thrown = -1;
            try {
                (void)simulate_tokens(program, machine, mapping, options);
            } catch (const Enough& enough) {
                thrown = enough.position;
            }
            CHECK(thrown == 2);
        }
}
