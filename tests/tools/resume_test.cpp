// simulate --checkpoint and --resume: a run that was killed or told to end goes on, and ends with the same file.
#include <csignal>
#include <random>

#include "core/philox.hpp"
#include "tests/tools/ending.hpp"
#include "tests/tools/small_network.hpp"

using namespace tephra;
using test::end_after_checkpoint;
using test::Ended;
using test::run_program;

namespace {

/// Kills the run that `verb` starts at 20 moments, and goes on each time with another number of threads.
void check_killed_run(const test::Workplace& place, const std::string& verb) {
    CAPTURE(verb);
    const std::string checkpoint = place.file("run.ckpt");
    const auto whole = run_program(verb + " -o " + place.file("whole.json"));
    INFO(whole.log);
    REQUIRE(whole.exit_code == 0);
    const std::string with = verb + " --every 0.01 --checkpoint " + checkpoint + " -o " + place.file("resumed.json");
    const auto going_on = [&](int k) {
        const bool saved = std::filesystem::exists(checkpoint);
        return with + " --threads " + std::to_string(1 + k % 3) + (saved ? " --resume " + checkpoint : "");
    };
    const std::uint64_t seed = std::random_device()();
    int killed = 0;
    for (int k = 0; k < 20; ++k) {
        const auto wait = random_words(seed, 1, static_cast<std::uint64_t>(k), 0)[0] % 30;
        const Ended ended =
            end_after_checkpoint(going_on(k), checkpoint, SIGKILL, static_cast<int>(wait), place.file("log"));
        CHECK((ended.by_itself || ended.signal == SIGKILL));
        if (!ended.by_itself) {
            ++killed;
            continue;
        }
        CHECK(*read_file(place.file("resumed.json")) == *read_file(place.file("whole.json")));
        std::filesystem::remove(checkpoint);
    }
    CHECK(killed > 0);
    const auto last = run_program(going_on(1));
    INFO(last.log);
    CHECK(last.exit_code == 0);
    CHECK(last.out == whole.out);  // the text before the checkpoint, too
    CHECK(*read_file(place.file("resumed.json")) == *read_file(place.file("whole.json")));
    std::filesystem::remove(checkpoint);
}

}  // namespace

TEST_CASE("runs of tokens that are killed twenty times end as if nothing had been") {
    const test::Workplace place;
    const std::string verb =
        "simulate " + place.model() + " --machine kapoho-point --prompt '#1 17 4' -n 600 --seed 3 ";
    check_killed_run(place, verb);
    check_killed_run(place, verb + "--sync dataflow --noc ideal");
}

TEST_CASE("SIGINT, SIGTERM and SIGHUP write a checkpoint and say how to go on") {
    const test::Workplace place;
    const std::string checkpoint = place.file("run.ckpt");
    const std::string verb = "simulate " + place.model() + " --machine oheo-gulch --prompt '#1 17 4' -n 200 ";
    const std::string with = verb + "--checkpoint " + checkpoint + " -o " + place.file("run.json");
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        CAPTURE(signal);
        std::filesystem::remove(checkpoint);
        const Ended ended = end_after_checkpoint(with + " --every 0.02", checkpoint, signal, 5, place.file("log"));
        CHECK(ended.signal == signal);
        const std::string log = *read_file(place.file("log"));
        CHECK_THAT(log, test::contains("give the same command with --resume " + checkpoint));
        CHECK(!std::filesystem::exists(place.file("run.json")));
    }
    REQUIRE(run_program(verb + "-o " + place.file("whole.json")).exit_code == 0);
    REQUIRE(run_program(with + " --resume " + checkpoint).exit_code == 0);
    CHECK(*read_file(place.file("run.json")) == *read_file(place.file("whole.json")));

    const std::string saved = *read_file(checkpoint);
    const std::string resume = " --resume " + place.file("other.ckpt");
    const auto refused = [&](const std::string& bytes, const std::string& command, const std::string& text) {
        REQUIRE(write_file(place.file("other.ckpt"), bytes));
        const auto outcome = run_program(command + resume);
        CHECK(outcome.exit_code == 3);
        CHECK_THAT(outcome.log, test::contains(text));
    };
    refused(saved.substr(0, saved.size() / 2), verb, "it ends within section");
    std::string flipped = saved;
    flipped[saved.size() / 2] = static_cast<char>(flipped[saved.size() / 2] ^ 16);
    refused(flipped, verb, "have changed");
    refused(*read_file(place.file("run.json")), verb, "it is no checkpoint");
    refused(saved, verb + "--seed 4", "another choice of tokens");
    refused(saved, "simulate " + test::shipped_model + " --machine oheo-gulch --prompt '#1 17 4' -n 200",
            "another model");
    refused(saved, verb + "--trace " + place.file("trace.json"), "another bound of --trace");
    // It is an input: no output may lie on it, but the next checkpoint.
    const auto onto = run_program(verb + "--resume " + checkpoint + " -o " + checkpoint);
    CHECK(onto.exit_code == 2);
}

TEST_CASE("a network on a machine goes on with its events and what its probes recorded") {
    const test::SmallNetwork net;
    std::vector<double> events;
    for (int step = 0; step < 30; ++step)
        for (const int value : {100 * step, step % 2, 1}) events.push_back(value);
    const std::string verb = " --machine generic-mesh --events " + net.array("events.npy", {30, 3}, events) +
                             " --steps 5000 --probe neurons:spikes --probe neurons:v";
    const auto files = [&](const std::string& name) {
        return " -o " + net.file(name + ".json") + " --record " + net.file(name + ".npz");
    };
    const auto whole = net.simulate(verb + files("whole"));
    INFO(whole.log);
    REQUIRE(whole.exit_code == 0);
    const std::string with =
        "simulate " + net.path() + " --dt 1" + verb + files("part") + " --checkpoint " + net.file("run.ckpt");
    const Ended ended = end_after_checkpoint(with + " --every 0.01", net.file("run.ckpt"), SIGTERM, 3, net.file("log"));
    CHECK(ended.signal == SIGTERM);
    const auto resumed = net.simulate(verb + files("part") + " --resume " + net.file("run.ckpt"));
    INFO(resumed.log);
    CHECK(resumed.exit_code == 0);
    CHECK(*read_file(net.file("part.json")) == *read_file(net.file("whole.json")));
    CHECK(*read_file(net.file("part.npz")) == *read_file(net.file("whole.npz")));
    const auto fewer = net.simulate(" --machine generic-mesh --steps 5000 --resume " + net.file("run.ckpt"));
    CHECK_THAT(fewer.log, test::contains("another input"));
}
