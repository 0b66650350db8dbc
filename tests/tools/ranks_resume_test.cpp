// simulate --checkpoint and --resume by several processes: what one number of ranks has saved, another goes on with.
#include <csignal>
#include <random>

#include "core/philox.hpp"
#include "tests/tools/ending.hpp"
#include "tests/tools/launch.hpp"

using namespace tephra;
using test::run_program;

namespace {

/// Several chips have work.
std::string verb_of(const test::Workplace& place) {
    return "simulate " + place.model() + " --machine kapoho-point ";
}

/// A prompt of 120 tokens takes longer than any wait here.
std::string long_run(const test::Workplace& place) {
    std::string ids = "#1";
    for (int k = 1; k < 120; ++k) ids += " " + std::to_string(3 + k);
    REQUIRE(write_file(place.file("prompt.txt"), ids));
    return verb_of(place) + "--mode prefill --prompt-file " + place.file("prompt.txt") + " ";
}

/// The command of `ranks` processes; 0: without mpirun.
std::string command_of(int ranks, const std::string& arguments) {
    const std::string program = std::string(TEPHRA_PROGRAM) + " " + arguments;
    return ranks == 0 ? program : "env " + test::launch_settings + test::launcher(ranks) + " " + program;
}

}  // namespace

TEST_CASE("runs whose ranks are killed at any moment end as if nothing had been, with other numbers of ranks") {
    if (!test::can_launch()) return;
    const test::Workplace place;
    const std::string verb = verb_of(place) + "--prompt '#1 17 4' --seed 3 -n 400 ";
    const std::string checkpoint = place.file("run.ckpt");
    const auto whole = run_program(verb + "-o " + place.file("whole.json"));
    INFO(whole.log);
    REQUIRE(whole.exit_code == 0);
    const std::uint64_t seed = std::random_device()();
    const auto draw = [&](int k, std::uint64_t below) {
        return random_words(seed, 1, static_cast<std::uint64_t>(k), 0)[0] % below;
    };
    const auto with = [&](int k) {
        return verb + " --every 0.01 --checkpoint " + checkpoint + " -o " + place.file("resumed.json") + " --threads " +
               std::to_string(1 + k % 2) + (std::filesystem::exists(checkpoint) ? " --resume " + checkpoint : "");
    };
    int killed = 0;
    for (int k = 0; k < 8; ++k) {
        const int ranks = k % 3 == 2 ? 0 : 2;
        // The launcher itself, whose ranks end with it; or a rank, once the file is there.
        const auto wait = static_cast<int>(draw(k, 30));
        CAPTURE(seed, k, ranks, wait);
        const auto ended = test::end_command(command_of(ranks, with(k)), checkpoint, SIGKILL, wait, place.file("log"));
        if (!ended.by_itself) {
            ++killed;
            continue;
        }
        CHECK(*read_file(place.file("resumed.json")) == *read_file(place.file("whole.json")));
        std::filesystem::remove(checkpoint);
    }
    CHECK(killed > 0);
    // Rank 1 dies: the others are ended by mpirun, and the file is whole.
    const auto dead =
        test::on_ranks(2, with(1), "if [ \\$OMPI_COMM_WORLD_RANK = 1 ]; then (sleep 1; kill -9 \\$\\$) & fi;");
    CAPTURE(dead.log);
    const bool finished = dead.exit_code == 0;
    CHECK((finished || dead.exit_code == 128 + SIGKILL));
    const auto last = test::on_ranks(2, with(0));
    INFO(last.log);
    CHECK(last.exit_code == 0);
    CHECK(last.out == whole.out);  // the text before the checkpoint, too
    CHECK(*read_file(place.file("resumed.json")) == *read_file(place.file("whole.json")));
}

TEST_CASE("a signal that mpirun passes on writes one checkpoint for all ranks") {
    if (!test::can_launch()) return;
    const test::Workplace place;
    const std::string verb = long_run(place);
    const std::string checkpoint = place.file("run.ckpt"), log = place.file("log");
    const std::string with = verb + "--checkpoint " + checkpoint + " -o " + place.file("run.json");
    test::end_command(command_of(2, with + " --every 0.05"), checkpoint, SIGTERM, 20, log);
    CHECK_THAT(*read_file(log), test::contains("give the same command with --resume " + checkpoint));
    CHECK(!std::filesystem::exists(place.file("run.json")));
    const auto saved = run_program(with + " --resume " + checkpoint);
    INFO(saved.log);
    CHECK(saved.exit_code == 0);
    const std::string resumed = *read_file(place.file("run.json"));
    REQUIRE(run_program(verb + "-o " + place.file("run.json")).exit_code == 0);
    CHECK(resumed == *read_file(place.file("run.json")));
    // What is wrong with the file is one error of rank 0.
    const auto other = test::on_ranks(2, verb + "--sync dataflow --resume " + checkpoint);
    CHECK(other.exit_code == 3);
    CHECK_THAT(other.log, test::contains("a run with another --sync"));
}
