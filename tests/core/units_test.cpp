#include "core/units.hpp"

#include <type_traits>

#include "tests/catch.hpp"

using namespace tephra;

TEST_CASE("quantities add within their unit") {
    Picoseconds time(3);
    time += Picoseconds(4);
    time -= Picoseconds(1);
    CHECK(time == Picoseconds(6));
    CHECK(2 * time == time * 2);
    CHECK(time - Picoseconds(7) < Picoseconds(0));
    static_assert(!std::is_convertible_v<double, Picojoules>);
    static_assert(!std::is_convertible_v<Picoseconds, Picojoules>);
}

TEST_CASE("power times time is energy") {
    // 500 mW for 2 s is 1 J.
    const Picojoules energy = Milliwatts(500) * Picoseconds(2'000'000'000'000);
    CHECK(joules(energy) == 1.0);
    CHECK(seconds(Picoseconds(1'500'000'000'000)) == 1.5);
}
