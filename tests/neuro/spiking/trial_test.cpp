#include "neuro/spiking/trial.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <stdexcept>

#include "tests/catch.hpp"

using namespace tephra;
using namespace tephra::spiking;
using std::chrono::milliseconds;

static constexpr milliseconds enough{10'000};

TEST_CASE("who dies of a file is told so, and nothing it did stays") {
    int touched = 0;
    CHECK(survive("good.nir", enough, [&] { ++touched; }));
    CHECK(touched == 0);
    const auto dead = survive("bad.nir", enough, [] { std::raise(SIGKILL); });
    REQUIRE_FALSE(dead);
    CHECK(dead.error().code == ErrorCode::bad_input);
    CHECK(dead.error().place == "bad.nir");
    CHECK_FALSE(survive("bad.nir", enough, [] { std::abort(); }));
    // What is thrown is no death: the one who reads again meets it.
    CHECK(survive("odd.nir", enough, [] { throw std::runtime_error("x"); }));
}

TEST_CASE("what is read comes from the reader that comes after the trial") {
    int calls = 0;
    const auto value = read_with_trial("a.nir", [&]() -> Result<int> { return ++calls; });
    REQUIRE(value);
    CHECK(*value == 1);
    CHECK(calls == 1);
}

TEST_CASE("a read without end is stopped after its processor time") {
    const auto endless = survive("bad.nir", milliseconds{20}, [] {
        for (volatile int turn = 0;; turn = 1 - turn) {
        }
    });
    REQUIRE_FALSE(endless);
    CHECK(endless.error().message == "libhdf5 reads this file without end");
    CHECK(endless.error().place == "bad.nir");
    CHECK(longest_read("no such file") == milliseconds{5'000});
}

TEST_CASE("signals that end the program are for the parent") {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) CHECK(survive("good.nir", enough, [&] { std::raise(signal); }));
}

TEST_CASE("the child that reads ends with its parent") {
    std::array<int, 2> line{};
    REQUIRE(pipe(line.data()) == 0);
    const pid_t parent = fork();
    if (parent == 0) {
        static_cast<void>(survive("bad.nir", enough, [&] {
            static_cast<void>(write(line[1], "x", 1));
            pause();
        }));
        _exit(0);
    }
    close(line[1]);
    char byte = 0;
    REQUIRE(read(line[0], &byte, 1) == 1);
    kill(parent, SIGKILL);
    waitpid(parent, nullptr, 0);
    CHECK(read(line[0], &byte, 1) == 0);  // nobody has the other end any more
    close(line[0]);
}
