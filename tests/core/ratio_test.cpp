#include "core/ratio.hpp"

#include <limits>

#include "tests/catch.hpp"

using namespace tephra;

TEST_CASE("a ratio is defined where its whole is not zero and the quotient is finite") {
    CHECK(ratio(1, 4) == 0.25);
    CHECK(ratio(0, 4) == 0.0);
    CHECK_FALSE(ratio(1, 0));
    CHECK_FALSE(ratio(0, 0));
    CHECK_FALSE(ratio(0, -0.0));
    CHECK_FALSE(ratio(1e300, 1e-300));
    CHECK_FALSE(ratio(std::numeric_limits<double>::quiet_NaN(), 1));
    CHECK(ratio(1, std::numeric_limits<double>::infinity()) == 0.0);
}
