// tephra simulate by several processes.
#include <algorithm>
#include <csignal>
#include <cstdlib>

#include "mapper/mapping.hpp"
#include "neuro/lm/deployment.hpp"
#include "neuro/lm/lower.hpp"
#include "tests/simulator/spread.hpp"
#include "tests/tools/launch.hpp"

using namespace tephra;
using test::can_launch;
using test::mpirun;
using test::on_ranks;
using test::Outcome;
using test::run_program;

namespace {

/// What a run left: standard output, and the files that it wrote.
struct Left {
    std::string out, run, trace;
    friend bool operator==(const Left&, const Left&) = default;
};

/// A model that is spread over the eight chips of a machine, and what to run on it.
class Spread {
public:
    Spread() {
        const auto model = *load_model(place.model());
        const Program program = lower(model);
        const Machine machine = *find_machine("kapoho-point");
        const Mapping mapping = test::spread(program, machine, 8, 2);
        REQUIRE(write_file(place.file("map.json"), mapping_json(mapping)));
        files = place.new_files();
    }
    [[nodiscard]] std::string simulate(const std::string& options) const {
        return "simulate " + place.model() + " --machine kapoho-point --map " + place.file("map.json") + " " + options;
    }
    test::Workplace place;
    std::ptrdiff_t files = 0;
};

}  // namespace

TEST_CASE("the version says whether mpirun can share a simulation") {
    const auto outcome = run_program("--version");
    CHECK_THAT(outcome.out, test::contains(mpirun.empty() ? "(no MPI)" : "MPI"));
}

TEST_CASE("a program without MPI refuses to run as several ranks") {
    if (!mpirun.empty()) return;
    ::setenv("OMPI_COMM_WORLD_SIZE", "2", 1);
    const auto outcome = run_program("info " + test::shipped_model);
    ::unsetenv("OMPI_COMM_WORLD_SIZE");
    CHECK(outcome.exit_code == 2);
    CHECK_THAT(outcome.log, test::contains("built without MPI"));
}

TEST_CASE("ranks print and write what one process does, byte by byte") {
    if (!can_launch()) return;
    const Spread spread;
    const std::string run = spread.place.file("run.json"), trace = spread.place.file("trace.json");
    for (const std::string& mode : std::vector<std::string>{"--streams 2 --prompt '#1 7' --prompt '#5' -n 3 --seed 4",
                                                            "--mode prefill --prompt '#9 8 7 6' --sync dataflow"}) {
        const std::string arguments =
            spread.simulate(mode + " --format csv -o " + run + " --trace " + trace + " --trace-mib 1");
        const auto left = [&](const Outcome& outcome) {
            CAPTURE(outcome.log);
            CHECK(outcome.exit_code == 0);
            return Left{outcome.out, read_file(run).value_or("none"), read_file(trace).value_or("none")};
        };
        const Left alone = left(run_program(arguments + " --threads 1"));
        CHECK(alone.run.size() > 1000);
        for (const int ranks : test::repeats({1, 2, 4, 8, 3})) {
            CAPTURE(ranks, mode);
            std::filesystem::remove(run);
            CHECK(left(on_ranks(ranks, arguments + " --threads " + std::to_string(1 + ranks % 3))) == alone);
        }
        CHECK(spread.place.new_files() == spread.files + 2);
    }
}

TEST_CASE("a run of one process says what it would take on more ranks") {
    const Spread spread;
    const std::string arguments = spread.simulate("--mode prefill --prompt '#1 2 3' --format csv");
    const auto plain = run_program(arguments);
    const auto explained = run_program(arguments + " --explain-scaling 2");
    CHECK(explained.exit_code == 0);
    CHECK(explained.out.starts_with(plain.out +
                                    "\nranks,seconds in windows,times as fast,events in turn,mails,windows\n1,"));
    CHECK(std::ranges::count(explained.out, '\n') == std::ranges::count(plain.out, '\n') + 6);  // 1, 2, 4, 8 ranks
}

TEST_CASE("a prompt from standard input reaches all ranks") {
    if (!can_launch()) return;
    const Spread spread;
    const std::string rest = spread.simulate("--prompt - -n 2 --greedy");
    const auto alone = run_program("--version >/dev/null; echo '#1 2' | " + std::string(TEPHRA_PROGRAM) + " " + rest);
    CAPTURE(alone.log);
    CHECK(alone.exit_code == 0);
    const auto shared = on_ranks(2, rest, "", "echo '#1 2'");
    CAPTURE(shared.log);
    CHECK(shared.exit_code == 0);
    CHECK(shared.out == alone.out);
}

TEST_CASE("what is wrong on ranks is one error of rank 0, and nothing is written") {
    if (!can_launch()) return;
    const Spread spread;
    const std::string run = " -o " + spread.place.file("run.json") + " --prompt '#1' -n 2";
    const auto refused = [&](int ranks, const std::string& arguments, int code, const std::string& what,
                             const std::string& before = "") {
        const auto outcome = on_ranks(ranks, arguments, before);
        CAPTURE(arguments, outcome.log);
        CHECK(outcome.exit_code == code);
        CHECK_THAT(outcome.log, test::contains(what));
        std::size_t errors = 0;
        for (std::size_t at = 0; (at = outcome.log.find("error: ", at)) != std::string::npos; ++at) ++errors;
        CHECK(errors == 1);
        CHECK(outcome.out.empty());
        CHECK(spread.place.new_files() == spread.files);
    };
    refused(9, spread.simulate(run), 4, "9 ranks for 8 chips that have anything to do");
    refused(2, "info " + spread.place.model(), 2, "it runs in one process");
    refused(2, spread.simulate(run + " --threads 0"), 2, "--threads");
    refused(2, spread.simulate("--prompt '#1' --explain-scaling 1"), 2, "--explain-scaling");
    refused(3, "simulate /absent.tph --machine kapoho-point --prompt '#1'", 3, "/absent.tph");
    refused(2, spread.simulate("--prompt '#1' -o /absent/run.json"), 3, "/absent/run.json");
    // Rank 1 has another model, then none, then a longer prompt.
    const std::string other = spread.place.folder() + "-other";
    REQUIRE(write_synthetic_model(synth_shape(96, 1, 96, 301), other));
    const std::string of_rank_1 = "if [ \\$OMPI_COMM_WORLD_RANK = 1 ]; then M=";
    const std::string otherwise = "; else M=" + spread.place.model() + "; fi;";
    const std::string by_variable = "simulate \\$M --machine kapoho-point" + run;
    refused(3, by_variable, 3, "rank 1: its model is", of_rank_1 + other + otherwise);
    refused(3, by_variable, 3, "rank 1, /absent.tph", of_rank_1 + "/absent.tph" + otherwise);
    std::filesystem::remove(other);
    refused(3, spread.simulate("--prompt \\$M -o " + spread.place.file("run.json")), 3, "rank 1: its number of rounds",
            "IFS=; if [ \\$OMPI_COMM_WORLD_RANK = 1 ]; then M='#1 2'; else M='#1'; fi;");
}

TEST_CASE("a rank that dies ends the run, and nothing half written is left") {
    if (!can_launch()) return;
    const Spread spread;
    const auto outcome = on_ranks(3, spread.simulate("--prompt '#1' -n 100000 -o " + spread.place.file("run.json")),
                                  "if [ \\$OMPI_COMM_WORLD_RANK = 1 ]; then (sleep 1; kill -9 \\$\\$) & fi;");
    CAPTURE(outcome.log);
    CHECK(outcome.exit_code == 128 + SIGKILL);
    CHECK_THAT(outcome.log, test::contains("rank 1"));
    CHECK(spread.place.new_files() == spread.files);
}
