#include "core/bounded_sum.hpp"

#include "tests/catch.hpp"

using namespace tephra;

TEST_CASE("a sum reaches its limit and refuses to pass it") {
    BoundedSum sum(10);
    CHECK(sum.add(3, 3));
    CHECK_FALSE(sum.add(2));
    CHECK_FALSE(sum.add(1, INT64_MAX));
    CHECK_FALSE(sum.add(INT64_MAX, INT64_MAX));
    CHECK(sum.value() == 9);
    CHECK(sum.add(1));
    CHECK(sum.add(0, INT64_MAX));
    CHECK(sum.add(INT64_MAX, 0));
    CHECK_FALSE(sum.add(1));
    CHECK(sum.value() == 10);
}

TEST_CASE("a sum without a limit holds what 64 bits hold") {
    BoundedSum sum;
    CHECK(sum.add(7, INT64_MAX / 7));
    CHECK(sum.value() == INT64_MAX);  // 2^63 - 1 is divisible by 7
    CHECK_FALSE(sum.add(1));
}
