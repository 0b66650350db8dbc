#include "neuro/spiking/trial.hpp"

#include <csignal>
#include <stdexcept>

#include "tests/catch.hpp"

using namespace tephra;
using namespace tephra::spiking;

TEST_CASE("who dies of a file is told so, and nothing it did stays") {
    int touched = 0;
    CHECK(survive("good.nir", [&] { ++touched; }));
    CHECK(touched == 0);
    const auto dead = survive("bad.nir", [] { std::raise(SIGKILL); });
    REQUIRE_FALSE(dead);
    CHECK(dead.error().code == ErrorCode::bad_input);
    CHECK(dead.error().place == "bad.nir");
    CHECK_FALSE(survive("bad.nir", [] { std::abort(); }));
    // What is thrown is no death: the one who reads again meets it.
    CHECK(survive("odd.nir", [] { throw std::runtime_error("x"); }));
}

TEST_CASE("what is read comes from the reader that comes after the trial") {
    int calls = 0;
    const auto value = read_with_trial("a.nir", [&]() -> Result<int> { return ++calls; });
    REQUIRE(value);
    CHECK(*value == 1);
    CHECK(calls == 1);
}
