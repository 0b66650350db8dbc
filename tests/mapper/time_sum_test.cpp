#include "mapper/time_sum.hpp"

#include "tests/catch.hpp"

using namespace tephra;

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
