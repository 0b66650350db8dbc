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

TEST_CASE("times below 2^62 ps add up; one that reaches it is named") {
    TimeSum sum;
    sum.add(2, longest_time * 0, "neurons");
    sum.add(3, Picoseconds(longest_time.value() / 3), "weights");  // 2^62 - 1 is divisible by 3
    CHECK(sum.result("small") == longest_time - Picoseconds(1));
    sum.add(1, Picoseconds(1), "barriers");
    sum.add(1, longest_time, "tokens");
    const auto refused = sum.result("small");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::bad_input);
    CHECK(refused.error().place == "machine small");
    CHECK(refused.error().message ==
          "times too long for this model: 1 barriers of 1 ps a token reach 2^62 ps (53 days), where sums of times "
          "would overflow");
}
