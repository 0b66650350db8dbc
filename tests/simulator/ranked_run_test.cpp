// Runs that ranks share equal the run of one process, bit by bit.
#include "simulator/ranked_run.hpp"

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

/// What the root has of a run. Catch's checks are for one thread, so ranks only fill it.
struct Output {
    std::string run, trace, error;
    std::vector<std::int32_t> sampled;
    friend bool operator==(const Output&, const Output&) = default;
};

struct Language {
    std::shared_ptr<const Deployment> model = *make_synthetic_model(synth_shape(96, 2, 150, 130, 5));
    Program program = lower(model);
    Machine machine = *find_machine("kapoho-point");
    Mapping mapping = test::spread(program, machine, 20, 2);
};
const Language& language() {
    static const Language made;
    return made;
}

/// `trace`: a path, or empty.
Output run_language(const Language& of, TokenOptions options, const std::string& trace, Ranks* ranks) {
    Output output;
    options.ranks = ranks;
    options.sample = [&](int, int, std::span<const std::int32_t> logits) {
        output.sampled.push_back(greedy_token(logits));
        return output.sampled.size() == 5 ? -1 : output.sampled.back();
    };
    const bool root = ranks == nullptr || ranks->is_root();
    std::optional<OutputFile> file;
    if (root && !trace.empty()) {
        file.emplace(std::move(*OutputFile::create(trace)));
        options.trace.file = &*file;
    }
    const auto run = simulate_tokens(of.program, of.machine, of.mapping, options);
    if (!run) output.error = to_string(run.error());
    if (!run || !root) return output;
    output.run = run_json(*run).value();
    if (file && file->commit()) output.trace = read_file(trace).value();
    return output;
}

/// The root's, of a run by ranks that have unlike numbers of threads.
Output run_on_ranks(int ranks, const Language& of, const TokenOptions& options, const std::string& trace) {
    Output output;
    test::ThreadRounds(ranks).run([&](Ranks& rank) {
        TokenOptions mine = options;
        mine.threads = 1 + rank.rank() % 2;
        Output of_rank = run_language(of, mine, trace, &rank);
        if (rank.is_root()) output = std::move(of_rank);
    });
    return output;
}

}  // namespace

TEST_CASE("a language model's run file, text and timeline do not depend on the number of ranks", "[threads]") {
    const test::TemporaryPath path("trace.json");
    for (const SyncMode sync : {SyncMode::barrier, SyncMode::dataflow})
        for (const NocMode noc : {NocMode::ideal, NocMode::contended})
            for (const bool traced : test::repeats({false, noc == NocMode::contended})) {
                TokenOptions options;
                options.sync = sync;
                options.noc = noc;
                options.prompts = {{3, 77}, {5}};
                options.new_tokens = 3;
                const std::string trace = traced ? path.str() : "";
                const Output expected = run_language(language(), options, trace, nullptr);
                REQUIRE(expected.error.empty());
                REQUIRE(expected.sampled.size() >= 5);  // one stream has ended early
                CHECK(expected.trace.empty() != traced);
                for (const int ranks : test::repeats({8, 3})) {
                    CAPTURE(ranks, sync_name(sync), noc_name(noc), traced);
                    const Output output = run_on_ranks(ranks, language(), options, trace);
                    CHECK(output.error.empty());
                    CHECK(output == expected);
                }
            }
}

TEST_CASE("an observer on the root sees what slices do on every rank", "[threads]") {
    constexpr int rounds = 20;
    const spiking::Network network = test::mixed_network();
    const Program program = *spiking::lower(network, "mixed", hash128("mixed"), spiking::HostInput::messages);
    const test::Played expected = test::play_plain(network, rounds);
    const Machine machine = test::unicast_machine({2, 1, 2}, {1, 1}, 2);
    const Mapping mapping = *map_program(program, machine, {});
    test::Played alone;
    const auto run = test::play_on(network, program, machine, mapping, {}, rounds, alone);
    REQUIRE(run);
    for (const int ranks : {2, 3}) {
        test::Played played;
        std::string root_run;
        test::ThreadRounds(ranks).run([&](Ranks& rank) {
            SimulateOptions options;
            options.ranks = &rank;
            test::Played mine;
            const auto shared = test::play_on(network, program, machine, mapping, options, rounds, mine);
            if (!rank.is_root()) return;
            played = std::move(mine);
            root_run = shared ? run_json(*shared).value() : to_string(shared.error());
        });
        CHECK(played == expected);
        CHECK(root_run == run_json(*run).value());
    }
}

TEST_CASE("more ranks than chips with work, and ranks that differ, are refused by all ranks", "[threads]") {
    TokenOptions options;
    options.prompts = {{3}};
    const auto errors_of = [&](int ranks, const auto& change) {
        std::vector<std::string> errors(static_cast<std::size_t>(ranks));
        test::ThreadRounds(ranks).run([&](Ranks& rank) {
            Language of = language();
            TokenOptions mine = options;
            if (rank.rank() == 1) change(of, mine);
            errors[static_cast<std::size_t>(rank.rank())] = run_language(of, mine, "", &rank).error;
        });
        for (std::size_t r = 1; r < errors.size(); ++r) CHECK(errors[r].empty() == errors[0].empty());
        return errors[0];
    };
    const auto nothing = [](Language&, TokenOptions&) {};
    CHECK(errors_of(3, nothing).empty());
    CHECK(errors_of(9, nothing) == "ranks: 9 ranks for 8 chips that have anything to do (start no more than 8)");
    CHECK_THAT(errors_of(3, [](Language& of, TokenOptions&) { of.program.model = hash128("another"); }),
               test::contains("rank 1") && test::contains("model"));
    CHECK_THAT(
        errors_of(2, [](Language& of, TokenOptions&) { of.mapping = test::spread(of.program, of.machine, 30, 2); }),
        test::contains("rank 1: its mapping is ") && test::contains("that of rank 0 is"));
    CHECK_THAT(errors_of(4,
                         [](Language&, TokenOptions& mine) {
                             mine.prompts = {{3, 4}};
                         }),
               test::contains("rank 1: its number of rounds is 2, that of rank 0 is 1"));
    CHECK_THAT(errors_of(2, [](Language&, TokenOptions& mine) { mine.noc = NocMode::ideal; }),
               test::contains("rank 1: its network is ideal, that of rank 0 is contended"));
    CHECK_THAT(errors_of(2, [](Language&, TokenOptions& mine) { mine.threads = 0; }), test::contains("rank 1"));
}
